"""What the corpus reaches of a workflow, and what it does not, by name."""

from operations.coverage import coverage
from tests.operations.recorded import TICKETS, marks_of, recorded
from workflows.resolve_ticket import ResolveTicket


def test_one_run_reaches_its_own_path_and_nothing_else() -> None:
    """Of stages, transitions and rows; what it misses is named in the words of the code."""
    found = {each.what: each for each in coverage([ResolveTicket], marks_of(recorded("replied-too-late")))}
    assert found["stages"].missing == ("awaiting_approval", "refunding", "handing_over")
    assert found["transitions"].reached == 2
    assert "reading → handing_over" in found["transitions"].missing
    assert "looking_up → replying" not in found["transitions"].missing
    assert found["remedy v1"].reached == 1
    assert "8. small enough to pay at once" in found["remedy v1"].missing
    assert "5. the time for refunds is over" not in found["remedy v1"].missing


def test_no_run_reaches_nothing() -> None:
    """Not even the stage that every run begins in."""
    assert {each.reached for each in coverage([ResolveTicket], [])} == {0}


def test_the_corpus_reaches_every_stage_and_nearly_every_transition() -> None:
    marks = [mark for file in TICKETS for mark in marks_of(recorded(file.stem))]
    found = {each.what: each for each in coverage([ResolveTicket], marks)}
    assert found["stages"].missing == ()
    assert len(found["transitions"].missing) <= 2


def test_a_row_of_another_version_is_not_reached() -> None:
    """Rows are numbered, and a new version has others."""
    marks = [("resolve-ticket", "remedy v0", "8", "")]
    found = {each.what: each for each in coverage([ResolveTicket], marks)}
    assert found["remedy v1"].reached == 0
