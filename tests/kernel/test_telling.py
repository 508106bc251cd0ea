"""A run that is gone tells nothing, wherever its coroutines are closed."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import workflow

from contracts.happenings import OBSERVE, WaitEnded
from contracts.terms import Amount, Terms
from workflows.kernel.telling import Teller


def unknown() -> Any:
    raise AttributeError("_outbound")


def test_nothing_is_told_while_another_run_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collected just then, a closed coroutine finds a workflow that cannot be asked which one it is."""
    told: list[Any] = []
    info = SimpleNamespace(workflow_type="w", workflow_id="w/1", run_id="r")
    monkeypatch.setattr(workflow, "info", lambda: info)
    monkeypatch.setattr(workflow, "extern_functions", lambda: {OBSERVE: told.append})
    terms = Terms(tenant="t", requested_by="b", cap=Amount(), deadline=timedelta(hours=1), profile="p")
    teller = Teller(terms)
    monkeypatch.setattr(workflow, "in_workflow", lambda: True)
    monkeypatch.setattr(workflow, "info", unknown)
    teller(lambda: WaitEnded(what="a person"))
    assert told == []
