"""The rows of `run` and the demo say whether a run waits in a queue, or tries again, as `watch` does."""

import asyncio
from io import StringIO
from pathlib import Path

from rich.console import Console

from commands.watching import Watched, lines_of, look
from tests.fault_server import faults
from tests.workflows.world import World, models_toml, sample
from workflows.resolve_ticket import Stage


def row(run: Watched) -> str:
    stream = StringIO()
    Console(file=stream, width=60).print(lines_of([run]))
    return stream.getvalue()


async def test_a_row_says_queued_and_which_attempt(temporal: str, tmp_path: Path) -> None:
    """The route has one slot. The first run's second attempt hangs in it; the second run waits for it."""
    async with World.opened(temporal, tmp_path) as world:
        catalogue = tmp_path / "models.toml"
        catalogue.write_text(models_toml(world.profile, world.provider.address, slots=1, timeout=60))
        world.provider.script(faults.status(503), faults.hang(), faults.hang())
        async with world.working():
            first = await world.start(sample("01"))
            trying = Watched("first", first.id, first.result_run_id or "")
            while trying.attempt < 2 or trying.queued:
                await look(world.client, trying)
                await asyncio.sleep(0.1)
            second = await world.start(sample("02"))
            await world.in_stage(second, Stage.READING)
            waiting = Watched("second", second.id, second.result_run_id or "")
            while not waiting.queued:
                await look(world.client, waiting)
                await asyncio.sleep(0.1)
            rows = row(trying), row(waiting)
            for each in (first, second):
                await each.terminate()
    assert "reading (attempt 2)" in rows[0]
    assert "reading (queued)" in rows[1]
