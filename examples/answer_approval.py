"""Find the runs that wait for a person's approval, and answer one: what a bot for those on call does.

    python -m examples.answer_approval                                      what waits, in full
    python -m examples.answer_approval ID ACTION approve --key alice.key    or deny

ACTION is the digest that was shown with the question, so what is signed is exactly what was seen: this
request, this amount, this run. `python starter.py new-key NAME` makes a key. Exit status 1 and the reason
when the answer is refused.
"""

import argparse
import sys
from pathlib import Path

from activities.approvers import signed_answer
from connection import connect
from contracts.approvals import Verdict
from contracts.receipts import Waiting
from operations.answering import NotAnswered, question_of, send_answer
from operations.starting import STAGE
from process import run
from workflows.resolve_ticket import Stage

WAITING = f"{STAGE.name} = '{Stage.AWAITING_APPROVAL.value}' AND ExecutionStatus = 'Running'"


async def show_all() -> int:
    client = await connect()
    unread = 0
    async for each in client.list_workflows(WAITING):
        try:
            question = await question_of(client, each.id)
        except NotAnswered as error:
            print(error, file=sys.stderr)
            unread += 1
            continue
        if question is not None:  # else it was answered since it was listed
            show(each.id, question)
    return 1 if unread else 0


def show(workflow_id: str, question: Waiting) -> None:
    details = question.details
    print(f"{workflow_id}\n  action        {question.action}\n  what          {details['action']}")
    for name, value in details["request"].items():
        print(f"  {name:13} {value}")
    print(f"  worst case    ${details['worst_usd']}, by {details['policy']}, for {details['requested_by']}")
    print(f"  until         {question.until:%Y-%m-%d %H:%M:%SZ}; otherwise {question.otherwise}")


async def answer(workflow_id: str, action: str, verdict: Verdict, key: Path) -> int:
    try:
        signed = signed_answer(key, action=action, verdict=verdict)
        by = await send_answer(await connect(), workflow_id, signed)
    except (NotAnswered, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"accepted: {verdict}, by {by}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", nargs="?")
    parser.add_argument("action", nargs="?")
    parser.add_argument("verdict", nargs="?", choices=[each.value for each in Verdict])
    parser.add_argument("--key", type=Path)
    given = parser.parse_args()
    if given.run and not (given.action and given.verdict and given.key):
        parser.error("an answer takes ID, ACTION, approve or deny, and --key FILE")
    run(answer(given.run, given.action, Verdict(given.verdict), given.key) if given.run else show_all())
