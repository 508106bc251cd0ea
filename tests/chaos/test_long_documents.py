"""A document of many pages is read within bounds of memory, history and money."""

import sys
from pathlib import Path

import pytest

from tests.chaos.long_books import report, wrongs
from tests.chaos.long_documents import read_long
from tests.workflows.world import World


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.timeout(400)
async def test_memory_history_and_cost_of_many_pages_stay_within_their_bounds(
    untouched_temporal: str, tmp_path: Path
) -> None:
    """60 pages, half of them, and all of them with half the cap: typed, told by page, and nothing written."""
    async with World.opened(untouched_temporal, tmp_path) as world:
        done = await read_long(world, untouched_temporal, pages=60)
    assert wrongs(done) == [], "\n".join(report(done))
