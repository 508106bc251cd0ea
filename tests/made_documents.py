"""Documents made byte by byte: small ones, and hostile ones that no program would write."""

import io
import zipfile
from collections.abc import Mapping, Sequence

__all__ = [
    "INVOICE",
    "WORD",
    "docx",
    "pdf",
    "pdf_of_objects",
    "pdf_that_grows",
    "pdf_that_takes_for_ever",
    "pdf_with_annotation",
    "shown",
    "stream",
]

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

INVOICE = """\
From: Juniper & Sons Hardware
INVOICE
Number F-2026-9738
Bill to: Olive Street Dental
Date 07/05/2026
Due 08/14/2026
Desk lamp, brass 7 140.61 984.27
Brush, wide 2 5.00 10.00
Subtotal 994.27 USD
Tax 81.20 USD
Total 1,075.47 USD
"""
"""As plain text; every value of it can be proven, and its sums come out."""


def pdf(*contents: bytes, size: str = "0 0 595 842", rotate: int = 0) -> bytes:
    """A page for each content stream, with Helvetica as /F1."""
    count = len(contents)
    pages = [
        f"<</Type/Page/Parent 2 0 R/MediaBox[{size}]/Rotate {rotate}/Contents {4 + count + place} 0 R"
        "/Resources<</Font<</F1 3 0 R>>/ExtGState<</G0<</ca 0.02>>>>>>>>".encode()
        for place in range(count)
    ]
    kids = " ".join(f"{4 + place} 0 R" for place in range(count))
    return pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            f"<</Type/Pages/Kids[{kids}]/Count {count}>>".encode(),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            *pages,
            *map(stream, contents),
        ]
    )


def pdf_with_annotation(content: bytes, annotation: bytes, appearance: bytes = b"") -> bytes:
    """A page with an annotation or form field on it; its appearance, if it has one, is object 7."""
    return pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DR<</Font<</F1 3 0 R>>>>>>>>",
            b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R"
            b"/Resources<</Font<</F1 3 0 R>>>>/Annots[6 0 R]>>",
            stream(content),
            annotation,
            stream(appearance, b"/Type/XObject/Subtype/Form/BBox[0 0 400 40]"),
        ]
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def pdf_of_objects(objects: Sequence[bytes]) -> bytes:
    """The first is the catalogue."""
    whole = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    whole += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    whole += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(whole)


def shown(words: str, x: float = 72, y: float = 700, size: float = 12, before: str = "") -> bytes:
    """A command that shows words; `before` sets colours and modes."""
    return f"q BT {before} /F1 {size} Tf {x} {y} Td ({words}) Tj ET Q\n".encode("cp1252")


def pdf_that_takes_for_ever() -> bytes:
    """Paper of a colour that takes a program of 40,000 steps, for each of half a million pixels."""
    return pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R"
            b"/Resources<</Font<</F1 3 0 R>>/Shading<</S 6 0 R>>>>>>",
            stream(b"/S sh\n" + shown("wait")),
            b"<</ShadingType 1/ColorSpace/DeviceGray/Domain[0 1 0 1]/Matrix[595 0 0 842 0 0]"
            b"/Function 7 0 R>>",
            stream(b"{ pop " + b"dup pop " * 20_000 + b"}", b"/FunctionType 4/Domain[0 1 0 1]/Range[0 1]"),
        ]
    )


def pdf_that_grows(depth: int = 12, width: int = 12) -> bytes:
    """Forms that hold forms that hold forms: a dozen objects, and 12^12 rectangles."""
    first = 4
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</X %d 0 R>>>>"
    forms = [stream(b"/X Do " * width, entries % (first + place + 1)) for place in range(1, depth)]
    last = stream(b"0 0 m 500 800 l 90 20 l f " * width, entries % 1)
    resources = b"/Resources<</Font<</F1 3 0 R>>/XObject<</X 5 0 R>>>>"
    return pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (first + depth + 1),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            stream(shown("wait") + b"/X Do " * width),
            *forms,
            last,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R%s>>" % resources,
        ]
    )


def docx(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document with this body, and these parts beside it or instead of it."""
    whole: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        **(parts or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in whole.items():
            packed.writestr(name, content)
    return file.getvalue()
