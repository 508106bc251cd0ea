"""What a change breaks is said before it is deployed, with the event, the line and the remedy."""

from pathlib import Path

import pytest

from tests.changes.judging import judged
from tests.changes.prepared import CHANGES, Change
from tests.checkouts import copied


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("checkout") / "copy")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_each_gate_says_of_a_change_what_is_expected(checkout: Path, change: Change) -> None:
    """Temporal's own, and ours; a change that is safe passes both."""
    assert list(judged(change, checkout).surprises(change)) == []


def test_both_gates_are_needed() -> None:
    """Some changes pass Temporal's replay and not ours, and some nothing notices, since runs are safe."""
    assert any(change.commands is None and change.content is not None for change in CHANGES)
    assert any(change.commands is not None for change in CHANGES)
    assert any(change.commands is None and change.content is None for change in CHANGES)
