"""`certify`: the worst case of a run, told before it starts; no server and no key are needed for it."""

import json
from pathlib import Path

from contracts.certificates import Certificate
from tests.commands.terminal import ROOT, on_pipes

COMMITTED = ROOT / "certificates"


def said(*arguments: str, home: Path, code: int = 0) -> str:
    """Standard output, or standard error where it fails; by the committed prices."""
    changed = {"TENUTO_MODELS": str(COMMITTED / "models.toml")}
    with on_pipes("certify", *arguments, home=home, changed=changed) as command:
        assert command.ended() == code, command.errors
    return command.errors if code else command.output


def test_its_json_is_the_committed_certificate(tmp_path: Path) -> None:
    """So it can be committed as it is printed."""
    committed = (COMMITTED / "resolve-ticket.json").read_text()
    assert said("resolve-ticket", "--json", home=tmp_path) == committed


def test_it_tells_the_worst_case_and_what_the_terms_leave_of_it(tmp_path: Path) -> None:
    """With the cap that stops a run before it, and every step's part."""
    told = said("resolve-ticket", "--usd", "0.02", home=tmp_path)
    assert "$4.941756" in told
    assert "$0.02, by the cap" in told
    assert "hand_to_desk" in told


def test_without_repairs_and_on_one_route_it_is_less(tmp_path: Path) -> None:
    """By exactly the repairs: one course in four is left, and one of two routes."""
    options = ("resolve-ticket", "--json", "--park", "0", "--profile", "small")
    found = Certificate.model_validate(json.loads(said(*options, home=tmp_path)))
    assert (found.worst.calls, found.parks, found.profile) == (8, False, "small")


def test_a_workflow_or_profile_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    """With those that are."""
    assert "known: resolve-ticket" in said("resolve-tickets", home=tmp_path, code=2)
    assert "known: careful, large, small" in said("resolve-ticket", "--profile", "x", home=tmp_path, code=2)


def test_the_adversarial_run_is_told_beside_it(tmp_path: Path) -> None:
    """On a server of its own, which is gone afterwards; on standard output is nothing but the JSON."""
    told = json.loads(said("resolve-ticket", "--adversarial", "--park", "0", "--json", home=tmp_path))
    refunded, *others = told["adversarial"]
    assert (refunded["calls"], refunded["steps"], refunded["exceeded"]) == (16, 7, [])
    assert [each["exceeded"] for each in others] == [[], []]
    assert not list(tmp_path.rglob("temporal.db"))


def test_a_run_with_fewer_steps_than_certified_is_told_as_a_share_of_its_own_bound(tmp_path: Path) -> None:
    """A document of 40 sections, where 320 are certified: two attempts each on one route, and two again."""
    told = said("extract-records", "--adversarial", "--profile", "small", "--park", "0", home=tmp_path)
    assert "82 (100 % of 82)" in told
    assert "reached with 40 read_section of 320" in told
