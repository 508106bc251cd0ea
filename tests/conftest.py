"""A real Temporal server for the session, and a world for each test: model, payments, shop and mail.

And the ledger's database, once in a file and once on a real PostgreSQL.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from tests.leftovers import servers_ending_with_this_process
from tests.postgres import NoPostgres, new_database, serving_postgres

if TYPE_CHECKING:
    from tests.workflows.world import World

# How long an example takes is the machine's affair.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that may take long go first, then those with many: the last ones are soon done."""
    longest: Counter[Path] = Counter()
    for item in items:
        marker = item.get_closest_marker("timeout")
        longest[item.path] = max(longest[item.path], *(marker.args if marker else ()), 0)
    number = Counter(item.path for item in items)
    items.sort(key=lambda item: (-longest[item.path], -number[item.path]))


@pytest.fixture(scope="session", autouse=True)
def no_leftovers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The servers of this run end with it, also when it is killed."""
    with servers_ending_with_this_process(tmp_path_factory.getbasetemp()):
        yield


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
async def world(temporal: str, tmp_path: Path) -> "AsyncIterator[World]":
    """Everything that resolve-ticket touches, with a worker that works on it."""
    from tests.workflows.world import World  # here, since the kernel's tests need none of all that it loads

    async with World.opened(temporal, tmp_path) as opened, opened.working():
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server; where there is none, tests that need it are skipped, but not in CI."""
    try:
        serving = serving_postgres()
        url = serving.__enter__()
    except NoPostgres as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    yield url
    serving.__exit__(None, None, None)


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """Of an empty database on a real PostgreSQL."""
    return new_database(postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_url"))
