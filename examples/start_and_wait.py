"""Start one run and wait for what comes of it.

    python -m examples.start_and_wait samples/tickets/01-broken-mugs.eml

What it may cost at most is said before it starts, and never exceeded. The same ticket again joins the run
that is there, also after this script was stopped. Exit status 1 when the run failed.
"""

import sys

from connection import TASK_QUEUE, connect
from contracts.resolutions import Resolution
from contracts.terms import Terms
from operations.inbox import read_tickets
from operations.starting import start
from operations.waiting import story_when_over
from operations.wording import amount_text, dollars
from process import run
from workflows.resolve_ticket import PLAN, ResolveTicket

TERMS = Terms(tenant="acme", requested_by="intake", cap=PLAN.cap, deadline=PLAN.deadline, profile="local")


async def main(mail: str) -> int:
    (ticket,) = read_tickets([mail], sys.stdin.buffer)
    client = await connect()
    print(f"at most   {amount_text(TERMS.cap)}, over after {TERMS.deadline}")

    begun = await start(client, ResolveTicket, ticket, TERMS, task_queue=TASK_QUEUE)
    print(f"{'joined' if begun.joined else 'started'}   {begun.workflow_id}")
    if begun.terms not in (None, TERMS):
        print(f"          under the terms of its start: {begun.terms}")

    told = await story_when_over(client, begun.workflow_id, begun.run_id)
    if told.result is not None:
        resolution = Resolution.model_validate(told.result)
        print(f"path      {resolution.path}")
        print(f"refund    {dollars(resolution.refunded) if resolution.refunded else 'none'}")
    else:
        print(f"{told.state:9} {told.reason}")
    print(f"proven    {dollars(told.totals.proven_usd)}, {told.totals.proven_tokens:,} tokens")
    print(f"unknown   {amount_text(told.totals.unknown)}")
    return 0 if told.state == "completed" else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run(main(sys.argv[1]))
