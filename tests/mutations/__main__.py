"""Break a copy of the sources, run the tests that are there to notice, and tell which did.

python -m tests.mutations [WORDS]     only the mutants whose names hold these words

Exit status 0 when every mutant was caught, 1 when one survived, or when an edit or a test is not what this
was written for.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from process import end
from tests.checkouts import Edit, EditError, copied, edit
from tests.mutations.mutants import MUTANTS, Mutant

# Two cores; a test with a real server spends half of its time waiting.
AT_ONCE = 3
# A mutant may let a run hang: its test notices after this long, and not after two minutes.
LONGEST_TEST_S = 45
LONGEST_S = 150
# What the unbroken sources are compiled to is kept, and found again by size and second: a mutant is of
# another second and is not kept, and what it replaced comes back as of its own.
UNBROKEN = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
BROKEN = {**UNBROKEN, "PYTHONDONTWRITEBYTECODE": "1"}
# Servers that begin at the same moment must not try for the same port.
ANY_PORT = Edit(
    "embedded/temporal_server.py", "free_port(PORT), free_port(UI_PORT)", "free_port(), free_port()"
)
FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)


class NotAsWritten(RuntimeError):
    """The job cannot tell anything: an edit does not fit, or a test fails without one."""


def tested(
    checkout: Path, tests: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run tests in a checkout until one fails."""
    options = ["-x", "-q", "--tb=short", "--show-capture=no", "-rf", "-p", "no:cacheprovider"]
    options += ["-o", f"timeout={LONGEST_TEST_S}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )


def check_unbroken(checkouts: "SimpleQueue[Path]", mutants: Sequence[Mutant]) -> None:
    """Every test that is used must pass as long as nothing is broken. Raises NotAsWritten."""
    tests = sorted({test for each in mutants for test in each.tests})

    def passes(share: Sequence[str]) -> None:
        checkout = checkouts.get()
        done = tested(checkout, share, UNBROKEN)
        checkouts.put(checkout)
        if done.returncode != 0:
            raise NotAsWritten(f"without a mutation:\n{done.stdout[-3_000:]}{done.stderr[-1_000:]}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(passes, filter(None, (tests[start::AT_ONCE] for start in range(AT_ONCE)))))


def caught_by(mutant: Mutant, checkout: Path) -> str | None:
    """The test that notices; None when none does. Raises NotAsWritten, EditError."""
    files = {checkout / each.file for each in mutant.edits}
    before = {file: (file.read_text(), file.stat().st_mtime_ns) for file in files}
    try:
        edit(checkout, mutant.edits)
        done = tested(checkout, mutant.tests, BROKEN)
    finally:
        for file, (text, written) in before.items():
            file.write_text(text)
            os.utime(file, ns=(written, written))
    found = FAILED.search(done.stdout)
    if done.returncode == 0:
        return None
    if done.returncode != 1 or found is None:
        # Tests that cannot be collected, or a server that does not start, notice nothing.
        raise NotAsWritten(f"no test failed, and none passed:\n{done.stdout[-3_000:]}{done.stderr[-1_000:]}")
    return found[1]


def judged(mutant: Mutant, checkouts: "SimpleQueue[Path]") -> bool:
    """Whether it was caught; told in a line."""
    checkout = checkouts.get()
    began = time.monotonic()
    try:
        test = caught_by(mutant, checkout)
        verdict = "SURVIVED" if test is None else f"caught by {test}"
    except (EditError, NotAsWritten, subprocess.TimeoutExpired) as error:
        test, verdict = None, f"NOT TRIED: {error}"
    checkouts.put(checkout)
    sys.stdout.write(f"{mutant.name} ({time.monotonic() - began:.0f} s): {verdict}\n")
    sys.stdout.flush()
    return test is not None


def main(words: str) -> int:
    """Try them, some side by side, each in a copy that nothing else uses."""
    began = time.monotonic()
    mutants = [each for each in MUTANTS if words in each.name]
    checkouts: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(AT_ONCE):
            checkout = copied(Path(folder) / f"{number}")
            edit(checkout, [ANY_PORT])
            checkouts.put(checkout)
        try:
            check_unbroken(checkouts, mutants)
        except (NotAsWritten, subprocess.TimeoutExpired) as error:
            sys.stdout.write(f"{error}\n")
            return 1
        with ThreadPoolExecutor(AT_ONCE) as pool:
            caught = list(pool.map(lambda each: judged(each, checkouts), mutants))
    took = f"in {time.monotonic() - began:.0f} s"
    sys.stdout.write(f"{sum(caught)} of {len(caught)} mutants caught {took}\n")
    return 0 if caught and all(caught) else 1


if __name__ == "__main__":
    end(main(" ".join(sys.argv[1:])))
