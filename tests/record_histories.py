"""Record the corpus again: `make record` runs every scenario and writes tests/histories/NAME.json."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from process import run
from tests.workflows.scenarios import SCENARIOS, WITH_FALLBACK
from tests.workflows.world import World

HISTORIES = Path(__file__).parent / "histories"


def without_traces(value: Any) -> Any:
    """A stack trace names files of the machine that recorded it."""
    if isinstance(value, dict):
        return {key: without_traces(content) for key, content in value.items() if key != "stackTrace"}
    return [without_traces(item) for item in value] if isinstance(value, list) else value


async def record(temporal: str, name: str) -> None:
    """Run one scenario in a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with World.opened(temporal, Path(folder)) as world:
            if name in WITH_FALLBACK:
                world.add_fallback()
            async with world.working():
                handle = await SCENARIOS[name](world)
                await world.ended(handle)
            recorded = (await handle.fetch_history()).to_json().replace(folder, ".")
    (HISTORIES / f"{name}.json").write_text(json.dumps(without_traces(json.loads(recorded)), indent=1) + "\n")
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
