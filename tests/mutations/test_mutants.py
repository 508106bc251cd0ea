"""Every mutant fits the sources as they are, and an edit that does not is refused."""

from pathlib import Path

import pytest

from tests.checkouts import CHECKOUT, Edit, EditError, copied, edit
from tests.mutations.mutants import MUTANTS, Mutant


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("checkout") / "copy")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_the_sources_that_are_there(checkout: Path, mutant: Mutant) -> None:
    """Whether a test notices it, `make mutate` tells; that its text has moved is told at once."""
    files = {each.file: (checkout / each.file).read_text() for each in mutant.edits}
    edit(checkout, mutant.edits)
    assert all((checkout / file).read_text() != text for file, text in files.items())
    for file, text in files.items():
        (checkout / file).write_text(text)
    assert all((CHECKOUT / test.partition("::")[0]).is_file() for test in mutant.tests)


def test_mutants_are_told_apart_by_their_names() -> None:
    """A name says what is wrong, once."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 10


@pytest.mark.parametrize("old", ["nowhere", "twice"])
def test_a_text_that_is_not_there_exactly_once_is_refused_and_nothing_is_written(
    tmp_path: Path, old: str
) -> None:
    """Also when another edit of the same mutant fits."""
    (tmp_path / "module.py").write_text("once\ntwice\ntwice\n")
    fits, does_not = Edit("module.py", "once", "changed"), Edit("module.py", old, "changed")
    with pytest.raises(EditError, match=f"module.py holds '{old}' [02] times, not once"):
        edit(tmp_path, [fits, does_not])
    assert (tmp_path / "module.py").read_text() == "once\ntwice\ntwice\n"
