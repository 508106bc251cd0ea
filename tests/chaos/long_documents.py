"""A bill of hundreds of pages through a real worker: what memory, history and money it takes, and half of it.

python -m tests.chaos.long_documents --pages 300
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from activities.content_store import ContentStore
from activities.ledger_tables import records
from connection import TASK_QUEUE
from contracts.certificates import MOST_EVENTS, Certificate
from contracts.extraction import Extracted, Extraction, ExtractionPath
from contracts.record_types import RECORD_TYPES
from embedded.stack import CHECKOUT
from operations.certificates import exceeded
from operations.document_sources import keep_document
from operations.histories import fetch
from operations.starting import start
from operations.story import story
from operations.verification import verify
from process import run
from samples.long_bill import Bill, long_bill, long_document
from tests.activities.document_world import children_of, is_converter
from tests.chaos.killing import in_its_own_world, worker
from tests.workflows.copied_invoices import Copier, Paper, wide_models_toml
from tests.workflows.world import World
from workflows.extract_records import PLAN, ExtractRecords

__all__ = ["Reading", "Readings", "read_long", "report", "wrongs"]

MOST_HISTORY_BYTES = 10_000_000
# One page is in its memory at a time; the rest is the interpreter, the library, and the file itself.
CONVERTER_MB = 64
# A page stays as its event in the run's history (10 KB, in two forms), as its section, and as what was copied
# from it: a few hundred objects. A worker has about a gigabyte, of which a run may so take a tenth.
GREW_MB = 100
# What calls are held with until they are answered is much more than what they cost: the default cap covers a
# hundred pages.
LARGE_CAP = {"usd": Decimal(3), "tokens": 20_000_000}
ENDS_WITHIN_S = 240.0


@dataclass(frozen=True)
class Reading:
    """One run, and what it took."""

    extracted: Extracted
    took_s: float
    before_mb: float
    """The worker's peak before the run, and at its end."""
    peak_mb: float
    converter_mb: float
    events: int
    history_bytes: int
    held_usd: Decimal
    """The sum of what all of its calls could have cost."""
    task_timeout: timedelta
    replay_s: float
    """Processor time to prove it again from its history."""
    found: Sequence[str]
    """What its proof and its certificate object to."""

    @property
    def usd(self) -> Decimal:
        assert self.extracted.receipt is not None
        balance = self.extracted.receipt.balance
        return balance.settled.usd + balance.unknown.usd


@dataclass(frozen=True)
class Readings:
    """Of one bill, and of another with half as many pages."""

    bill: Bill
    pages: int
    half_the_pages: Reading
    whole: Reading
    half_the_cap: Reading
    rows: Sequence[Any]
    """Of the table of records, at the end."""


