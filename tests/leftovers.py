"""python -m tests.leftovers FOLDER: stop every service below a folder once standard input ends.

Our services are made to outlive whoever starts them: a test run that is killed would leave them behind.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.stack import CHECKOUT, stop_all

__all__ = ["servers_ending_with_this_process"]


@contextmanager
def servers_ending_with_this_process(folder: Path) -> Iterator[None]:
    """However this process ends within the block, the services with a home below the folder end as well."""
    command = [sys.executable, "-m", "tests.leftovers", str(folder)]
    quiet = subprocess.DEVNULL
    # A session of its own: Ctrl-C, and a signal to the whole group, are not for it.
    watcher = subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        yield
    finally:
        watcher.terminate()
        watcher.communicate()


def stop_below(folder: Path) -> None:
    """Whatever has a home there; a folder of locks tells one."""
    for locks in folder.rglob("locks"):
        stop_all(locks.parent)


if __name__ == "__main__":
    sys.stdin.read()
    stop_below(Path(sys.argv[1]))
