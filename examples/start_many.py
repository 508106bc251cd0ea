"""Start a run for each of many tickets, a few at a time, and wait for all of them.

    python -m examples.start_many samples/tickets/
    python -m examples.start_many tickets.jsonl --at-once 4

The input is a folder of mails, a file with a ticket as JSON in each line, or anything else that `run`
takes. Ids are derived from the tickets: after a crash or Ctrl-C the runs go on, and the same command joins
them and starts the rest. A run that waits for a person keeps its place among those at once.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from connection import TASK_QUEUE, connect
from contracts.terms import Terms
from contracts.tickets import Ticket
from operations.inbox import read_tickets
from operations.starting import start
from operations.story import Story, sum_of
from operations.waiting import story_when_over
from operations.wording import amount_text, dollars
from process import run
from workflows.resolve_ticket import PLAN, ResolveTicket

TERMS = Terms(tenant="acme", requested_by="intake", cap=PLAN.cap, deadline=PLAN.deadline, profile="local")


async def main(source: Path, at_once: int) -> int:
    tickets = read_tickets([str(source)], sys.stdin.buffer)
    client = await connect()
    places = asyncio.Semaphore(at_once)

    async def resolve(ticket: Ticket) -> Story:
        async with places:
            begun = await start(client, ResolveTicket, ticket, TERMS, task_queue=TASK_QUEUE)
            told = await story_when_over(client, begun.workflow_id, begun.run_id)
        path = told.result["path"] if told.result else f"{told.state}: {told.reason}"
        print(f"{begun.workflow_id}  {path}  {dollars(told.totals.proven_usd)}  {ticket.subject}", flush=True)
        return told

    try:
        stories = await asyncio.gather(*(resolve(ticket) for ticket in tickets))
    except asyncio.CancelledError:
        print("stopped; what was started goes on, and the same command joins it", file=sys.stderr)
        raise
    failed = sum(told.state != "completed" for told in stories)
    total = sum_of(stories)
    print(f"{len(stories)} runs, {failed} failed")
    print(f"proven    {dollars(total.proven_usd)}, {total.proven_tokens:,} tokens")
    print(f"unknown   {amount_text(total.unknown)}")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("--at-once", type=int, default=8)
    options = parser.parse_args()
    run(main(options.source, options.at_once))
