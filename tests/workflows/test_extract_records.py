"""Documents to records on a real server: each path, what is written, and what a person is asked."""

import io
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select

from activities.ledger_tables import record_versions, records
from contracts.approvals import Verdict
from contracts.extraction import Extracted, Extraction, ExtractionPath, WrittenAs
from contracts.record_types import RECORD_TYPES
from operations.document_sources import keep_document
from operations.explaining import explain
from operations.starting import workflow_id_of
from operations.story import story
from payloads.storage import documents_in
from tests.fault_server import faults
from tests.fault_server.server import Exchange, good
from tests.made_documents import INVOICE
from tests.workflows import any_workflow
from tests.workflows.world import World
from workflows.extract_records import PLAN, ExtractRecords

COLUMNS = ("description", "quantity", "unit_price", "amount")
MADE_UP = {
    "values": {
        "kind": "INVOICE",
        "number": "F-2026-9738",
        "vendor": "Juniper & Sons Hardware",
        "customer": "Olive Street Dental",
        "issued_on": "07/05/2026",
        "due_on": "08/14/2026",
        "currency": "USD",
        "net": "994.27",
        "tax": "81.20",
        "other_tax": None,
        "total": "9,999.00",
    },
    "rows": [
        dict(zip(COLUMNS, ("Desk lamp, brass", "7", "140.61", "984.27"), strict=True)),
        dict(zip(COLUMNS, ("Brush, wide", "2", "5.00", "10.00"), strict=True)),
    ],
}
"""A reading of INVOICE, but for a total that stands nowhere."""


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    async with World.opened(temporal, tmp_path) as opened, opened.working([ExtractRecords]):
        yield opened


async def begun(
    world: World, text: str, name: str = "invoice.txt", *, again: bool = False, **cap: Any
) -> Any:
    """A run that is under way, or that was before."""
    store = documents_in(world.settings.documents)
    argument = Extraction(document=keep_document(name, text.encode(), store), record=RECORD_TYPES["invoice"])
    return await any_workflow.begun(world, ExtractRecords, argument, again=again, **cap)


async def ended(handle: Any) -> Extracted:
    """Its result, proven."""
    extracted: Extracted = await any_workflow.ended(handle, ExtractRecords)
    return extracted


async def extract(
    world: World, text: str, name: str = "invoice.txt", *, again: bool = False, **cap: Any
) -> Extracted:
    return await ended(await begun(world, text, name, again=again, **cap))


def rows(world: World, table: Any = records) -> list[Any]:
    with world.ledger.database.reading() as connection:
        return list(connection.execute(select(table)))


async def test_a_record_whose_every_value_is_proven_is_written(world: World) -> None:
    """With the place of each value; numbers and dates as code reads them."""
    extracted = await extract(world, INVOICE)
    assert extracted.path is ExtractionPath.WRITTEN
    assert extracted.doubts == ()
    assert extracted.record is not None
    assert extracted.record["total"] == "1075.47"
    assert extracted.record["issued_on"] == "2026-07-05"
    assert extracted.record["due_on"] == "2026-08-14"
    assert [line["amount"] for line in extracted.record["lines"]] == ["984.27", "10"]
    assert extracted.places["number"] == f"page 1 at {INVOICE.index('F-2026')}"
    (row,) = rows(world)
    assert (row.source, row.version, row.record) == ("invoice.txt", 1, extracted.record)
    assert [entry.task for entry in world.provider.entries] == ["read_section"]


