"""What arithmetic makes of sums that were misread is a proposal, and a wrong document stays wrong."""

from typing import Any

import pytest

from contracts.documents import Page
from contracts.extraction import SectionReading
from tests.records.invoices import HEAD, INVOICE, RIGHT, SUMS, TABLE, VALUES, cells, draft, verdict
from workflows.records.doubts import doubts_of
from workflows.records.drafts import Draft
from workflows.records.reading import draft_of
from workflows.records.sections import Section
from workflows.records.tables import VOTE, Verdict
from workflows.records.voting import voted


@pytest.mark.parametrize(
    "misread",
    [
        {"net": "633,65"},
        {"net": None},
        {"tax": "19"},
        {"tax": None},
        {"total": "12.543,62"},
        {"total": None},
        {"total": "15.000,00"},
    ],
)
def test_one_sum_that_was_misread_is_proposed_and_another_reading_settles_it(misread: dict[str, Any]) -> None:
    """Only one that finds the same there; a person is told what is a proposal, and what was read."""
    read = draft(RIGHT, **misread)
    assert [read.values()[name] for name in ("net", "tax", "total")] == ["12543.62", "2383.29", "14926.91"]
    assert verdict(read) is Verdict.REVIEW
    assert any("is what the sums need" in each.why for each in doubts_of(read))
    (name,) = misread
    for again, outcome in ((VALUES, Verdict.WRITE), (misread, Verdict.REVIEW), ({}, Verdict.REVIEW)):
        settled = voted(read, second(read, again), lambda facts: VOTE.decide(facts, {}).outcome)
        assert settled.values()[name] == read.values()[name]
        assert verdict(settled) is outcome


def second(first: Draft, values: dict[str, Any]) -> Draft:
    """Another reading, of what is doubtful alone."""
    only = {name: values.get(name) for name in first.doubtful}
    section = Section((Page(number=1, text=HEAD + TABLE + SUMS),))
    return draft_of(INVOICE, [(section, SectionReading(values=only))])


def test_a_nought_for_a_sum_that_is_not_stated_is_none() -> None:
    read = draft(RIGHT, other_tax="0,00")
    assert read.values()["other_tax"] is None
    assert verdict(read) is Verdict.WRITE


@pytest.mark.parametrize("gap", ["1 x Chair\nPage 1 of 1", "Payable in 1 day", "Discount 1.00 %", "1.00 %"])
def test_a_number_that_is_no_amount_fills_no_gap(gap: str) -> None:
    """Of a document whose own total is wrong."""
    text = f"{HEAD}Chair 1 100,00 100,00\nNettobetrag 100,00\nMwSt. 19,00 EUR\nGesamt 120,00\n{gap}\n"
    read = draft([cells("Chair", "1", "100,00", "100,00")], text, net="100,00", tax="19,00", total="120,00")
    assert read.values()["other_tax"] is None
    assert read.computed == []
    assert verdict(read) is Verdict.REVIEW


def test_an_amount_that_fills_the_gap_of_a_wrong_total_is_a_proposal() -> None:
    text = f"{HEAD}Chair 1 100,00 100,00\nNettobetrag 100,00\nMwSt. 19,00 EUR\nGesamt 120,00\nPfand 1,00\n"
    read = draft([cells("Chair", "1", "100,00", "100,00")], text, net="100,00", tax="19,00", total="120,00")
    assert read.computed == ["other_tax"]
    assert verdict(read) is Verdict.REVIEW


@pytest.mark.parametrize("misread", [{"net": None, "tax": None}, {"tax": "19", "total": "9"}])
def test_two_sums_that_were_misread_are_not_guessed(misread: dict[str, Any]) -> None:
    settled = draft(RIGHT, **misread)
    right = [settled.values()[name] for name in ("net", "tax", "total")] == [
        "12543.62",
        "2383.29",
        "14926.91",
    ]
    assert (verdict(settled) is Verdict.WRITE) == right


def test_a_total_that_does_not_add_up_stays_as_it_stands() -> None:
    hostile = SUMS.replace("14.926,91", "15.926,91")
    read = draft(RIGHT, HEAD + TABLE + hostile, total="15.926,91")
    assert read.values()["total"] == "15926.91"
    assert verdict(read) is Verdict.REVIEW
