"""Documents as people give them: what each is called, and what is refused before anything starts."""

import os
from pathlib import Path

import pytest

from contracts.record_types import RECORD_TYPES
from operations.documents import Kept, keep_documents
from operations.ticket_making import InboxError
from payloads.storage import documents_in


def kept(store: Path, *inputs: Path) -> list[Kept]:
    return keep_documents([str(each) for each in inputs], RECORD_TYPES["invoice"], documents_in(store))


def refused(store: Path, *inputs: Path) -> list[str]:
    """The lines of the refusal, which any terminal can show."""
    with pytest.raises(InboxError) as caught:
        kept(store, *inputs)
    return str(caught.value).encode().decode().splitlines()


def file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(found: list[Kept]) -> list[tuple[str, str]]:
    return [(each.label, each.argument.document.name) for each in found]


def test_a_document_is_called_by_its_path_in_the_folder_that_was_given(tmp_path: Path) -> None:
    """So two of one base name are two; a file that is named itself keeps its own name."""
    top = tmp_path / "in"
    one, _ = file(top / "a" / "invoice.txt", "first"), file(top / "b" / "invoice.txt", "second")
    both = ["a/invoice.txt", "b/invoice.txt"]
    assert names(kept(tmp_path / "store", top)) == [(each, each) for each in both]
    assert names(kept(tmp_path / "store", one)) == [("invoice.txt", "invoice.txt")]


def test_two_documents_under_one_name_are_refused_with_both_paths(tmp_path: Path) -> None:
    """The one that is written second would be the next version of the other."""
    one, two = file(tmp_path / "a" / "invoice.txt", "first"), file(tmp_path / "b" / "invoice.txt", "second")
    for inputs in ((one, two), (one.parent, two.parent)):
        (line,) = refused(tmp_path / "store", *inputs)
        assert line.startswith(
            f"{two}: {one} is another document of the name invoice.txt; give the one folder"
        )


def test_the_same_document_in_two_places_is_one_run_whatever_it_is_called(tmp_path: Path) -> None:
    one, two = file(tmp_path / "a" / "invoice.txt", "same"), file(tmp_path / "b" / "invoice.txt", "same")
    (found,) = kept(tmp_path / "store", one, two, one)
    assert (found.where, found.again) == (str(one), (str(two), str(one)))


def test_a_name_that_no_table_can_hold_is_one_line_of_the_refusal(tmp_path: Path) -> None:
    """Beside those of all other files: the rest of the batch is looked at, too."""
    top = tmp_path / "in"
    file(top / "ok.txt", "fine")
    file(top / ("d" * 120) / ("f" * 80 + ".txt"), "too long")
    Path(os.fsdecode(os.fsencode(top) + b"/caf\xe9.txt")).write_text("latin-1")
    assert refused(tmp_path / "store", top) == [
        f"{top}/caf\\xe9.txt: its name is not UTF-8; rename it",
        f"{top}/{'d' * 120}/{'f' * 80}.txt: its name has 205 characters, of at most 200; "
        "shorten it, or give its own folder",
    ]
