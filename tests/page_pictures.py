"""The pages that the command line writes, in a browser: where they are made, and the pictures of them.

`python -m tests.page_pictures` takes those of docs/screenshots anew; `make screenshots` does it too.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded.stack import CHECKOUT
from operations.decision_rows import tables_of
from operations.story_pages import Surroundings, story_page
from process import run
from tests.browser import Browser, browsing
from tests.commands.test_bad_input import starter
from tests.operations.long_waits import answered_after_two_days
from workflows.resolve_ticket import ResolveTicket

__all__ = ["PICTURES", "Picture", "pages_in", "take_pages"]

HISTORIES = "tests/histories"
WIDE, NARROW = 1100, 360
REMEDY = "[...document.querySelectorAll('details')].find(each => each.textContent.includes('decided remedy'))"
COMMANDS = {
    "explain": ("explain", f"{HISTORIES}/refunded-in-spite-of-faults.json", "--verify", "--html"),
    "map": ("map", HISTORIES, "--html"),
    "policy": ("policy", "--html"),
    "backtest": ("backtest", HISTORIES, "--threshold", "approval_above_usd=200", "--html"),
}
# What a backtest found is told by its exit code, too.
GOOD = {0, 4}


@dataclass(frozen=True)
class Picture:
    """Of which page, how large, and what has to be in sight."""

    page: str
    width: int
    height: int
    scheme: str = "light"
    show: str = ""
    """An expression for what is scrolled to and, where it can be, unfolded."""


PICTURES = {
    "explain": Picture("explain", WIDE, 1500),
    "explain-decision": Picture("explain", WIDE, 760, show=REMEDY),
    "explain-two-days": Picture("two-days", WIDE, 700, show="document.querySelector('#timeline')"),
    "explain-phone": Picture("explain", NARROW, 1400, "dark"),
    "map": Picture("map", WIDE, 1250),
    "map-phone": Picture("map", NARROW, 1100, "dark"),
    "backtest": Picture("backtest", WIDE, 900),
    "policy": Picture("policy", WIDE, 1000),
}


def pages_in(folder: Path) -> dict[str, Path]:
    """Written by the commands themselves, and one of a run that waited for two days. Blocks for seconds."""
    pages = {name: folder / f"{name}.html" for name in (*COMMANDS, "two-days")}
    for name, arguments in COMMANDS.items():
        done = starter(*arguments, str(pages[name]), home=folder / "home")
        if done.returncode not in GOOD:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
    beside = Surroundings(tables_of([ResolveTicket]), "reading")
    pages["two-days"].write_text(story_page(answered_after_two_days(), beside), encoding="utf-8")
    return pages


async def take_pages(browser: Browser, pages: dict[str, Path], into: Path) -> None:
    """Each picture, into NAME.png."""
    for name, picture in PICTURES.items():
        await browser.prefer(picture.scheme)
        url = pages[picture.page].as_uri()
        await browser.open(url, width=picture.width, height=picture.height, until=" ")
        if picture.show:
            await browser.ask(f"const shown = {picture.show}; shown.open = true; shown.scrollIntoView()")
        await browser.picture(into / f"{name}.png")


async def main() -> None:
    """Into docs/screenshots."""
    with tempfile.TemporaryDirectory() as name:
        pages = await asyncio.to_thread(pages_in, Path(name))
        async with browsing() as browser:
            await take_pages(browser, pages, CHECKOUT / "docs" / "screenshots")
    sys.stdout.write(f"took {', '.join(PICTURES)}\n")


if __name__ == "__main__":
    run(main())
