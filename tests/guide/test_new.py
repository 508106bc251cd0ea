"""`new`: all of a workflow, or a clear line and nothing."""

import argparse
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from commands import new_workflow
from commands.failures import CommandError, Exit
from commands.guide import GUIDE, Guide, Name, read_guide
from commands.new_workflow import LONGEST, edits, new
from tests.guide.shell import Clone, cloned
from worker import WORKFLOWS

NAME = "summarize-notes"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return cloned(tmp_path_factory.mktemp("new"))


@pytest.fixture
def clone(shared: Clone) -> Iterator[Clone]:
    """As it was cloned, and so again afterwards."""
    yield shared
    shared.typed("git reset --hard --quiet")
    shared.typed("git clean -d --force --quiet")


def made(clone: Clone, name: str = NAME) -> Exit:
    return new(argparse.Namespace(name=name), WORKFLOWS, clone.folder)


def refused(clone: Clone, name: str = NAME) -> str:
    """The line of the error; that nothing has changed is checked as well."""
    before = clone.changes()
    with pytest.raises(CommandError) as error:
        made(clone, name)
    assert clone.changes() == before
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("notes", "two words or more, in-small-letters"),
        ("SummarizeNotes", "did you mean `summarize-notes`?"),
        ("summarize_notes", "did you mean `summarize-notes`?"),
        ("Summarize Notes!", "did you mean `summarize-notes`?"),
        ("../summarize-notes", "did you mean `summarize-notes`?"),
        ("summarize-", "is no name for a workflow"),
        ("2nd-reading", "is no name for a workflow"),
        ("größe-messen", "is no name for a workflow"),
        ("", "is no name for a workflow"),
        ("summarize-" + "x" * LONGEST, f"at most {LONGEST} characters"),
    ],
)
def test_what_is_no_name_is_told_with_what_was_probably_meant(name: str, says: str, clone: Clone) -> None:
    assert says in refused(clone, name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("resolve-ticket", "there is a workflow resolve-ticket already"),
        ("read-ticket", "activities/prompts/read_ticket.py is there already"),
        ("find-order", "a step or a table is called find_order already"),
        ("next-attempt", "a step or a table is called next_attempt already"),
        ("model-activities", "ModelActivities means something else in worker.py"),
        ("step-policy", f"StepPolicy means something else in {GUIDE}"),
        ("assess-case", f"Case means something else in {GUIDE}"),
        ("judge-none", f"None means something else in {GUIDE}"),
        ("result-result", "ResultResult would mean two things"),
    ],
)
def test_a_name_that_something_has_already_is_refused(name: str, says: str, clone: Clone) -> None:
    """Whatever it is that has it: a workflow, a file, a step, a table, a class."""
    told = refused(clone, name)
    assert says in told
    assert told.endswith("take another name. Nothing was written")


def test_a_file_or_a_package_that_is_there_is_never_overwritten(clone: Clone) -> None:
    package = clone.folder / "contracts" / "summarize_notes"
    package.mkdir()
    (package / "mine.py").write_text("MINE = True\n")
    assert "contracts/summarize_notes is there already" in refused(clone)
    (package / "mine.py").rename(clone.folder / "samples" / "summarize-notes.json")
    package.rmdir()
    assert "samples/summarize-notes.json is there already" in refused(clone)


def test_changes_that_are_not_committed_come_first(clone: Clone) -> None:
    """Only where lines are added: work on anything else may go on."""
    (clone.folder / "README.md").write_text("mine\n")
    worker = clone.folder / "worker.py"
    worker.write_text(worker.read_text() + "\n# mine\n")
    assert refused(clone).startswith("not committed: worker.py; commit or stash that first")
    clone.typed("git checkout --quiet worker.py")
    assert made(clone) is Exit.OK


def test_sources_without_git_are_taken_as_they_are(clone: Clone) -> None:
    """As from an archive."""
    (clone.folder / ".git").rename(clone.home.parent / "git")
    try:
        made(clone)
        assert (clone.folder / "workflows" / "summarize_notes.py").exists()
    finally:
        (clone.home.parent / "git").rename(clone.folder / ".git")