async def test_the_same_document_again_is_the_same_row_and_a_changed_one_its_next_version(
    world: World,
) -> None:
    """Under whichever name it comes: also a run that was started anew writes no second one."""
    await extract(world, INVOICE)
    copy = await extract(world, INVOICE, "copy.txt", again=True)
    assert copy.written is not None
    assert (copy.written.what, copy.written.version) == (WrittenAs.UNCHANGED, 1)
    changed = await extract(world, INVOICE.replace("F-2026-9738", "F-2026-9739"))
    assert changed.written is not None
    assert (changed.written.what, changed.written.version) == (WrittenAs.UPDATED, 2)
    (row,) = rows(world)
    assert row.record["number"] == "F-2026-9739"
    assert [version.record["number"] for version in rows(world, record_versions)] == [
        "F-2026-9738",
        "F-2026-9739",
    ]
    before = await extract(world, INVOICE, again=True)
    assert before.written is not None
    assert (before.written.what, before.written.version) == (WrittenAs.UPDATED, 3)
    assert [row.record["number"] for row in rows(world)] == ["F-2026-9738"]


async def test_a_person_who_agrees_late_does_not_undo_a_document_that_was_given_since(world: World) -> None:
    """The one that was given last has the row, not the one that is written last."""
    waits = await begun(world, INVOICE.replace("1,075.47", "1,175.47"))
    await world.waiting(waits)
    corrected = await extract(world, INVOICE)
    assert corrected.written is not None
    assert corrected.written.what is WrittenAs.NEW
    await world.approve(waits)
    late = await ended(waits)
    assert late.written is not None
    assert (late.written.what, late.written.version) == (WrittenAs.SUPERSEDED, 1)
    (row,) = rows(world)
    assert row.record == corrected.record


async def test_a_copy_of_a_document_joins_its_run_and_no_model_is_asked(world: World) -> None:
    """While it is read, and after it was written."""
    first = await begun(world, INVOICE)
    second = await begun(world, INVOICE, "copy.txt")
    assert first.id == second.id
    assert await ended(first) == await ended(second)
    third = await extract(world, INVOICE, "another-copy.txt")
    assert third.written is not None
    assert third.written.what is WrittenAs.NEW
    assert [row.source for row in rows(world)] == ["invoice.txt"]
    assert len(world.provider.entries) == 1


def test_another_tenant_or_another_type_of_record_never_joins(tmp_path: Path) -> None:
    """Of the same document."""
    argument = Extraction(
        document=keep_document("invoice.txt", INVOICE.encode(), documents_in(tmp_path)),
        record=RECORD_TYPES["invoice"],
    )
    other = argument.model_copy(update={"record": argument.record.model_copy(update={"sums": ()})})
    names = {
        workflow_id_of(PLAN, "acme", argument),
        workflow_id_of(PLAN, "other", argument),
        workflow_id_of(PLAN, "acme", other),
    }
    assert len(names) == 3


async def test_a_total_that_does_not_come_out_is_written_only_when_a_person_agrees(world: World) -> None:
    """The second reading says the same, so it is asked; the doubt stands beside the action."""
    handle = await begun(world, INVOICE.replace("1,075.47", "1,175.47"))
    waiting = await world.waiting(handle)
    assert waiting.details["request"]["doubts"] == [
        {"field": "total", "why": "it is not proven to be the sum of net, tax, other_tax"}
    ]
    assert rows(world) == []
    await world.approve(handle)
    extracted = await ended(handle)
    assert extracted.path is ExtractionPath.WRITTEN
    (row,) = rows(world)
    assert [doubt["field"] for doubt in row.doubts] == ["total"]
    assert [entry.task for entry in world.provider.entries] == ["read_section", "read_again"]


async def test_what_a_person_denies_is_not_written(world: World) -> None:
    handle = await begun(world, INVOICE.replace("1,075.47", "1,175.47"))
    await world.approve(handle, Verdict.DENY)
    extracted = await ended(handle)
    assert extracted.path is ExtractionPath.DENIED
    assert rows(world) == []
    assert len(world.mails("desk")) == 1


