"""A record in the making: only what stands in the document counts, and every doubt is told."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.extraction import SectionReading
from contracts.records import FieldKind, FieldType, RecordType
from tests.records.receipts import ITEMS, READ, RECORD, TEXT, draft, section, verdict
from workflows.records.doubts import doubts_of
from workflows.records.reading import draft_of
from workflows.records.tables import VERDICT, VOTE, Verdict, VerdictFacts, Vote, VoteFacts
from workflows.records.voting import voted


def test_a_record_is_read_with_its_places() -> None:
    """The one date that can be read in one way only settles the other."""
    right = draft()
    assert right.values() == {
        "shop": "Corner Shop",
        "bought_on": "2026-03-04",
        "paid_on": "2026-03-25",
        "kind": "return",
        "tip": "0.5",
        "total": "6",
        "items": [{"what": "Tea", "price": "2.5"}, {"what": "Cake", "price": "3"}],
    }
    assert right.places()["total"] == f"page 1 at {TEXT.index('6.00')}"
    assert doubts_of(right) == ()
    assert verdict(right).outcome is Verdict.WRITE


def test_a_sum_comes_out_to_a_cent_however_many_rows_there_are() -> None:
    """A cent for each would hide a row that was overlooked."""
    text = "Corner Shop\n" + "Tea 9.00\n" * 300 + "Cake 2.50\nTotal 2702.50"
    rows = tuple({"what": "Tea", "price": "9.00"} for _ in range(300))
    values = {"shop": "Corner Shop", "total": "2702.50"}
    read = draft_of(RECORD, [(section(text), SectionReading(values=values, rows=rows))])
    assert [rule.total for rule in read.broken_sums] == ["total"]
    assert verdict(read).outcome is Verdict.REVIEW


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"shop": None}, "not found in the document"),
        ({"shop": "Corner Store"}, "not found in the document"),
        ({"total": "9.00"}, "not found in the document"),
        ({"total": "2.50"}, "it is not proven to be the sum of items.price, tip"),
        ({"tip": "9.99"}, "'9.99' was read, and does not stand in the document"),
        ({"paid_on": "26 March 2026"}, "'26 March 2026' was read, and does not stand in the document"),
        ({"items": [ITEMS[0]]}, "it is not proven to be the sum of items.price, tip"),
        ({"items": [*ITEMS, {"what": "Gold", "price": "0.50"}]}, "what 'Gold' does not stand there"),
        ({"items": [ITEMS[0], {"what": "Cake", "price": None}]}, "price is missing"),
    ],
)
def test_whatever_cannot_be_proven_is_for_a_person(changes: dict[str, Any], why: str) -> None:
    """First another reading is asked for, where that may settle it."""
    doubtful = draft(**changes)
    assert any(why in each.why for each in doubts_of(doubtful))
    assert verdict(doubtful).outcome is Verdict.REVIEW
    assert verdict(doubtful, another=True).outcome is Verdict.ASK_AGAIN


def test_a_date_that_no_field_holds_is_for_a_person() -> None:
    """No rule tells which of several days was asked for; a day that can be meant by a date that a field holds
    is none of them. Terms may say how many are usual."""
    text = TEXT.replace("Tea", "Ordered 02/28/2026, printed 2026-03-25\nTea")
    both = draft_of(RECORD, [(section(text), SectionReading(values=READ, rows=tuple(ITEMS)))])
    assert both.other_dates == ["2026-02-28"]
    assert [each.model_dump() for each in doubts_of(both)][-1] == {
        "field": "bought_on",
        "why": "the document holds 2026-02-28, and no field does",
    }
    assert verdict(both, another=True).outcome is Verdict.REVIEW
    facts = VerdictFacts.of(both, unread_pages=0, another_reading=False, hidden_text=False)
    assert VERDICT.decide(facts, {"other_dates": Decimal(1)}).outcome is not Verdict.REVIEW


def test_where_no_field_is_a_date_none_is_missed() -> None:
    undated = RECORD.model_copy(
        update={"fields": tuple(f for f in RECORD.fields if f.kind is not FieldKind.DATE)}
    )
    read = draft_of(undated, [(section(), SectionReading(values=READ, rows=tuple(ITEMS)))])
    assert read.other_dates == []
    assert verdict(read).outcome is Verdict.WRITE


def test_a_field_that_repeats_what_a_required_one_holds_is_none() -> None:
    """A model that finds no day of payment copies the day of the sale once more."""
    bought = FieldType(name="bought_on", kind=FieldKind.DATE, required=True)
    paid = FieldType(name="paid_on", kind=FieldKind.DATE)
    record = RecordType(name="sale", fields=(paid, bought))
    values = {"bought_on": "25 March 2026", "paid_on": "25 March 2026"}
    once = draft_of(record, [(section("Sold on 25 March 2026"), SectionReading(values=values))])
    assert once.values() == {"bought_on": "2026-03-25", "paid_on": None}
    assert verdict(once).outcome is Verdict.WRITE
    twice = draft_of(
        record, [(section("Sold on 25 March 2026\nPaid on 25.3.2026"), SectionReading(values=values))]
    )
    assert twice.values() == {"bought_on": "2026-03-25", "paid_on": "2026-03-25"}
    assert verdict(twice).outcome is Verdict.WRITE


def test_two_required_fields_cannot_stand_in_one_place() -> None:
    """Neither at first, nor after another reading says the same again."""
    names = ("vendor", "customer")
    record = RecordType(
        name="sale", fields=tuple(FieldType(name=name, kind=FieldKind.TEXT, required=True) for name in names)
    )
    same = SectionReading(values=dict.fromkeys(names, "Corner Shop"))
    read = draft_of(record, [(section(), same)])
    assert read.conflicting == read.doubtful == [*names]
    assert doubts_of(read)[0].why == "it was read where customer stands, too"
    again = draft_of(record, [(section(), same)])
    voted_on = voted(read, again, lambda facts: VOTE.decide(facts, {}).outcome)
    assert verdict(voted_on).outcome is Verdict.REVIEW
    both = section(f"{TEXT}\nto Corner Shop")
    assert verdict(draft_of(record, [(both, same)])).outcome is Verdict.WRITE


def test_a_value_that_was_read_and_stands_nowhere_is_for_a_person() -> None:
    """Also of a field that need not be stated: the document may state it, and was misread."""
    record = RecordType(
        name="sale",
        fields=(
            FieldType(name="shop", kind=FieldKind.TEXT, required=True),
            FieldType(name="order", kind=FieldKind.TEXT),
        ),
    )
    stated = section("Corner Shop\nPO 4711")
    for order, outcome in ((None, Verdict.WRITE), ("PO 4711", Verdict.WRITE), ("PO 4712", Verdict.REVIEW)):
        values = {"shop": "Corner Shop", "order": order}
        assert verdict(draft_of(record, [(stated, SectionReading(values=values))])).outcome is outcome


def test_text_that_nobody_sees_is_for_a_person() -> None:
    assert verdict(draft(), hidden=True).outcome is Verdict.REVIEW


def test_unread_pages_are_never_written() -> None:
    assert verdict(draft(), unread=1).outcome is Verdict.PARTIAL


def test_nothing_found_is_handed_over() -> None:
    nothing = draft(items=[], **dict.fromkeys(READ))
    assert verdict(nothing, another=True).outcome is Verdict.HAND_OVER


def test_what_was_not_read_is_never_called_empty() -> None:
    """Nothing is found where no section could be read: the pages are missing, not the values."""
    nothing = draft(items=[], **dict.fromkeys(READ))
    assert verdict(nothing, unread=1).outcome is Verdict.PARTIAL


def test_two_sections_that_differ_are_in_doubt_and_rows_follow_each_other() -> None:
    """What both say is said once."""
    first = (
        section("Corner Shop\nTea 2.50\nTotal 6.00"),
        SectionReading(values={**READ, "tip": None}, rows=()),
    )
    second = (
        section("Corner Shop\nTea 2.50\nTotal 7.00", 2),
        SectionReading(values={"shop": "Corner Shop", "total": "7.00"}, rows=(ITEMS[0],)),
    )
    both = draft_of(RECORD, [first, second])
    assert both.conflicting == ["total"]
    assert [copy.place.page for copy in both.found["total"]] == [1, 2]
    assert [copy.says for copy in both.found["shop"]] == ["Corner Shop"]
    assert both.values()["items"] == [{"what": "Tea", "price": "2.5"}]


@pytest.mark.parametrize(
    ("first", "second", "vote", "total"),
    [
        (None, "6.00", Vote.SECOND, "6"),
        ("2.50", "6.00", Vote.SECOND, "6"),
        ("2.50", None, Vote.FIRST, "2.5"),
        ("2.50", "3.00", Vote.NEITHER, "2.5"),
    ],
)
def test_a_vote_takes_what_makes_a_sum_come_out(
    first: str | None, second: str | None, vote: Vote, total: str
) -> None:
    votes = list[Vote]()

    def decide(facts: VoteFacts) -> Vote:
        votes.append(VOTE.decide(facts, {}).outcome)
        return votes[-1]

    other = draft_of(RECORD, [(section(), SectionReading(values={"total": second}))])
    settled = voted(draft(total=first), other, decide)
    assert votes[-1] is vote
    assert settled.values()["total"] == total
    assert (vote is Vote.NEITHER) == ("total" in settled.conflicting)


WORDS = st.sampled_from(["Corner Shop", "6.00", "2.50", "0.50", "9.99", "03/04/2026", "Tea", "", None])


@given(
    st.fixed_dictionaries(dict.fromkeys(READ, WORDS)),
    st.lists(st.fixed_dictionaries({"what": WORDS, "price": WORDS}), max_size=3),
)
def test_what_is_written_without_a_person_stands_in_the_document_and_adds_up(
    values: dict[str, str | None], items: list[dict[str, str | None]]
) -> None:
    """Whatever a model answers."""
    read = draft_of(RECORD, [(section(), SectionReading(values=values, rows=tuple(items)))])
    if verdict(read).outcome is not Verdict.WRITE:
        return
    record = read.values()
    assert record["shop"] == "Corner Shop" or record["shop"] in TEXT
    assert all(TEXT[copy.place.start : copy.place.end] for copies in read.found.values() for copy in copies)
    summed = sum((Decimal(item["price"]) for item in record["items"]), Decimal(record["tip"] or 0))
    assert abs(summed - Decimal(record["total"])) <= Decimal("0.01")


ANYTHING = st.text(alphabet="0123456789.,/-$\u20ac()%x' juinmai\u00e9\n", max_size=80)


@given(ANYTHING, st.fixed_dictionaries(dict.fromkeys(READ, ANYTHING)), st.lists(ANYTHING, max_size=3))
def test_whatever_a_document_holds_and_a_model_answers_is_read_to_the_end(
    text: str, values: dict[str, str], words: list[str]
) -> None:
    """What raises here would stop the run's task again and again."""
    page = f"{text}\n" + "\n".join([*values.values(), *words])
    rows = tuple({"what": each, "price": each} for each in words)
    read = draft_of(RECORD, [(section(page), SectionReading(values=dict(values), rows=rows))])
    assert verdict(read).outcome in Verdict
    doubts_of(read)
