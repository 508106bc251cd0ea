"""The same input again: what `run` says of the run that is there, and of terms that it does not get."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.run import joined_text
from contracts.terms import Terms
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from operations.starting import Started
from tests.commands.test_bad_input import MAIL, starter
from workflows.resolve_ticket import PLAN

TERMS = Terms(tenant="acme", requested_by="bob", cap=PLAN.cap, deadline=timedelta(hours=1), profile="local")
BEGAN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A Temporal server that no worker asks for tasks: every run stays open."""
    yield ensure_temporal(tmp_path).address
    stop_all(tmp_path)


def test_an_open_run_is_joined_and_nothing_is_promised(server: str, tmp_path: Path) -> None:
    """With other terms and --again: what it runs under, and what would have to come first."""
    first = ["run", "resolve-ticket", MAIL, "--no-wait", "--json"]
    begun = starter(*first, home=tmp_path, TEMPORAL_ADDRESS=server)
    assert begun.returncode == 0, begun.stderr
    other = ["--again", "--usd", "0.04", "--profile", "openai-small"]
    joined = starter(*first, *other, home=tmp_path, TEMPORAL_ADDRESS=server)
    (run,) = json.loads(joined.stdout)
    assert run == json.loads(begun.stdout)[0]
    said = " ".join(joined.stderr.split())
    assert f"joined {run['workflow_id']}, which is still running, since 20" in said
    assert "profile local (asked: openai-small)" in said
    assert "cap $0.05, 120,000 tokens" in said
    assert f"wait, or `python starter.py cancel {run['workflow_id']}`" in said


def test_an_ended_run_may_be_started_anew() -> None:
    joined = Started("a/b/c", "1", joined=True, began_at=BEGAN, terms=TERMS, goes_on=False)
    said = joined_text(joined, TERMS, again=False)
    assert said == "joined a/b/c, which began 2026-03-04 05:06:07Z (--again starts anew)"


def test_an_open_run_under_the_same_terms_is_just_joined() -> None:
    """Nobody asked for anything else."""
    joined = Started("a/b/c", "1", joined=True, began_at=BEGAN, terms=TERMS, goes_on=True)
    said = joined_text(joined, TERMS, again=False)
    assert said == "joined a/b/c, which is still running, since 2026-03-04 05:06:07Z"
