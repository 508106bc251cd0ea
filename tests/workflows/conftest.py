"""A world for each test: model, payments, shop and mail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.workflows.world import World


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Everything that resolve-ticket touches, with a worker that works on it."""
    async with World.opened(temporal, tmp_path) as opened, opened.working():
        yield opened
