"""A bill of hundreds of pages through a real worker: what memory, history and money it takes, and half of it.

python -m tests.chaos.long_documents --pages 300
"""

import argparse
import asyncio
import re
import sys
import time
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from activities.ledger_tables import records
from connection import TASK_QUEUE
from contracts.extraction import Extracted, Extraction
from contracts.record_types import RECORD_TYPES
from operations.certificates import exceeded
from operations.document_sources import keep_document
from operations.histories import fetch
from operations.starting import start
from operations.story import story
from operations.verification import verify
from payloads.storage import documents_in
from process import run
from samples.long_bill import Bill, long_bill, long_document
from tests.activities.document_world import children_of, is_converter
from tests.chaos.killing import in_its_own_world, worker
from tests.chaos.long_books import Reading, Readings, report, wrongs
from tests.workflows.copied_invoices import Copier, Paper, wide_models_toml
from tests.workflows.world import World
from workflows.extract_records import PLAN, ExtractRecords

__all__ = ["read_long"]

# What calls are held with until they are answered is much more than what they cost: the default cap covers a
# hundred pages.
LARGE_CAP = {"usd": Decimal(3), "tokens": 20_000_000}
ENDS_WITHIN_S = 240.0


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
    document = keep_document(f"{bill.number}{name}.pdf", content, documents_in(world.settings.documents))
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
