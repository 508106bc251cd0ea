"""Where tickets come from: files of four forms, folders and Maildirs of them, standard input."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NoReturn

from conversion.decoding import decoded
from operations.ticket_making import InboxError

__all__ = ["LARGEST_FILE", "LARGEST_MAIL", "Form", "Source", "messages_in", "passed_over", "sources_of"]

# Attachments included; a mail server's own limit is about this.
LARGEST_MAIL = 10_000_000
# An mbox or a file of JSON lines is read whole.
LARGEST_FILE = 500_000_000
# Enough to see what a file is.
SNIFFED = 65_536


class Form(Enum):
    """What a file holds."""

    MAIL = "a mail"
    TEXT = "a text"
    JSON_LINES = "JSON tickets, one a line"
    MBOX = "mails, one after the other"


BY_SUFFIX = {
    ".eml": Form.MAIL,
    ".txt": Form.TEXT,
    ".jsonl": Form.JSON_LINES,
    ".ndjson": Form.JSON_LINES,
    ".mbox": Form.MBOX,
}
MAILDIR = {"cur", "new", "tmp"}

# With a time, and only after an empty line: a sentence may begin with "From", too.
FROM_LINE = rb"From [^\n]*\d\d:\d\d[^\n]*\n"
MBOX_BEGINS = re.compile(FROM_LINE + rb"[!-9;-~]+:")
MBOX_LINE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))" + FROM_LINE)
MBOX_ESCAPED = re.compile(rb"^>(?=>*From )", re.MULTILINE)
HEADERS = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n|[ \t][^\n]*\n)+")
# With one of these it is a whole mail; From and Subject alone may stand above a plain text.
OF_A_MAIL = re.compile(
    rb"^(?:MIME-Version|Content-[\w-]+|Message-ID|Received):", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Source:
    """One file, or standard input."""

    where: str
    """As an error names it."""
    label: str
    """As a run is called."""
    form: Form | None
    """None when only its content can tell."""
    read: Callable[[], bytes]


def sources_of(name: str, stdin: BinaryIO) -> Iterator[Source]:
    """The files of one input, sorted; hidden ones are passed over. Raises InboxError when there are none."""
    path = Path(name)
    if name == "-":
        yield Source("standard input", "standard input", None, lambda: within_limit(stdin))
    elif path.is_dir():
        sources = list(in_folder(path))
        if not sources:
            raise InboxError(f"{name}: no .eml, .txt, .jsonl or .mbox file and no Maildir in this folder")
        yield from sources
    elif path.exists():
        yield Source(name, path.name, BY_SUFFIX.get(path.suffix.lower()), content_of(path))
    else:
        raise InboxError(f"{name}: no such file or folder")


def in_folder(top: Path) -> Iterator[Source]:
    """Files of known forms, in every folder below."""
    for file, form in visible_in(top):
        if form is not None:
            yield Source(str(file), file.relative_to(top).as_posix(), form, content_of(file))


def passed_over(name: str) -> list[Path]:
    """The files of a folder that are of no known form; of anything else none. Raises InboxError."""
    top = Path(name)
    return [file for file, form in visible_in(top) if form is None] if top.is_dir() else []


def visible_in(top: Path) -> Iterator[tuple[Path, Form | None]]:
    """Every file that is not hidden, with its form; a Maildir's mails are known by where they are."""
    for place, folders, files in os.walk(top, onerror=refuse):
        here = Path(place)
        found = [(file, form_of(file)) for file in (here / name for name in sorted(files))]
        if set(folders) >= MAILDIR:
            mails = sorted([*delivered(here / "new"), *delivered(here / "cur")], key=lambda mail: mail.name)
            found = [*((mail, Form.MAIL) for mail in mails), *found]
            folders[:] = set(folders) - MAILDIR
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        for file, form in found:
            if not file.name.startswith(".") and file.is_file():
                yield file, form


def refuse(error: OSError) -> NoReturn:
    """A folder that may not be listed is not passed over."""
    raise InboxError(f"{error.filename}: cannot be read: {error.strerror}") from error


def delivered(folder: Path) -> list[Path]:
    """The mails in one of a Maildir's folders."""
    try:
        return list(folder.iterdir())
    except OSError as error:
        refuse(error)


def form_of(file: Path) -> Form | None:
    """By its name; mail programs also keep an mbox under a name like `Inbox`."""
    known = BY_SUFFIX.get(file.suffix.lower())
    if known is None and not file.suffix and file.is_file():
        try:
            with file.open("rb") as opened:
                return Form.MBOX if MBOX_BEGINS.match(opened.read(SNIFFED)) else None
        except OSError:
            return None
    return known


def content_of(file: Path) -> Callable[[], bytes]:
    """How to read a file."""

    def read() -> bytes:
        try:
            with file.open("rb") as opened:
                return within_limit(opened)
        except OSError as error:
            raise InboxError(f"cannot be read: {error.strerror}") from error

    return read


def within_limit(stream: BinaryIO) -> bytes:
    """The content, unless it is too large."""
    content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise InboxError(f"larger than {LARGEST_FILE // 1_000_000} MB")
    return content


def messages_in(source: Source, content: bytes) -> Iterator[tuple[str, Form, bytes]]:
    """Each message with what is added to the file's label: its number, when a file may hold several."""
    form = source.form
    if form in (None, Form.TEXT):
        form = form_in(content, source.form)
        check_kind(source, form)
    if form is Form.MBOX:
        mails = mails_in(content)
        if not mails:
            raise InboxError("no mail in this mbox: no line `From ADDRESS TIME` begins one")
        yield from ((f"#{number}", Form.MAIL, mail) for number, mail in enumerate(mails, start=1))
    elif form is Form.JSON_LINES:
        lines = decoded(content).split("\n")
        numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
        if not numbered:
            raise InboxError("no line with a ticket")
        yield from ((f"#{number}", form, line.encode("utf-8", "replace")) for number, line in numbered)
    else:
        yield "", form or Form.TEXT, content


def check_kind(source: Source, form: Form) -> None:
    """Anything can be read as a text; what is named for something else is not meant so."""
    kind = Path(source.label).suffix.lower()
    if form is Form.TEXT and kind and source.form is None:
        known = ", ".join(BY_SUFFIX)
        raise InboxError(f"unknown kind {kind}; known: {known}, and texts on standard input")


def form_in(content: bytes, named: Form | None) -> Form:
    """By the content: for standard input, for names that tell nothing, and for mails named `.txt`."""
    if MBOX_BEGINS.match(content):
        return Form.MBOX
    if named is None and content[:SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return Form.JSON_LINES
    headers = HEADERS.match(content[:SNIFFED])
    return Form.MAIL if headers and OF_A_MAIL.search(headers.group()) else Form.TEXT


def mails_in(content: bytes) -> list[bytes]:
    """The mails of an mbox, with `From ` at the beginning of their lines as it was."""
    lines = list(MBOX_LINE.finditer(content))
    ends = [line.start() for line in lines[1:]] + [len(content)]
    return [MBOX_ESCAPED.sub(b"", content[line.end() : end]) for line, end in zip(lines, ends, strict=False)]
