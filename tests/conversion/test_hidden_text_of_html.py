"""What a browser does not show, or may not, is kept apart; what it shows is not."""

import pytest

from conversion.html_text import parted
from tests.conversion.pages_of import ORDERS


@pytest.mark.parametrize(
    "html",
    [
        f"<p style='color:white'>{ORDERS}",
        f"<p style='color:#FFFFFE'>{ORDERS}",
        f"<p style='color:rgb(255 255 255 / 90%)'>{ORDERS}",
        f"<p style='color:rgba(0,0,0,0)'>{ORDERS}",
        f"<p style='color:var(--paper)'>{ORDERS}",
        f"<p style='disp\\6cay:none'>{ORDERS}",
        f"<p style='color:white; color:nonesuch'>{ORDERS}",
        f"<p style='display:none; display:nonesuch'>{ORDERS}",
        f"<p style='background:nonesuch; color:#fff'>{ORDERS}",
        f"<font color=white>{ORDERS}</font>",
        f"<div style='background:black'><p style='color:#000'>{ORDERS}</div>",
        f"<div style='position:absolute;left:-9999px'>{ORDERS}</div>",
        f"<div style='left:calc(-1 * 5000.5px)'>{ORDERS}</div>",
        f"<div style='margin-left:-100%'>{ORDERS}</div>",
        f"<p style='text-indent:-99em'>{ORDERS}",
        f"<span style='font-size:1px'>{ORDERS}</span>",
        f"<span style='font:1pt/1 Arial'>{ORDERS}</span>",
        f"<div style='height:0; overflow:hidden'>{ORDERS}</div>",
        f"<div style='clip-path: inset(50%)'>{ORDERS}</div>",
        f"<p><b style='display:none'></p>{ORDERS}",
        f"<details>{ORDERS}</details>",
    ],
)
def test_what_html_hides_is_never_in_its_page(html: str) -> None:
    assert parted(f"<p>Total 5</p>{html}") == ("Total 5", ORDERS)


@pytest.mark.parametrize(
    "html",
    [
        f"<p style='display:none'></p>{ORDERS}",
        f"<p style='display:none'><div>{ORDERS}</div>",
        f"<table><tr><td style='display:none'><td>{ORDERS}</table>",
        f"<ul><li hidden><li>{ORDERS}</ul>",
        f"<div style='background-color:#1f3864'><b style='color:white'>{ORDERS}</b></div>",
        f"<table><tr><td bgcolor=navy><font color='#ffffff'>{ORDERS}</font></table>",
        f"<p style='font:bold 0.9em/1.4 Arial; color:#666; margin:-5px; left:50%; max-height:100%'>{ORDERS}",
        f"<div style='color:#fff'><div style='background:navy'>{ORDERS}</div></div>",
        f"<p style='background:url(x.png) #fff; color:navy; opacity:.8; line-height:0'>{ORDERS}",
        f"<style>p {{ color: #333; font-size: 12px }} .a {{ color:white; background:#003 }}</style>{ORDERS}",
    ],
)
def test_what_html_shows_stays_in_its_page(html: str) -> None:
    seen, hidden = parted(f"<p>Total 5</p>{html}")
    assert (seen.split(), hidden) == (["Total", "5", *ORDERS.split()], "")


@pytest.mark.parametrize(
    "sheet",
    [
        ".x{display:none}",
        "@media print { .x { visibility: hidden } }",
        ".x{color:white}",
        ".x{position:absolute;left:-9999px}",
        ".x{font-size:1px; &.y{color:red}}",
        "/* } */ .x{disp/**/lay:block;display:/**/none}",
        "@import 'elsewhere.css'",
        ".x{dis\\70lay:none}",
    ],
)
def test_a_style_sheet_that_would_hide_text_is_hidden_text_itself(sheet: str) -> None:
    """What it hides only a browser can tell."""
    seen, hidden = parted(f"<style>{sheet}</style><p class=x>Total 5")
    assert seen == "Total 5"
    assert hidden.startswith("[style sheet: ")


def test_a_style_sheet_that_is_kept_elsewhere_is_hidden_text() -> None:
    assert parted("<link rel=stylesheet href=a.css><p>Total 5") == ("Total 5", "[style sheet: a.css]")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("value", ["1" * 500_000 + "x", "/*" * 250_000, "rgb(" * 125_000, "1." * 250_000])
def test_a_style_without_end_takes_no_longer(value: str) -> None:
    assert parted(f"<p>Total 5<style>a{{left:{value}}}</style><p style='left:{value};color:{value}'>")[0]


def test_cells_of_a_table_are_words_of_their_own() -> None:
    assert parted("<table><tr><td>Total</td><td>5</td></table>") == ("Total 5", "")


def test_html_hides_by_attributes_and_scripts_are_no_text() -> None:
    html = f"<style>p{{}}</style><p>Total 5<i hidden>{ORDERS}</i></p><script>{ORDERS}</script>"
    assert parted(html) == ("Total 5", ORDERS)
