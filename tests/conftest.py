"""A real Temporal server for the session."""

from collections.abc import Iterator

import pytest

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tuned, durable server."""
    folder = tmp_path_factory.mktemp("temporal")
    yield ensure_temporal(folder).address
    stop_all(folder)
