"""What kind of document some bytes are, by the name that they came under and by themselves."""

import re
from pathlib import PurePath

from conversion.failing import BROKEN, REJECTED, ConversionError

__all__ = ["DOCX", "HTML", "MAIL", "PDF", "SNIFFED", "TEXT", "check_kind", "media_type_of"]

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MAIL = "message/rfc822"
TEXT = "text/plain"

BY_SUFFIX = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".html": HTML,
    ".htm": HTML,
    ".eml": MAIL,
    ".txt": TEXT,
    ".text": TEXT,
    ".md": TEXT,
}
SNIFFED = 1_024
"""Bytes at the beginning that tell; PDF allows that much before its mark."""
MAIL_HEADER = re.compile(rb"[!-9;-~]+:|From ")
MARKS = {b"\xd0\xcf\x11\xe0": "an old Office file", b"\x89PNG": "a picture"}


def media_type_of(name: str) -> str | None:
    """By the name's ending; None for one that says nothing or something else."""
    return BY_SUFFIX.get(PurePath(name).suffix.lower())


def check_kind(media_type: str, head: bytes) -> None:
    """Raises ConversionError where the first bytes are not of this kind."""
    if not head.strip():
        raise ConversionError(BROKEN, "it is empty")
    found = found_in(head)
    if media_type in (PDF, DOCX):
        right = found == media_type
    else:
        # Of western text in UTF-16 every other byte is NUL.
        right = found is None and (b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff")))
    if not right:
        raise ConversionError(REJECTED, f"it is no {media_type}, but {found or 'something else'}")
    if media_type == MAIL and not MAIL_HEADER.match(head.lstrip()):
        raise ConversionError(REJECTED, "it is no mail: it does not begin with a header")


def found_in(head: bytes) -> str | None:
    """What the first bytes are marked as; a zip may be a DOCX, which its content must show."""
    if b"%PDF-" in head:
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return DOCX
    return next((words for mark, words in MARKS.items() if head.startswith(mark)), None)
