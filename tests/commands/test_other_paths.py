"""Why runs of the demo took another path: their calls failed, the model misread, or neither."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.demo_play import patience_for
from commands.other_paths import calls_failed, other_paths
from commands.sample_tickets import samples
from operations.story import Story, story
from tests.operations.recorded import recorded

MUGS = replace(samples()["01-broken-mugs.eml"], path="refunded")


def told(history: str) -> Story:
    return story(recorded(history))


def words(*histories: str) -> list[str]:
    return [line for _, line, _ in other_paths([(MUGS, told(each)) for each in histories])]


@pytest.mark.parametrize(
    "history",
    [
        "handed-over-at-the-deadline",
        "handed-over-when-the-budget-was-spent",
        "handed-over-when-nobody-repaired-it",
        "refund-voided-when-the-reply-was-given-up",
    ],
)
def test_a_run_whose_model_never_answered_was_not_misread(history: str) -> None:
    """Timed out, lost, refused: the ticket and the next step are named."""
    line, step, _, command = words(history, "refunded-at-once")
    assert line.startswith("1 of 2 took another path because model calls timed out, failed or were not over")
    assert line.endswith(": 01-broken-mugs")
    assert "larger `timeout` of the route in models.toml" in step
    assert command == f"python starter.py explain {told(history).workflow_id}"


def test_a_ticket_that_was_read_wrong_was_misread() -> None:
    expected = "2 of 3 took another path than a careful reader would: the model misread them"
    assert words("replied-too-late", "handed-over-when-no-rule-fits", "refunded-at-once") == [expected]


def test_calls_that_failed_and_were_made_up_for_are_no_cause() -> None:
    """Lost calls, then an answer: a wrong path after that is the model's."""
    assert not calls_failed(told("refunded-in-spite-of-faults"))
    assert not calls_failed(told("refunded-by-the-next-route-in-an-outage"))
    assert words("refunded-in-spite-of-faults", "refunded-at-once") == []


def test_what_is_nobodys_misreading_is_told_apart() -> None:
    """The reply could not be sent: the model had answered."""
    line, _, command = words("refund-voided-when-the-reply-failed")
    assert line == "1 of 1 took their way out for a cause that is no model's: 01-broken-mugs"
    assert command.startswith("python starter.py explain ")


def test_each_cause_has_its_own_line() -> None:
    lines = words("handed-over-at-the-deadline", "replied-too-late")
    assert [line[:6] for line in lines if line.startswith("1 of 2")] == ["1 of 2", "1 of 2"]


def test_a_ticket_may_take_as_long_as_its_slowest_route() -> None:
    """So that the larger timeout which the demo recommends is of use in the demo."""
    assert patience_for([timedelta(seconds=60)]) == 120
    assert patience_for([timedelta(seconds=60), timedelta(seconds=400)]) == 400
