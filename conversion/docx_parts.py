"""The XML parts of a DOCX, unpacked and parsed within bounds."""

from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

from conversion.failing import REJECTED, TOO_LARGE, ConversionError

__all__ = ["Budget", "parse"]

# A book of 1,000 pages has a few million bytes of XML; a zip bomb has gigabytes.
MOST_XML = 60_000_000
CHUNK = 65_536
# Elements within elements; Word itself stays below a hundred.
DEEPEST = 1_000
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main "
FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"


class Handler(Protocol):
    """What is told of each element; names of Word's namespaces come without them."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """It opens."""

    def end(self, name: str) -> None:
        """It closes."""

    def data(self, text: str) -> None:
        """Text in it."""


class Budget:
    """How many bytes of XML may still come out, whatever the zip says of itself."""

    def __init__(self) -> None:
        self._left = MOST_XML

    def read(self, parts: ZipFile, name: str) -> Iterator[bytes]:
        """The part in chunks."""
        part: ZipInfo = parts.getinfo(name)
        with parts.open(part) as stream:
            while chunk := stream.read(CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise ConversionError(TOO_LARGE, f"more than {MOST_XML // 1_000_000} MB when unpacked")
                yield chunk


def parse(chunks: Iterator[bytes], handler: Handler) -> None:
    """Feed the handler with the start, the text and the end of each element, names without namespace."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0
    former = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, former
        depth += 1
        if depth > DEEPEST:
            raise ConversionError(TOO_LARGE, f"more than {DEEPEST} elements within each other")
        name = short(name)
        # What properties were before a change, as `w:rPrChange` keeps it.
        if former or name.endswith("PrChange"):
            former += 1
        else:
            handler.start(name, {short(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth, former
        depth -= 1
        if former:
            former -= 1
        else:
            handler.end(short(name))

    def doctype(*_: object) -> None:
        # Word writes none; with one, entities could stand for each other a billion times.
        raise ConversionError(REJECTED, "its XML has a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.data
    parser.StartDoctypeDeclHandler = doctype
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def short(name: str) -> str:
    """`w:t` as `t`; of other namespaces only what is looked for."""
    for namespace in (WORD, STRICT):
        if name.startswith(namespace):
            return name.removeprefix(namespace)
    return "Fallback" if name == FALLBACK else ""
