"""Record the corpus again: `make record` runs every scenario and writes tests/histories/NAME.json."""

import sys
import tempfile
from pathlib import Path

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from operations.recording import corpus_file
from process import run
from tests.workflows.scenarios import SCENARIOS, WITH_FALLBACK
from tests.workflows.world import World
from worker import WORKFLOWS

HISTORIES = Path(__file__).parent / "histories"


def description_of(name: str) -> str:
    """One line: the scenario's docstring, or its name in words."""
    words = (SCENARIOS[name].__doc__ or name.replace("-", " ").capitalize()).split()
    return " ".join(words).rstrip(".")


async def record(temporal: str, name: str) -> None:
    """Run one scenario in a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with World.opened(temporal, Path(folder)) as world:
            if name in WITH_FALLBACK:
                world.add_fallback()
            async with world.working():
                handle = await SCENARIOS[name](world)
                await world.ended(handle)
            history = await handle.fetch_history()
        text = await corpus_file(history, description_of(name), WORKFLOWS, [Path(folder)])
    (HISTORIES / f"{name}.json").write_text(text, encoding="utf-8")
    sys.stdout.write(f"recorded {name}\n")


async def main(names: list[str]) -> None:
    """Record the named scenarios, or all."""
    HISTORIES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        temporal = ensure_temporal(Path(folder)).address
        try:
            for name in names or SCENARIOS:
                await record(temporal, name)
        finally:
            stop_all(Path(folder))


if __name__ == "__main__":
    run(main(sys.argv[1:]))