async def test_a_value_that_stands_nowhere_is_asked_for_again_and_the_second_reading_settles_it(
    world: World,
) -> None:
    """The first reading made up a total; the second copies it."""

    async def made_up_first(exchange: Exchange) -> None:
        if exchange.entry.task == "read_section":
            await faults.reply(MADE_UP)(exchange)
        else:
            await good(exchange)

    world.provider.default = made_up_first
    extracted = await extract(world, INVOICE)
    assert extracted.path is ExtractionPath.WRITTEN
    assert extracted.record is not None
    assert extracted.record["total"] == "1075.47"


async def test_a_broken_document_goes_to_a_person_unread(world: World) -> None:
    """No model is asked."""
    extracted = await extract(world, "%PDF-1.7 nothing of it is one", "broken.pdf")
    assert extracted.path is ExtractionPath.HANDED_OVER
    assert world.provider.entries == []
    assert len(world.mails("desk")) == 1


def long_invoice(pages: int) -> str:
    """A text of many pages: the head on the first, the sums on the last, lines on all."""
    head, lines, sums = (
        INVOICE.splitlines()[:6],
        "Desk lamp, brass 1 1.00 1.00",
        "\n".join([f"Subtotal {30 * pages}.00 USD", "Tax 0.00 USD", f"Total {30 * pages}.00 USD"]),
    )
    body = ["\n".join([lines] * 30) for _ in range(pages)]
    return "\n".join(head) + "\n" + "\f".join(body) + "\n" + sums + "\n"


async def test_a_cap_for_half_of_a_document_ends_with_what_could_be_read_and_the_pages_that_could_not(
    world: World,
) -> None:
    """The first and the last section come first; nothing is written."""
    whole = await extract(world, long_invoice(8), "long.txt")
    assert whole.path is ExtractionPath.WRITTEN
    calls = len(world.provider.entries)
    assert calls > 3
    half = await extract(world, long_invoice(9), "longer.txt", calls=calls // 2)
    assert half.path is ExtractionPath.PARTIAL
    assert half.record is not None
    assert half.record["total"] == "270"
    assert half.record["number"] == "F-2026-9738"
    assert half.missing_pages
    assert 1 not in half.missing_pages
    assert 9 not in half.missing_pages
    assert [row.source for row in rows(world)] == ["long.txt"]
    assert len(world.provider.entries) == calls + calls // 2


async def test_sections_side_by_side_are_explained_in_a_table_and_each_failure_in_words(
    world: World,
) -> None:
    """A line for each section, with the pages that it was."""
    world.provider.script(good, faults.status(503), faults.status(400), task="read_section")
    handle = await begun(world, long_invoice(8), "long.txt")
    await ended(handle)
    told = story(await handle.fetch_history())
    stream = io.StringIO()
    explain(told, {}, Console(file=stream, width=100))
    lines = [line.strip() for line in stream.getvalue().splitlines()]
    (start,) = (number for number, line in enumerate(lines) if "read_section, 8 side by side" in line)
    assert lines[start + 1].split() == ["step", "pages", "attempts", "ran", "cost", "outcome"]
    rows = [line.split() for line in lines[start + 2 : start + 10]]
    assert [row[0] for row in rows] == [str(number) for number in range(3, 11)]
    assert [row[1] for row in rows] == ["1", "8", "2", "3", "4", "5", "6", "7"]
    assert sorted(row[2] for row in rows) == ["1"] * 7 + ["2"]
    assert sum("failed (rejected)" in " ".join(row) for row in rows) == 1
    text = "\n".join(lines)
    assert "failed (rejected): Error code: 400" in text
    assert "failed (overloaded): Error code: 503" in text
    assert "gave values" not in text


async def test_a_run_within_its_cap_never_reads_more_than_it_can_pay(world: World) -> None:
    """Money this time."""
    extracted = await extract(world, long_invoice(8), "long.txt", usd=Decimal("0.01"))
    assert extracted.path is ExtractionPath.PARTIAL
    assert extracted.receipt is not None
    assert extracted.receipt.balance.settled.usd <= Decimal("0.01")