async def read_long(world: World, temporal: str, *, pages: int) -> Readings:
    """Each in a new worker: a process's peak never falls."""
    world.task_queue = TASK_QUEUE
    world.settings.models.write_text(wide_models_toml(world.profile, address=world.provider.address))
    bill, few = long_bill(pages), long_bill(pages // 2)
    half_the_pages = await reading(world, temporal, few, pages // 2, LARGE_CAP)
    whole = await reading(world, temporal, bill, pages, LARGE_CAP)
    half = {**LARGE_CAP, "usd": whole.held_usd / 2}
    half_the_cap = await reading(world, temporal, bill, pages, half, "again")
    with world.ledger.database.reading() as connection:
        rows = list(connection.execute(select(records)))
    return Readings(bill, pages, half_the_pages, whole, half_the_cap, rows)


async def reading(
    world: World, temporal: str, bill: Bill, pages: int, cap: dict[str, Any], name: str = ""
) -> Reading:
    """From the start of a run to the proof of its history."""
    content = long_document(pages)
    document = keep_document(f"{bill.number}{name}.pdf", content, ContentStore(world.settings.documents))
    argument = Extraction(document=document, record=RECORD_TYPES["invoice"])
    terms = world.terms(deadline=PLAN.deadline, **dict(PLAN.cap) | cap)
    workflow_id = f"{world.profile}/{bill.number}{name}"
    world.provider.default = Copier([Paper.of_bill(bill)])
    async with worker(world, temporal) as process:
        before, converter, began = peak_mb(process.pid), 0.0, time.monotonic()
        await start(
            world.client, ExtractRecords, argument, terms, task_queue=TASK_QUEUE, workflow_id=workflow_id
        )
        handle = world.client.get_workflow_handle(workflow_id, result_type=Extracted)
        ending = asyncio.ensure_future(asyncio.wait_for(handle.result(), ENDS_WITHIN_S))
        while not ending.done():
            converters = (child for child in children_of(process.pid) if is_converter(child))
            converter = max([converter, *map(peak_mb, converters)])
            await asyncio.sleep(0.05)
        extracted, took_s, peak = await ending, time.monotonic() - began, peak_mb(process.pid)
    size = sum(event.ByteSize() for event in (await handle.fetch_history()).events)
    history = await fetch(world.client, workflow_id)
    begun = history.events[0].workflow_execution_started_event_attributes
    clock = time.process_time()
    proof = await verify(history, [ExtractRecords])
    replay_s = time.process_time() - clock
    return Reading(
        extracted=extracted,
        took_s=took_s,
        before_mb=before,
        peak_mb=peak,
        converter_mb=converter,
        events=len(history.events),
        history_bytes=size,
        held_usd=sum((each.hold.usd for each in story(history).attempts), Decimal(0)),
        task_timeout=begun.workflow_task_timeout.ToTimedelta(),
        replay_s=replay_s,
        found=[*(finding.what for finding in proof.findings), *exceeded(history, [ExtractRecords])],
    )


def peak_mb(process: int) -> float:
    """Of a process that may end meanwhile."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


def wrongs(done: Readings) -> list[str]:
    """Everything that must not be, as a line each."""
    named = {"half the pages": done.half_the_pages, "whole": done.whole, "half the cap": done.half_the_cap}
    found = [f"{name}: {line}" for name, reading in named.items() for line in of_one(reading)]
    return [*found, *of_the_whole(done), *of_half_the_cap(done)]


def of_one(reading: Reading) -> Iterator[str]:
    yield from reading.found
    if reading.converter_mb > CONVERTER_MB:
        yield f"the converter took {reading.converter_mb:.0f} MB"
    if (grew := reading.peak_mb - reading.before_mb) > GREW_MB:
        yield f"the worker grew by {grew:.0f} MB"
    if reading.history_bytes >= MOST_HISTORY_BYTES or reading.events >= MOST_EVENTS:
        yield f"its history has {reading.events} events and {reading.history_bytes} bytes"
    if reading.replay_s > reading.task_timeout.total_seconds() / 2:
        yield f"{reading.replay_s:.1f} s to prove it; a task has {reading.task_timeout.total_seconds():.0f} s"


def of_the_whole(done: Readings) -> Iterator[str]:
    extracted, reading = done.whole.extracted, done.whole
    record = extracted.record or {}
    lines = [(line["description"], Decimal(line["amount"])) for line in record.get("lines", [])]
    if extracted.path is not ExtractionPath.WRITTEN:
        yield f"it ended as {extracted.path}: {extracted.doubts[:3]}"
    elif lines != [(line.description, line.amount) for line in done.bill.lines]:
        yield "its lines are not those of the bill"
    elif Decimal(record["total"]) != done.bill.total:
        yield f"its total is {record['total']}, not {done.bill.total}"
    certified = Certificate.model_validate_json((CHECKOUT / "certificates/extract-records.json").read_text())
    if reading.usd > certified.at_most.usd or reading.events > certified.events:
        yield f"it cost {reading.usd} USD and {reading.events} events, above the committed certificate"
    if reading.peak_mb > 1.5 * done.half_the_pages.peak_mb:
        yield f"twice the pages took {reading.peak_mb:.0f} MB instead of {done.half_the_pages.peak_mb:.0f}"


def of_half_the_cap(done: Readings) -> Iterator[str]:
    extracted = done.half_the_cap.extracted
    missing = len(extracted.missing_pages)
    if extracted.path is not ExtractionPath.PARTIAL:
        yield f"with half the cap it ended as {extracted.path}"
    if not 0.4 * done.pages <= missing <= 0.6 * done.pages:
        yield f"with half the cap {missing} of {done.pages} pages are missing"
    if {1, done.pages} & {*extracted.missing_pages}:
        yield "with half the cap the first and the last page are not read"
    if done.half_the_cap.usd > done.whole.held_usd / 2:
        yield f"with half the cap it cost {done.half_the_cap.usd} USD"
    if sorted(row.source for row in done.rows) != sorted(
        f"{bill.number}.pdf" for bill in (done.bill, long_bill(done.pages // 2))
    ):
        yield f"rows are there of {', '.join(row.source for row in done.rows)}"


def report(done: Readings) -> list[str]:
    """For a person."""
    told = [
        (f"{done.pages // 2} pages", done.half_the_pages),
        (f"{done.pages} pages", done.whole),
        (f"{done.pages} pages, half the cap", done.half_the_cap),
    ]
    return [
        f"{name}: {each.extracted.path.value}, {len(each.extracted.missing_pages)} pages missing; "
        f"worker {each.before_mb:.0f} to {each.peak_mb:.0f} MB, converter {each.converter_mb:.0f} MB; "
        f"{each.events} events, {each.history_bytes / 1e6:.2f} MB; ${each.usd:.4f} of ${each.held_usd:.2f} "
        f"held; {each.took_s:.1f} s, proven in {each.replay_s:.1f} s of processor time"
        for name, each in told
    ]


async def main(pages: int) -> int:
    """On a server of its own."""
    done = await in_its_own_world(partial(read_long, pages=pages))
    found = wrongs(done)
    sys.stdout.write("\n".join([*report(done), *(found or ["all within their bounds"])]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos.long_documents")
    parser.add_argument("--pages", type=int, default=300)
    run(main(parser.parse_args().pages))
