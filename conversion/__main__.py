"""One document from standard input to standard output: `python -m conversion TYPE LIMITS PARENT`.

A line of JSON for each page, as soon as it is read: `{"number", "seen", "hidden", "unread"}`. The last line
is `{"pages": N}`, or `{"fault", "reason"}` for a document that cannot be converted. Without a last line the
converter died, and what came before counts for nothing.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib import import_module

from conversion import media_types
from conversion.confinement import confine
from conversion.failing import TOO_LARGE, ConversionError
from conversion.limits import Limits
from conversion.pages import PageText, within

Converter = Callable[[bytes, Limits], Iterator[PageText]]

CONVERTERS: Mapping[str, tuple[str, str]] = {
    media_types.PDF: ("conversion.pdf_text", "pdf_pages"),
    media_types.DOCX: ("conversion.docx_text", "docx_pages"),
    media_types.HTML: ("conversion.html_documents", "html_pages"),
    media_types.MAIL: ("conversion.html_documents", "mail_pages"),
    media_types.TEXT: ("conversion.text_documents", "text_pages"),
}


def main(media_type: str, limits: Limits, parent: int) -> None:
    """Write every line. What is not a ConversionError is a defect, and ends the process with a traceback."""
    module, name = CONVERTERS[media_type]
    convert: Converter = getattr(import_module(module), name)
    # Nothing of the document has been read until here, and no code of ours is loaded after this.
    confine(limits, parent)
    pages = 0
    try:
        for page in within(convert(document(media_type, limits), limits), limits):
            say(asdict(page))
            pages = page.number
        say({"pages": pages})
    except ConversionError as error:
        say({"fault": error.fault, "reason": error.reason})
    except MemoryError:
        most = limits.memory_bytes // 1_000_000
        say({"fault": TOO_LARGE, "reason": f"needs more than {most} MB of memory"})
    except RecursionError:
        say({"fault": TOO_LARGE, "reason": "too many things within each other"})


def document(media_type: str, limits: Limits) -> bytes:
    """All of it. Raises ConversionError when it is too large or of another kind."""
    content = sys.stdin.buffer.read(limits.input_bytes + 1)
    if len(content) > limits.input_bytes:
        raise ConversionError(TOO_LARGE, f"larger than {limits.input_bytes} bytes")
    media_types.check_kind(media_type, content[: media_types.SNIFFED])
    return content


def say(line: object) -> None:
    """At once: the application keeps a page while the next one is read."""
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], Limits.read(sys.argv[2]), int(sys.argv[3]))
    # Nothing is left to be taken down, and taking down may crash on what a document did to a library.
    os._exit(0)
