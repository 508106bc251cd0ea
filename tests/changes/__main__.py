"""python -m tests.changes [WORDS]: make each prepared change, and print what both gates say to it.

Exit status 1 when one of them says something else than is written beside the change.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from process import end
from tests.changes.judging import Verdict, judged
from tests.changes.prepared import CHANGES, Change
from tests.checkouts import copied

AT_ONCE = 2


def main(words: str) -> int:
    """A row for each change whose name holds the words."""
    changes = [change for change in CHANGES if words in change.name]
    copies: SimpleQueue[Path] = SimpleQueue()

    def judge(change: Change) -> Verdict:
        copy = copies.get()
        try:
            return judged(change, copy)
        finally:
            copies.put(copy)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(AT_ONCE):
            copies.put(copied(Path(folder) / str(number)))
        verdicts = list(pool.map(judge, changes))
    wide = max(len(change.name) for change in changes)
    sys.stdout.write(f"{'change':<{wide}}  {'Temporal':<9} {'Tenuto':<9} where\n")
    wrong = 0
    for change, verdict in zip(changes, verdicts, strict=True):
        first = verdict.content or verdict.commands or {}
        passes = [
            "holds" if each is None else "differs"
            for each in (verdict.commands, verdict.content or verdict.commands)
        ]
        where = f"{first['event']} at {first.get('source', '')}: {first['what']}" if first else ""
        row = f"{change.name:<{wide}}  {passes[0]:<9} {passes[1]:<9} {where}".rstrip()
        sys.stdout.write(f"{row}\n")
        surprises = list(verdict.surprises(change))
        sys.stdout.writelines(f"  UNEXPECTED: {each}\n" for each in surprises)
        wrong += bool(surprises)
    sys.stdout.write(f"{len(changes) - wrong} of {len(changes)} changes are judged as expected\n")
    return 1 if wrong or not changes else 0


if __name__ == "__main__":
    end(main(" ".join(sys.argv[1:])))
