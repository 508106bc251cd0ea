"""What Word does not show is kept apart; what it shows is not."""

import pytest

from activities.documents import LIMITS
from conversion.docx_text import docx_pages
from tests.conversion.pages_of import ORDERS, only
from tests.made_documents import WORD, docx


def run(words: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{words}</w:t></w:r>"


def of_docx(body: str, styles: str = "") -> tuple[str, str]:
    parts = {"word/styles.xml": f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>'}
    return only(docx_pages(docx(f"<w:p>{run('Total 5')}</w:p>{body}", parts), LIMITS))


WHITE = '<w:color w:val="FFFFFF"/>'
SHADE = '<w:shd w:val="clear" w:fill="1F3864"/>'
THEME = '<w:color w:val="{}" w:themeColor="background1"/>'
SHADED_THEME = '<w:color w:val="808080" w:themeColor="background1" w:themeShade="80"/>'
FADED = '<w:color w:val="000000" w:themeColor="text1" w:themeTint="05"/>'
FORMERLY = "<w:rPrChange><w:rPr>{}</w:rPr></w:rPrChange>"
BOX = "<w:txbxContent><w:p><w:r><w:t></w:t></w:r></w:p></w:txbxContent>"
NO_SHADE = '<w:shd w:val="clear" w:fill="000000" w:themeFill="background1"/>'
TINY = '<w:sz w:val="2"/>'
HEIR = '<w:rStyle w:val="Heir"/>'
NOT_MARKED = '<w:vanish w:val="false"/>'
STYLES = (
    '<w:style w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:styleId="Heir"><w:basedOn w:val="Base"/></w:style>'
    '<w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
)


@pytest.mark.parametrize(
    "body",
    [
        f"<w:p>{run(ORDERS, '<w:vanish/>')}</w:p>",
        f"<w:p>{run(ORDERS, WHITE)}</w:p>",
        f"<w:p>{run(ORDERS, TINY)}</w:p>",
        f"<w:p><w:del><w:r><w:delText>{ORDERS}</w:delText></w:r></w:del></w:p>",
        f"<w:p>{run(ORDERS, HEIR)}</w:p>",
        f'<w:p><w:pPr><w:pStyle w:val="Heir"/></w:pPr>{run(ORDERS)}</w:p>',
        f"<w:p>{run('', SHADE)}{run(ORDERS, WHITE)}</w:p>",
        f"<w:p>{run(ORDERS, '<w:vanish/>' + FORMERLY.format(NOT_MARKED))}</w:p>",
        f'<w:p><w:pPr><w:pStyle w:val="Heir"/></w:pPr><w:r>{BOX}</w:r>{run(ORDERS)}</w:p>',
        f"<w:p><w:r><w:rPr><w:vanish/></w:rPr>{BOX}<w:t>{ORDERS}</w:t></w:r></w:p>",
        f"<w:p>{run(ORDERS, THEME.format('auto'))}</w:p>",
        f"<w:p>{run(ORDERS, THEME.format('000000'))}</w:p>",
        f"<w:p>{run(ORDERS, FADED)}</w:p>",
        f"<w:p>{run(ORDERS, WHITE + NO_SHADE)}</w:p>",
        f"<w:p><w:moveFrom>{run(ORDERS)}</w:moveFrom></w:p>",
        f"<w:p><w:del>{run(ORDERS)}</w:del></w:p>",
    ],
    ids=[
        "marked",
        "white",
        "tiny",
        "deleted",
        "style",
        "style of the paragraph",
        "beside a shaded run",
        "not marked before a change",
        "after a text box",
        "after a text box in the same run",
        "a light colour of the theme",
        "a light colour of the theme that is said to be black",
        "a dark colour of the theme made light",
        "white on a light shade of the theme",
        "moved elsewhere",
        "deleted and not said to be",
    ],
)
def test_hidden_text_of_a_word_document_is_never_in_its_page(body: str) -> None:
    assert of_docx(body, STYLES) == ("Total 5", ORDERS)


@pytest.mark.parametrize(
    "body",
    [
        f"<w:p>{run(ORDERS, NOT_MARKED)}</w:p>",
        f"<w:p>{run(ORDERS, WHITE + SHADE)}</w:p>",
        f"<w:tbl><w:tr><w:tc><w:tcPr>{SHADE}</w:tcPr><w:p>{run(ORDERS, WHITE)}</w:p></w:tc></w:tr></w:tbl>",
        f"<w:p><w:pPr>{SHADE}</w:pPr>{run(ORDERS, WHITE)}</w:p>",
        f"<w:sdt><w:sdtContent><w:p><w:hyperlink>{run(ORDERS)}</w:hyperlink></w:p></w:sdtContent></w:sdt>",
        f"<w:p>{run(ORDERS, FORMERLY.format('<w:vanish/>' + WHITE))}</w:p>",
        f"<w:p><w:moveTo>{run(ORDERS)}</w:moveTo></w:p>",
        f"<w:p>{run(ORDERS, SHADED_THEME)}</w:p>",
        f'<w:p><w:pPr><w:pStyle w:val="Loop"/><w:rPr><w:vanish/></w:rPr></w:pPr>{run(ORDERS)}</w:p>',
    ],
    ids=[
        "not marked",
        "white on a shade",
        "white in a shaded cell",
        "white in a shaded paragraph",
        "nested",
        "marked before a change",
        "moved here",
        "a light colour of the theme made dark",
        "loop",
    ],
)
def test_what_word_shows_stays_in_the_page(body: str) -> None:
    assert of_docx(body, STYLES) == (f"Total 5\n{ORDERS}", "")


def test_a_table_keeps_its_rows_and_a_text_box_is_read_once() -> None:
    cell = "<w:tc><w:p>{}</w:p></w:tc>"
    table = f"<w:tbl><w:tr>{cell.format(run('Oak'))}{cell.format(run('4,50'))}</w:tr></w:tbl>"
    box = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{run('in a box')}</mc:Choice><mc:Fallback>{run('in a box')}</mc:Fallback>"
        "</mc:AlternateContent>"
    )
    seen, _ = of_docx(f"{table}<w:p>{box}</w:p>")
    assert [line.split() for line in seen.split("\n")] == [
        ["Total", "5"],
        ["Oak", "4,50"],
        ["in", "a", "box"],
    ]


def test_page_headers_come_first_and_footnotes_last() -> None:
    def part(words: str) -> str:
        return f'<w:x xmlns:w="{WORD}"><w:p>{run(words)}</w:p></w:x>'

    parts = {"word/header1.xml": part("above"), "word/footnotes.xml": part("below")}
    seen, _ = only(docx_pages(docx(f"<w:p>{run('middle')}</w:p>", parts), LIMITS))
    assert seen.split() == ["above", "middle", "below"]
