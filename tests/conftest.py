"""A real Temporal server for the session, and a world for each test: model, payments, shop and mail."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from tests.workflows.world import World


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tuned, durable server."""
    folder = tmp_path_factory.mktemp("temporal")
    yield ensure_temporal(folder).address
    stop_all(folder)


@pytest.fixture
def untouched_temporal(tmp_path: Path) -> Iterator[str]:
    """One of its own, where no other test's worker has ever asked for a task."""
    yield ensure_temporal(tmp_path / "temporal").address
    stop_all(tmp_path / "temporal")


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Everything that resolve-ticket touches, with a worker that works on it."""
    async with World.opened(temporal, tmp_path) as opened, opened.working():
        yield opened
