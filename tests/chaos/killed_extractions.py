"""A batch of invoices and one bill of many pages whose worker is killed again and again while it reads them.

python -m tests.chaos.killed_extractions --seed 7 --kills 10 --invoices 13 --pages 40
"""

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from activities.ledger_tables import record_versions, records
from connection import TASK_QUEUE
from contracts.extraction import Extracted, Extraction, ExtractionPath
from contracts.record_types import RECORD_TYPES
from operations.document_sources import keep_document
from operations.starting import start
from operations.story_items import Booked
from payloads.storage import documents_in
from process import run
from samples.long_bill import long_bill, long_document
from samples.make_invoices import Made, made
from tests.chaos.killed_books import Batch, batch_of
from tests.chaos.killed_books import report as report_calls
from tests.chaos.killed_books import wrongs as wrong_calls
from tests.chaos.killing import LATENCY_S, Handle, in_its_own_world
from tests.chaos.killing import kill_through as kill_workers
from tests.workflows.copied_invoices import Copier, Paper, wide_models_toml
from tests.workflows.world import World
from workflows.extract_records import PLAN, ExtractRecords

__all__ = ["SURE", "Extractions", "kill_through", "report", "sure_ones", "wrongs"]

# So many kills fall into conversions and the first replays of a new worker, the others into calls and writes.
EARLY = 0.3
REQUEST_PATIENCE_S = 30.0
BILL = "bill.pdf"
# Each line in one row, all of it readable and right, and no other date than those that are asked for: what is
# copied from these needs no person.
SURE = frozenset({1, 3, 4, 5, 6, 11, 13, 14, 15, 16, 17, 18, 23})


@dataclass(frozen=True)
class Extractions:
    """What is left when every document is read."""

    batch: Batch
    totals: Mapping[str, str]
    """By document, what is true of it."""
    rows: Sequence[Any]
    versions: Sequence[Any]

    @property
    def written(self) -> list[str]:
        """The documents that their runs say they wrote."""
        return [
            told.argument["document"]["name"]
            for told in self.batch.stories
            if (told.result or {}).get("path") == ExtractionPath.WRITTEN
        ]


async def kill_through(
    world: World, temporal: str, *, invoices: int, pages: int, kills: int, seed: int
) -> Extractions:
    """Start the bill at once and the invoices a few at a time, killing the worker in between."""
    chance = random.Random(seed)
    chosen = sure_ones(invoices)
    world.task_queue, world.provider.latency_s = TASK_QUEUE, LATENCY_S
    bill = long_bill(pages)
    world.provider.default = Copier([Paper.of_bill(bill), *(Paper.of_sample(each.case) for each in chosen)])
    routes = (world.profile, f"{world.profile}-next")
    world.settings.models.write_text(wide_models_toml(*routes, address=world.provider.address))
    documents = {BILL: long_document(pages), **{each.case.file: each.content for each in chosen}}
    waiting = list(documents)

    async def begin(turn: int) -> Sequence[Handle]:
        few = len(documents) * (turn + 1) // kills - (len(documents) - len(waiting))
        return [await begun(world, name, documents[name]) for name in (waiting.pop(0) for _ in range(few))]

    async def until() -> None:
        await somewhere(world, chance)

    handles, killed = await kill_workers(world, temporal, begin, until, kills)
    with world.ledger.database.reading() as connection:
        rows, versions = (list(connection.execute(select(table))) for table in (records, record_versions))
    return Extractions(
        batch=await batch_of(world, seed, handles, killed),
        totals={
            BILL: f"{bill.total:f}",
            **{each.case.file: f"{each.case.invoice.total:f}" for each in chosen},
        },
        rows=rows,
        versions=versions,
    )


async def somewhere(world: World, chance: random.Random) -> None:
    """A while after the worker began, or after it asked the provider, which may be much later."""
    seen, early = len(world.provider.entries), chance.random() < EARLY
    with suppress(TimeoutError):
        async with asyncio.timeout(REQUEST_PATIENCE_S):
            while not early and len(world.provider.entries) == seen:  # noqa: ASYNC110 (no bell rings)
                await asyncio.sleep(0.01)
    await asyncio.sleep(chance.uniform(0.05, 1.5 * LATENCY_S))


def sure_ones(number: int) -> list[Made]:
    return [each for each in made() if int(each.case.file[:2]) in SURE][:number]


async def begun(world: World, name: str, content: bytes) -> Handle:
    document = keep_document(name, content, documents_in(world.settings.documents))
    argument = Extraction(document=document, record=RECORD_TYPES["invoice"])
    terms = world.terms(deadline=PLAN.deadline, **dict(PLAN.cap))
    started = await start(world.client, ExtractRecords, argument, terms, task_queue=world.task_queue)
    return world.client.get_workflow_handle(started.workflow_id, result_type=Extracted)


def wrongs(done: Extractions) -> list[str]:
    """Everything that must not be, as a line each; empty when the books agree."""
    return [*wrong_calls(done.batch), *sent_again(done.batch), *of_rows(done)]


def sent_again(batch: Batch) -> Iterator[str]:
    """By the provider's own journal: no two documents are alike, so the same words are the same call."""
    proven = {each.attempt_id for each in batch.attempts if each.cost is Booked.PROVEN}
    answered = set[str]()
    for entry in batch.entries:
        if entry.body_digest in answered:
            yield f"request {entry.request_id} asks for what was answered before"
        if entry.request_id in proven:
            answered.add(entry.body_digest)


def of_rows(done: Extractions) -> Iterator[str]:
    for table, found in (("records", done.rows), ("record_versions", done.versions)):
        times = Counter(row.source for row in found)
        yield from (f"{name} is {times[name]} times in {table}" for name in done.written if times[name] != 1)
        yield from (f"{name} is in {table}, and no run says so" for name in times.keys() - {*done.written})
    for row in done.rows:
        if f"{float(row.record['total']):.2f}" != done.totals[row.source]:
            yield f"{row.source} is written with a total of {row.record['total']}"


def report(done: Extractions) -> list[str]:
    """For a person."""
    paths = Counter(str((told.result or {}).get("path")) for told in done.batch.stories)
    ends = ", ".join(f"{number} {path}" for path, number in paths.most_common())
    why = [
        f"{told.argument['document']['name']}: {ending['reason']}"
        for told in done.batch.stories
        if (ending := (told.result or {}).get("ending")) is not None
    ]
    return [*report_calls(done.batch), f"{ends}; {len(done.rows)} rows", *why]


async def main(given: argparse.Namespace) -> int:
    """Run one batch on a server of its own."""
    batch = partial(
        kill_through, invoices=given.invoices, pages=given.pages, kills=given.kills, seed=given.seed
    )
    done = await in_its_own_world(batch)
    found = wrongs(done)
    sys.stdout.write("\n".join([*report(done), *(found or ["the books agree"])]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos.killed_extractions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--invoices", type=int, choices=range(len(SURE) + 1), default=len(SURE), metavar="N")
    parser.add_argument("--pages", type=int, default=40, help="of the bill")
    run(main(parser.parse_args()))