def test_two_at_once_are_both_registered(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one reads what the first has written. With git it is refused until that is committed."""

    def slow(own: Guide, checkout: Path) -> dict[str, str]:
        edited = edits(own, checkout)
        time.sleep(1)
        return edited

    monkeypatch.setattr(new_workflow, "edits", slow)
    (clone.folder / ".git").rename(clone.home.parent / "git")
    try:
        with ThreadPoolExecutor() as both:
            assert list(both.map(partial(made, clone), (NAME, "answer-letters"))) == [Exit.OK] * 2
        worker = (clone.folder / "worker.py").read_text()
    finally:
        (clone.home.parent / "git").rename(clone.folder / ".git")
    listed = worker.partition("WORKFLOWS: ")[2].partition("\n]")[0].split()
    assert {"SummarizeNotes,", "AnswerLetters,"} <= set(listed)


def test_sources_in_which_a_line_has_no_place_are_not_touched(clone: Clone) -> None:
    worker = clone.folder / "worker.py"
    worker.write_text(worker.read_text().replace("UPKEEP = [", "UPKEEP = list(["))
    clone.typed("git -c user.name=a -c user.email=a@shop.example commit --all --quiet --message=other")
    try:
        told = refused(clone)
    finally:
        clone.typed("git reset --hard --quiet HEAD~1")
    assert told.startswith(f"worker.py has no longer, or more than once, the lines by which {GUIDE} finds")


def test_half_of_it_is_taken_back_when_a_file_cannot_be_written(clone: Clone) -> None:
    """The folder of its test is gone, and everything before that was written already."""
    (clone.folder / "tests" / "workflows").rename(clone.folder / "tests" / "elsewhere")
    told = refused(clone)
    assert "test_summarize_notes.py: cannot be written: No such file or directory" in told
    assert told.endswith("everything is as it was")


@pytest.mark.parametrize("error", [KeyboardInterrupt, CommandError(Exit.FAILED, "no ruff")], ids=str)
def test_all_of_it_is_taken_back_when_it_ends_before_its_end(
    error: BaseException, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C as by a tool that fails."""

    def ends(*_: object) -> None:
        assert len(clone.changes()) > 8
        raise error

    monkeypatch.setattr(new_workflow, "tidy", ends)
    with pytest.raises((KeyboardInterrupt, CommandError)):
        made(clone)
    assert clone.changes() == []


def test_sources_that_ruff_cannot_read_are_told(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_workflow, "TIDY", (("check", "--no-such-option"),))
    assert "ruff cannot bring it into form, so everything is as it was" in refused(clone)


def test_two_workflows_of_the_longest_names_stand_beside_each_other(clone: Clone) -> None:
    """Registered, in the sources' own format, and all that is wanted of every workflow holds for both."""
    longest = "z-" + "y" * (LONGEST - 2)
    made(clone)
    clone.typed("git add --all")
    clone.typed("git -c user.name=a -c user.email=a@shop.example commit --quiet --message=first")
    try:
        made(clone, longest)
        clone.typed("python -m ruff check .")
        clone.typed("python -m ruff format --check .")
        tests = "tests/workflows/test_registration.py tests/activities/test_prompts.py"
        clone.typed(f"python -m pytest -q -p no:cacheprovider {tests}")
        known = clone.typed("python starter.py certify summarize", code=2)
        assert f"resolve-ticket, extract-records, {NAME}, {longest}" in known
    finally:
        clone.typed("git reset --hard --quiet HEAD~1")


def test_no_word_of_the_example_is_left_in_another_one(clone: Clone) -> None:
    """Neither in its files nor in those that it is registered in; the prompt's words are still about it."""
    made(clone)
    own = read_guide(clone.folder).named(Name(NAME))
    for path in (*own.files, *(each.file for each in own.added)):
        assert not re.findall(r"sort[-_]feedback|Feedback", (clone.folder / path).read_text()), path
    contract = (clone.folder / "contracts" / "summarize_notes.py").read_text()
    classes = re.findall(r"^class (\w+)", contract, re.MULTILINE)
    assert classes == ["Notes", "NotesRequest", "Topic", "NotesReading", "NotesPath", "NotesResult"]
