"""Documents as people give them, kept for runs: files, folders of them, and the record type to extract."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.documents import MOST_BYTES
from contracts.extraction import Extraction
from contracts.record_schemas import RecordTypeError, record_type_of
from contracts.record_types import RECORD_TYPES
from contracts.records import RecordType
from conversion.media_types import media_type_of
from operations.document_sources import keep_document
from operations.ticket_making import InboxError
from payloads.folder import BlobFolder

__all__ = ["Kept", "keep_documents", "record_type_named"]


@dataclass(frozen=True)
class Kept:
    """A run's argument, and what a person calls it."""

    label: str
    argument: Extraction
    where: str
    again: tuple[str, ...] = ()
    """Where else among the inputs the same document is, under whichever name."""


def record_type_named(name: str) -> RecordType:
    """One that is known by name, or of a JSON Schema in a file. Raises InboxError."""
    if name in RECORD_TYPES:
        return RECORD_TYPES[name]
    path = Path(name)
    known = ", ".join(sorted(RECORD_TYPES))
    if path.suffix != ".json":
        raise InboxError(f"no record type {name!r}; known: {known}, or a JSON Schema in a .json file")
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        return record_type_of(path.stem.replace("-", "_").lower(), schema)
    except OSError as error:
        raise InboxError(f"{name}: {error.strerror}") from error
    except RecordTypeError as error:
        raise InboxError(f"{name}: {error}") from error
    except (ValueError, AttributeError) as error:
        raise InboxError(f"{name}: no JSON Schema: {error}") from error


def keep_documents(inputs: Sequence[str], record: RecordType, store: BlobFolder) -> list[Kept]:
    """Put every document into the store. Raises InboxError with a line for each that cannot be read.

    A document that no converter can take is no error here: it is for its run to say so, to a person. Two
    documents under one name are: a name has one row, so one of them would be lost as a former version.
    """
    kept: dict[str, Kept] = {}
    named: dict[str, str] = {}
    problems: list[str] = []
    for file, name in files_of(inputs, problems):
        where = shown(file)
        try:
            content = file.read_bytes()
            if not content:
                raise InboxError("empty")
            if len(content) > MOST_BYTES:
                raise InboxError(f"larger than {MOST_BYTES // 1_000_000} MB")
            document = keep_document(name, content, store)
        except OSError as error:
            problems.append(f"{where}: {error.strerror}")
            continue
        except InboxError as error:
            problems.append(f"{where}: {error}")
            continue
        argument = Extraction(document=document, record=record)
        same = argument.identity()
        if (first := kept.get(same)) is not None:
            kept[same] = replace(first, again=(*first.again, where))
        elif (other := named.setdefault(name, where)) != where:
            problems.append(
                f"{where}: {other} is another document of the name {name}; "
                "give the one folder that holds both, or rename one"
            )
        else:
            kept[same] = Kept(name, argument, where)
    if problems:
        raise InboxError("\n".join(problems))
    return list(kept.values())


def files_of(inputs: Sequence[str], problems: list[str]) -> Iterator[tuple[Path, str]]:
    """Files as they are named, and those in folders whose kind is known, in their order.

    Each with what its document is called: its path in the folder that was given, or its own name.
    """
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found = [each for each in sorted(path.rglob("*")) if each.is_file() and media_type_of(each.name)]
            found = [each for each in found if not each.name.startswith(".")]
            if not found:
                problems.append(f"{shown(path)}: no .pdf, .docx, .html, .eml or .txt file in this folder")
            yield from ((each, each.relative_to(path).as_posix()) for each in found)
        elif path.exists():
            yield path, path.name
        else:
            problems.append(f"{shown(path)}: no such file or folder")


def shown(file: Path) -> str:
    """For a person, and for any terminal: a name may hold bytes that are no UTF-8."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")
