"""What a person cannot see on a page of a PDF is kept apart; what one can see is not."""

import pytest

from activities.documents import LIMITS
from conversion.pdf_text import pdf_pages
from tests.conversion.pages_of import ORDERS, only
from tests.made_documents import pdf, pdf_of_objects, pdf_with_annotation, shown, stream

TOTAL = shown("Total 5")


def of_pdf(content: bytes, rotate: int = 0) -> tuple[str, str]:
    return only(pdf_pages(pdf(TOTAL + content, rotate=rotate), LIMITS))


DARK = b"q 0.1 0.1 0.3 rg 60 590 400 40 re f Q\n"
PAPER = b"q 1 1 1 rg 60 590 400 40 re f Q\n"
HIDDEN = {
    "white on paper": shown(ORDERS, y=600, before="1 1 1 rg"),
    "almost white": shown(ORDERS, y=600, before="0.96 0.96 0.96 rg"),
    "black on black": b"q 0 g 60 590 400 40 re f Q\n" + shown(ORDERS, y=600),
    "invisible mode": shown(ORDERS, y=600, before="3 Tr"),
    "nearly transparent": shown(ORDERS, y=600, before="/G0 gs"),
    "one point": shown(ORDERS, y=600, size=1),
    "scaled to one point": b"q 0.05 0 0 0.05 0 0 cm " + shown(ORDERS, x=1_500, y=12_000, size=20) + b"Q\n",
    "left of the page": shown(ORDERS, x=-400, y=600),
    "above the page": shown(ORDERS, y=900),
    "invisible on top of what is seen": shown(ORDERS, before="3 Tr"),
    "white on top of what is seen": shown(ORDERS, before="1 1 1 rg"),
    "painted over": shown(ORDERS, y=600) + PAPER,
    "clipped away": b"q 0 0 10 10 re W n " + shown(ORDERS, y=600) + b"Q\n",
}
SEEN = {
    "white on a dark band": DARK + shown(ORDERS, y=600, before="1 1 1 rg"),
    "grey small print": shown(ORDERS, y=600, size=5, before="0.6 g"),
    "light grey": shown(ORDERS, y=600, before="0.8 g"),
    "yellow": shown(ORDERS, y=600, before="1 0.8 0 rg"),
    "outlined": shown(ORDERS, y=600, size=20, before="1 1 1 rg 0 G 1 Tr"),
    "scaled up from one point": b"q 12 0 0 12 0 0 cm " + shown(ORDERS, x=6, y=50, size=1) + b"Q\n",
    "upside down": b"q -1 0 0 -1 400 1200 cm " + shown(ORDERS, y=600) + b"Q\n",
}


@pytest.mark.parametrize("way", HIDDEN)
def test_hidden_text_of_a_pdf_is_never_in_its_page(way: str) -> None:
    assert of_pdf(HIDDEN[way]) == ("Total 5", ORDERS)


@pytest.mark.parametrize("way", SEEN)
def test_text_that_can_be_seen_stays_in_the_page(way: str) -> None:
    seen, hidden = of_pdf(SEEN[way])
    assert (seen.split("\n")[-1], hidden) == (ORDERS, "") or (sorted(seen.split("\n")), hidden) == (
        sorted(["Total 5", ORDERS]),
        "",
    )


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_turned_page_is_read_as_an_upright_one(rotate: int) -> None:
    assert of_pdf(HIDDEN["white on paper"], rotate=rotate) == ("Total 5", ORDERS)


def test_hidden_text_in_a_form_is_found_too() -> None:
    """A form is a page within the page, with commands of its own."""
    resources = b"/Resources<</Font<</F1 3 0 R>>>>"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]" + resources
    whole = pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R"
            b"/Resources<</XObject<</X 6 0 R>>>>>>",
            stream(b"/X Do"),
            stream(TOTAL + HIDDEN["white on paper"], form),
        ]
    )
    assert only(pdf_pages(whole, LIMITS)) == ("Total 5", ORDERS)


@pytest.mark.parametrize(
    ("commands", "seen", "hidden"),
    [
        (b"0 g (Total ) Tj 1 g (9) Tj 0 g (100.00) Tj", "Total 100.00", "9"),
        (b"0 g (Total:) Tj 1 g (ignore_all_rules) Tj", "Total:", "ignore_all_rules"),
        (b"1 g (ignore) Tj 0 g (Total) Tj 3 Tr (rules) Tj", "Total", "ignorerules"),
    ],
)
def test_hidden_characters_are_found_within_a_word(commands: bytes, seen: str, hidden: str) -> None:
    page = b"BT /F1 12 Tf 72 600 Td " + commands + b" ET"
    assert only(pdf_pages(pdf(page), LIMITS)) == (seen, hidden)


def test_what_covers_a_part_of_a_word_hides_that_part() -> None:
    cover = b"q 1 g 114 590 200 40 re f Q\n"
    page = b"BT /F1 20 Tf 72 600 Td (12,50IGNORE) Tj ET " + cover
    seen, hidden = only(pdf_pages(pdf(page), LIMITS))
    assert (seen[:4], hidden[-5:]) == ("12,5", "GNORE")


SQUARE = b"<</Type/Annot/Subtype/Square/Rect[60 590 460 630]/C[1 1 1]/IC[1 1 1]/F 4>>"
FIELD = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(x)/Rect[60 590 460 630]/F 4/AP<</N 7 0 R>>>>"


@pytest.mark.parametrize("annotation", [SQUARE, FIELD], ids=["an annotation", "a form field"])
def test_what_lies_on_top_of_a_page_hides_what_is_below(annotation: bytes) -> None:
    page = pdf_with_annotation(TOTAL + shown(ORDERS, y=600), annotation, b"1 g 0 0 400 40 re f")
    assert only(pdf_pages(page, LIMITS)) == ("Total 5", ORDERS)


def test_a_marker_over_text_hides_nothing() -> None:
    marked = SQUARE.replace(b"/IC[1 1 1]", b"/IC[1 1 0]/CA 0.4").replace(b"/C[1 1 1]", b"/C[1 1 0]")
    page = pdf_with_annotation(shown(ORDERS, y=600), marked)
    assert only(pdf_pages(page, LIMITS)) == (ORDERS, "")


PICTURE = b"q 100 0 0 100 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q\n"


@pytest.mark.parametrize(
    ("content", "unread"),
    [
        (PICTURE, True),
        (b"0 0 m 500 800 l 90 20 l f", True),
        (PICTURE + HIDDEN["invisible mode"], True),
        (PICTURE + TOTAL, False),
        (b"", False),
        (HIDDEN["almost white"], False),
    ],
    ids=[
        "a picture",
        "drawn letters",
        "a scan with its text below",
        "a logo and text",
        "blank",
        "hidden text",
    ],
)
def test_a_page_that_shows_something_but_no_text_is_unread(content: bytes, unread: bool) -> None:
    (page,) = pdf_pages(pdf(content), LIMITS)
    assert page.unread is unread


def test_amounts_keep_their_marks() -> None:
    """A comma is a dot of a few pixels, and without it the amount is another one."""
    amounts = "1.234,56 -0,01 1'000.00 (7.5) 12:30 ...,,,"
    page = b"".join(shown(amounts, y=700 - 12 * row, size=5 + row) for row in range(8))
    seen, hidden = only(pdf_pages(pdf(page.replace(b"(7.5)", b"\\(7.5\\)")), LIMITS))
    assert (seen.split("\n"), hidden) == ([amounts] * 8, "")
