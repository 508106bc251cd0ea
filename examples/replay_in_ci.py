"""Verify recorded histories against the current code, in your own CI, before it is deployed.

    python -m examples.replay_in_ci tests/histories

Every .json of the folder is replayed: each command, timer, search attribute and decision must come out as it
is recorded, while Temporal's own replay compares command types and ids only. Exit status 1 when a history
disagrees, with the first event that does; 2 when there is none to verify.
`python starter.py export ID --output FILE` records one.
"""

import sys
from pathlib import Path

from operations.histories import HistoryError, load
from operations.verification import verify
from process import run
from workflows.resolve_ticket import ResolveTicket

# Those that your worker registers.
WORKFLOWS = [ResolveTicket]


async def main(files: list[Path]) -> int:
    if not files:
        print("no .json file in this folder: nothing is verified", file=sys.stderr)
        return 2
    wrong = 0
    for file in files:
        disagreement = await first_disagreement(file)
        wrong += disagreement is not None
        print(f"{file.name}: {disagreement or 'holds'}")
    print(f"{len(files) - wrong} of {len(files)} hold")
    return 1 if wrong else 0


async def first_disagreement(file: Path) -> str | None:
    try:
        verified = await verify(load(file), WORKFLOWS)
    except HistoryError as error:
        return str(error)
    return None if verified.holds else f"{verified.findings[0].event}: {verified.findings[0].what}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run(main(sorted(Path(sys.argv[1]).glob("*.json"))))
