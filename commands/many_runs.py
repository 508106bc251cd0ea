"""Very many runs on one terminal: how far all of them are, and those that something happens to."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from commands.watching import Watched, lines_of

__all__ = ["many_runs"]

# The prompt above it, the sum and a line to spare.
ROOM_FOR_OTHERS = 4


def many_runs(runs: Sequence[Watched], console: Console) -> RenderableType:
    """As many of those under way as fit: first those that do not wait in a queue."""
    over = [run for run in runs if run.over]
    failed = sum(run.state != "completed" for run in over)
    words = f"{len(over)} of {len(runs)} have ended" + (f", {failed} of them not well" if failed else "")
    under_way = sorted((run for run in runs if not run.over), key=lambda run: bool(run.queued))
    shown = under_way[: max(1, console.height - ROOM_FOR_OTHERS)]
    return Group(Text(words, style="bold"), lines_of(shown)) if shown else Text(words, style="bold")
