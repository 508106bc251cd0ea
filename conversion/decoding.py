"""Bytes as text, by what says which characters they are."""

import codecs
import encodings
import pkgutil
import re
from contextlib import suppress

__all__ = ["clean", "decoded", "load_encodings"]

# NUL, and the tag characters: a whole alphabet that no program draws, but models read.
UNSEEN = re.compile("[\0\U000e0000-\U000e007f]")
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decoded(content: bytes, charset: str | None = None) -> str:
    """By the declared character set, else by the bytes: a mark, UTF-8, or what Windows wrote in the west.

    Short texts in other old encodings cannot be told apart, so nothing is guessed; order numbers are ASCII.
    """
    marked = next((name for mark, name in BYTE_ORDER_MARKS if content.startswith(mark)), None)
    for name in filter(None, (charset, marked, "utf-8")):
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def load_encodings() -> None:
    """All of them, before a process is confined that may not reach their files any more."""
    for module in pkgutil.iter_modules(encodings.__path__):
        # Some belong to other systems, and some modules there are no encodings.
        with suppress(LookupError, ImportError):
            codecs.lookup(module.name)


def clean(text: str) -> str:
    """The text with plain line ends, without what nobody sees and without what UTF-8 cannot carry."""
    text = UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.encode("utf-8", "replace").decode("utf-8").strip()
