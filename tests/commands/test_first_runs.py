"""What `dev` proposes once it is ready: a run of whatever is registered."""

from pathlib import Path
from types import SimpleNamespace

from commands.first_runs import first_runs
from tests.checkouts import CHECKOUT
from worker import WORKFLOWS


def test_each_registered_workflow_is_proposed_with_a_sample_that_is_there() -> None:
    proposed = list(first_runs(WORKFLOWS))
    assert [line.split()[3] for line in proposed] == [each.plan.name for each in WORKFLOWS]
    assert all((CHECKOUT / line.split()[4]).is_file() for line in proposed)


def test_a_team_with_only_its_own_workflows_reads_of_nothing_else(tmp_path: Path) -> None:
    """Its sample where `new` put it; where there is none it says that an input is wanted."""
    own = [SimpleNamespace(plan=SimpleNamespace(name=name)) for name in ("screen-letters", "rate-offers")]
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "screen-letters.json").touch()
    assert list(first_runs(own, tmp_path)) == [
        "python starter.py run screen-letters samples/screen-letters.json",
        "python starter.py run rate-offers INPUT",
    ]
