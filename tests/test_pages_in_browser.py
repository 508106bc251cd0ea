"""Every page that the project writes, in a real browser: from its file, on a phone, without a mouse."""

import os
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from commands.backtest_page import page as backtest_page
from operations.backtesting import backtest
from operations.map_pages import map_page
from operations.new_sheets import Changes
from operations.run_maps import run_maps
from operations.story import story
from operations.story_items import StageEntered
from operations.story_pages import Surroundings, story_page
from operations.table_pages import as_html
from tests.browser import Browser, NoBrowser, browsing
from tests.operations.recorded import recorded
from tests.operations.test_story_pages import HOSTILE, TABLES, hostile_story
from tests.operations.test_table_pages import hostile as hostile_table
from tests.page_pictures import NARROW, PICTURES, WIDE, pages_in, take_pages
from workflows.resolve_ticket import ResolveTicket

# Each page is written and opened in seconds, but one after the other, beside everything else that is tested.
pytestmark = pytest.mark.timeout(300)

FOCUSABLE = "[...document.querySelectorAll('a[href], summary, button, input, select, textarea, [tabindex]')]"
LEVELS = "[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))"
# Words of a picture that lie upon each other; a row's own parts are one text.
OVERLAPPING = """\
[...document.querySelectorAll('svg')].filter(svg => svg.getClientRects().length).flatMap(svg => {
  const place = each => [each.textContent, each.getBoundingClientRect()];
  const words = [...svg.querySelectorAll('text')].map(place);
  return words.flatMap(([one, a], at) => words.slice(at + 1).filter(([_, b]) =>
    a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 2 && b.top < a.bottom - 2
  ).map(([other, _]) => `${one} / ${other}`));
})"""
BEYOND = """\
[...document.querySelectorAll('svg')].filter(svg => svg.getClientRects().length).flatMap(svg => {
  const whole = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text, .stage, .head')].filter(each => {
    const own = each.getBoundingClientRect();
    return own.left < whole.left - 1 || own.right > whole.right + 1 || own.bottom > whole.bottom + 1;
  }).map(each => each.textContent || each.outerHTML);
})"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name; the hostile ones say HOSTILE wherever somebody's words may stand."""
    return pages_in(tmp_path_factory.mktemp("pages"))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Told to tell of errors and requests; where there is none, only CI insists on it."""
    opened = browsing()
    try:
        page = await opened.__aenter__()
    except NoBrowser as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    for domain in ("Runtime", "Log", "Network"):
        await page.call(f"{domain}.enable")
    yield page
    await opened.__aexit__(None, None, None)


async def hostile_pages(folder: Path) -> dict[str, Path]:
    told = story(recorded("refunded-at-once"))
    items = [
        item.model_copy(update={"stage": HOSTILE}) if isinstance(item, StageEntered) else item
        for item in told.items
    ]
    maps, _ = run_maps([told.model_copy(update={"items": items})], [ResolveTicket])
    tested = await backtest(
        recorded("refunded-at-once"), [ResolveTicket], Changes(), assume_same_replies=False
    )
    beside = Surroundings(TABLES, HOSTILE, redacted=HOSTILE, verdict=(HOSTILE,))
    written = {
        "explain": story_page(hostile_story(), beside),
        "map": map_page(maps),
        "policy": as_html([hostile_table(HOSTILE)]),
        "backtest": backtest_page([(HOSTILE, tested)]),
    }
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


async def show(browser: Browser, page: Path, *, width: int = WIDE) -> None:
    await browser.open(page.as_uri(), width=width, height=900, until=" ")


def troubles(browser: Browser) -> list[Any]:
    """Errors, and requests for anything but the page itself."""
    said = [
        each["params"]
        for each in browser.events
        if each["method"] in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
    ]
    asked = [
        each["params"]["request"]["url"]
        for each in browser.events
        if each["method"] == "Network.requestWillBeSent"
    ]
    assert any(url.startswith("file:") for url in asked)
    return said + [url for url in asked if urlsplit(url).scheme != "file" or not url.endswith(".html")]


async def test_a_page_opens_from_its_file_with_no_error_and_no_request(
    pages: dict[str, Path], browser: Browser
) -> None:
    for page in pages.values():
        await show(browser, page)
    assert troubles(browser) == []


async def test_a_request_or_an_error_would_be_seen(tmp_path: Path, browser: Browser) -> None:
    """The check above can fail."""
    page = tmp_path / "page.html"
    page.write_text("<p>a page <img src='http://127.0.0.1:9/x.png'><script>throw new Error('no')</script>")
    await show(browser, page)
    found = str(troubles(browser))
    assert "x.png" in found
    assert "Error: no" in found


# The second is just too wide for the layout of a phone.
@pytest.mark.parametrize("width", [NARROW, 641, WIDE])
async def test_a_page_never_scrolls_sideways(
    width: int, pages: dict[str, Path], browser: Browser, tmp_path: Path
) -> None:
    """With everything unfolded, and with 10,000 characters that nobody separated."""
    hostile = await hostile_pages(tmp_path)
    for page in (*pages.values(), *hostile.values()):
        await show(browser, page, width=width)
        await browser.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert await browser.ask("document.documentElement.scrollWidth") <= width, page


async def test_everything_that_can_be_used_is_reached_by_tab_and_worked_by_enter(
    pages: dict[str, Path], browser: Browser
) -> None:
    """In the order of the page, with the focus seen; what unfolds does, and a link leads where it says."""
    for page in pages.values():
        await show(browser, page)
        number = await browser.ask(f"{FOCUSABLE}.length")
        for at in range(number):
            await browser.press("Tab")
            assert await browser.ask(f"{FOCUSABLE}.indexOf(document.activeElement)") == at, page
            assert await browser.ask("getComputedStyle(document.activeElement).outlineStyle") != "none"
            if await browser.ask("document.activeElement.matches('summary')"):
                await browser.press("Enter")
                assert await browser.ask("document.activeElement.parentElement.open")
        if number:
            await show(browser, page)
            await browser.press("Tab")
            await browser.press("Enter")
            assert await browser.ask("document.querySelector(location.hash).matches('#story')")


async def test_a_page_says_its_language_its_title_and_its_parts(
    pages: dict[str, Path], browser: Browser
) -> None:
    """One h1, no level of headings left out, one main part, and a name for every picture."""
    for page in pages.values():
        await show(browser, page)
        assert await browser.ask("document.documentElement.lang") == "en"
        assert await browser.ask("document.title")
        levels = await browser.ask(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])"
        )
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), page
        assert await browser.ask("document.querySelectorAll('main').length") == 1
        assert await browser.ask("[...document.querySelectorAll('svg')].every(each => each.ariaLabel)")
        assert await browser.ask("[...document.querySelectorAll('th')].every(each => each.scope)")
        ids = await browser.ask("[...document.querySelectorAll('[id]')].map(each => each.id)")
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [NARROW, WIDE])
async def test_words_in_pictures_never_lie_upon_each_other_or_outside(
    width: int, pages: dict[str, Path], browser: Browser
) -> None:
    """As the browser has really set them."""
    for page in pages.values():
        await show(browser, page, width=width)
        assert await browser.ask(OVERLAPPING) == [], page
        assert await browser.ask(BEYOND) == [], page


async def test_what_people_wrote_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    """All of it, on every page; none of it runs, is fetched, or changes what stands beside it."""
    for name, page in (await hostile_pages(tmp_path)).items():
        await show(browser, page)
        await browser.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
        words = await browser.text()
        assert "<script>document.title='hacked'</script>\"'&amp;<img src=x" in words, name
        assert "W" * 10_000 in words, name
        assert "\u202e" not in words
        assert await browser.ask("document.querySelectorAll('script, img').length") == 0
        assert await browser.ask("document.title") != "hacked"
    assert troubles(browser) == []


async def test_the_pictures_of_the_documents_can_be_taken(
    pages: dict[str, Path], browser: Browser, tmp_path: Path
) -> None:
    """By the same code that takes them; each shows something."""
    await take_pages(browser, pages, tmp_path)
    for name in PICTURES:
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000, name
