"""A table's numbers are told apart by arithmetic, and what arithmetic cannot tell is for a person."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.documents import Page
from contracts.extraction import SectionReading
from contracts.quotes import QuotedPages
from tests.records.invoices import (
    HEAD,
    INVOICE,
    MISREAD,
    RIGHT,
    ROWS,
    SUMS,
    TABLE,
    VALUES,
    cells,
    draft,
    rows_in,
    verdict,
)
from workflows.records.doubts import doubts_of
from workflows.records.lines import lines_of
from workflows.records.reading import draft_of
from workflows.records.sections import Section
from workflows.records.tables import Verdict

MOVED = [
    cells("Werkbank, Buche 9", "1.321,60", "11.894,40", None),
    cells("Montage, Stunden 7,25", "87,40", "633,65", None),
    cells("Kugellager 6204 3", "5,19", "15,57", None),
]


@pytest.mark.parametrize("copied", [RIGHT, MISREAD, MOVED])
def test_numbers_are_told_apart_whatever_they_were_taken_for(copied: Any) -> None:
    read = draft(copied)
    assert rows_in(read) == ROWS
    assert verdict(read) is Verdict.WRITE


@pytest.mark.parametrize(
    ("table", "copied", "rows"),
    [
        (
            "Mano de obra, horas -12,25 38,54 -472,12\nPortes -12 15,34 -184,08\n",
            [
                cells("Mano de obra, horas -12,25", "1", "38,54", "472,12"),
                cells("Portes -12", None, None, None),
            ],
            [
                ("Mano de obra, horas", "-12.25", "38.54", "-472.12"),
                ("Portes", "-12", "15.34", "-184.08"),
            ],
        ),
        (
            "Schraubensatz M8\n6 x 13.65 81.90\nWartungspauschale\n9 x 136.30 1\u2019226.70\n",
            [
                cells("Schraubensatz M8", "6", "81.90", "13.65"),
                cells("Wartungspauschale", "9", "136.30", None),
            ],
            [
                ("Schraubensatz M8", "6", "13.65", "81.9"),
                ("Wartungspauschale", "9", "136.3", "1226.7"),
            ],
        ),
        (
            "Armoire vitr\u00e9e 8 1 390,00 11 120,00\nCaf\u00e9, kg 3,75 16,68 62,55\n",
            [
                cells("Armoire vitr\u00e9e", "8", "390,00", "120,00"),
                cells("Caf\u00e9, kg", "3,75", "16,68", "62,55"),
            ],
            [
                ("Armoire vitr\u00e9e", "8", "1390", "11120"),
                ("Caf\u00e9, kg", "3.75", "16.68", "62.55"),
            ],
        ),
        (
            "2 x Desk lamp, 10.00 each: 20.00\n3 x Oak shelf, 80 cm, 5.00 each: 15.00\n",
            [
                cells("Desk lamp", "2", "10.00", "20.00"),
                cells("Oak shelf, 80 cm", "3", "5.00", "15.00"),
            ],
            [("Desk lamp", "2", "10", "20"), ("Oak shelf, 80 cm", "3", "5", "15")],
        ),
    ],
)
def test_signs_groups_and_rows_of_two_lines_are_read(table: str, copied: Any, rows: Any) -> None:
    assert rows_in(draft(copied, HEAD + table)) == rows


def test_where_factors_can_change_places_most_rows_decide() -> None:
    """The second row's copy has them the wrong way round, and the third's says nothing."""
    table = "Price Qty Amount\nLamp 4.00 3 12.00\nChair 7.00 5 35.00\nDesk 9.00 2 18.00\nShelf 6.00 4 24.00\n"
    copied = [
        cells("Lamp", "3", "4.00", "12.00"),
        cells("Chair", "7.00", "5", "35.00"),
        cells("Desk", None, None, None),
        cells("Shelf", "4", "6.00", "24.00"),
    ]
    quantities = [row[1] for row in rows_in(draft(copied, HEAD + table))]
    assert quantities == ["3", "5", "2", "4"]


def test_a_row_whose_product_is_wrong_is_for_a_person() -> None:
    wrong = TABLE.replace("633,65", "663,65")
    read = draft(
        [RIGHT[0], cells("Montage, Stunden", "7,25", "87,40", "663,65"), RIGHT[2]], HEAD + wrong + SUMS
    )
    assert "row 2 of page 1: amount is not quantity times unit_price" in [
        each.why for each in doubts_of(read)
    ]
    assert verdict(read) is Verdict.REVIEW


def test_a_row_that_was_overlooked_is_for_a_person() -> None:
    """Also when its amount happens to stand there."""
    for left_out in range(3):
        assert verdict(draft([row for place, row in enumerate(RIGHT) if place != left_out])) is Verdict.REVIEW


def test_rows_without_factors_stay_where_nothing_says_that_rows_add_up() -> None:
    record = INVOICE.model_copy(update={"sums": ()})
    reading = SectionReading(values=VALUES, rows=tuple(MISREAD[:4]))
    read = draft_of(record, [(Section((Page(number=1, text=HEAD + TABLE + SUMS),)), reading)])
    assert [row[0] for row in rows_in(read)][-1] == "Nettobetrag"
    assert read.bad_rows


def test_a_line_of_many_groups_of_digits_is_looked_through_in_a_moment() -> None:
    """Every three of the numbers that it may mean would be tried: a hostile document has thousands."""
    line = "a 1 222 333 444 555 666 777 888 999"
    (found,) = lines_of(["a"], QuotedPages([Page(number=1, text=line)]))
    assert found is not None
    assert len(found.numbers()) <= 12


@pytest.mark.parametrize(
    ("heading", "answered", "kind"),
    [
        ("RECHNUNG", "invoice", "invoice"),
        ("GUTSCHRIFT", "credit_note", "credit_note"),
        ("GUTSCHRIFT", "Credit note", "credit_note"),
        ("GUTSCHRIFT", "invoice", None),
        ("FACTURA RECTIFICATIVA", "FACTURA RECTIFICATIVA", "credit_note"),
        ("FACTURA RECTIFICATIVA", "factura", None),
        ("FACTURA RECTIFICATIVA", "invoice", None),
        ("RECHNUNG", "Kontor M\u00f6we KG", None),
    ],
)
def test_a_choice_is_proven_by_a_word_for_it(heading: str, answered: str, kind: str | None) -> None:
    """Its own name is as good as the word, which has to stand there all the same."""
    text = (HEAD + TABLE + SUMS).replace("RECHNUNG", heading)
    assert draft(RIGHT, text, kind=answered).values()["kind"] == kind


WORDS = st.sampled_from(
    [None, "", "9", "1.321,60", "11.894,40", "633,65", "15,57", "6204", "12.543,62", "19"]
)
NAMES = [["Werkbank, Buche", "Werkbank"], ["Montage, Stunden"], ["Kugellager 6204", "Kugellager", "Buche"]]


@given(
    st.tuples(
        *(
            st.one_of(st.none(), st.builds(cells, st.sampled_from(each), WORDS, WORDS, WORDS))
            for each in NAMES
        )
    ),
    st.fixed_dictionaries(
        {name: st.sampled_from([VALUES[name], None, "19"]) for name in ("net", "tax", "total")}
    ),
)
def test_rows_that_are_written_without_a_person_are_the_rows(rows: Any, sums: dict[str, Any]) -> None:
    """Whatever a model answers."""
    read = draft([row for row in rows if row is not None], **sums)
    if verdict(read) is Verdict.WRITE:
        assert [row[1:] for row in rows_in(read)] == [row[1:] for row in ROWS]
        assert [read.values()[name] for name in ("net", "tax", "total")] == [
            "12543.62",
            "2383.29",
            "14926.91",
        ]
