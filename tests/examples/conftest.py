"""A world that the examples find as they stand: their queue and their profile."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connection import TASK_QUEUE
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from tests.examples.shell import Shell
from tests.workflows.world import World, models_toml, reads_by_truth


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of their own: others start runs on the queue that the examples' worker takes from."""
    folder = tmp_path_factory.mktemp("temporal")
    yield ensure_temporal(folder).address
    stop_all(folder)


@pytest.fixture
def shell(temporal: str, tmp_path: Path) -> Shell:
    """With the session's server."""
    return Shell(temporal, tmp_path / "home")


@pytest.fixture
def nowhere(tmp_path: Path) -> Shell:
    """With a server that is not there."""
    return Shell("127.0.0.1:1", tmp_path / "home")


@pytest.fixture
async def closed_shop(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose model reads every sample right; a worker of it takes what the examples start."""
    async with World.opened(temporal, tmp_path) as opened:
        world = replace(opened, profile="local", task_queue=TASK_QUEUE)
        world.settings.models.write_text(models_toml(world.profile, world.provider.address))
        world.provider.default = reads_by_truth
        yield world


@pytest.fixture
async def shop(closed_shop: World) -> AsyncIterator[World]:
    """With a worker."""
    async with closed_shop.working():
        yield closed_shop
