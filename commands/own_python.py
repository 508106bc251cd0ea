"""The Python that has what every command needs: this checkout's .venv, whichever Python was called."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["in_own_python"]

CHECKOUT = Path(__file__).resolve().parent.parent
# Two that few machines have by chance.
NEEDED = ("rich", "temporalio")
# Set for the Python that is changed to, so that one which lacks them as well does not change for ever.
CHANGED = "TENUTO_PYTHON_CHANGED"


def in_own_python() -> bool:
    """Go on as .venv's Python where this one lacks packages; False when that one lacks them, too.

    It is the same process, so arguments, signals and exit status are what they would have been.
    """
    changed = os.environ.pop(CHANGED, None) is not None
    if all(find_spec(name) is not None for name in NEEDED):
        return True
    python = CHECKOUT / ".venv" / "bin" / "python"
    if not changed and os.access(python, os.X_OK):
        os.execve(python, [str(python), *sys.argv], {**os.environ, CHANGED: "1"})  # noqa: S606 - no shell
    sys.stderr.write(
        f"starter: the packages that it needs are not installed; `make environment` in {CHECKOUT} does that, "
        "and so does `make demo`\n"
    )
    return False
