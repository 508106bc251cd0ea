"""Headless Chromium, driven over its own protocol: open a page, wait for its words, take a picture."""

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

__all__ = ["Browser", "NoBrowser", "browsing"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
)
# Its own first page would ask for this and that.
FIRST_PAGE = "about:blank"
START_PATIENCE_S, PAGE_PATIENCE_S = 30.0, 30.0
LARGEST_PICTURE = 2**26


class NoBrowser(RuntimeError):
    """There is no Chromium here. Says how to install it."""


class Browser:
    """One page of a browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        """What the domains that were enabled have told, oldest first."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol; RuntimeError when the browser refuses it."""
        number = next(self._ids)
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer: dict[str, Any] = json.loads(await self._connection.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self.events.append(answer)

    async def open(self, url: str, *, width: int, height: int, until: str) -> None:
        """Open a page of that size; return when it shows the words `until`. AssertionError if it does not."""
        await self.resize(width, height)
        await self.call("Page.navigate", url=url)
        with suppress(TimeoutError):
            async with asyncio.timeout(PAGE_PATIENCE_S):
                while until not in await self.text():  # noqa: ASYNC110 (a page sets no event here)
                    await asyncio.sleep(0.2)
                return
        raise AssertionError(f"{url} never shows {until!r}; it shows {(await self.text())[:500]!r}")

    async def resize(self, width: int, height: int) -> None:
        """Show the page in that size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def prefer(self, scheme: str) -> None:
        """`light` or `dark`, as somebody sets it for the whole system."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression. RuntimeError when it throws."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """`Tab` or `Enter`, down and up."""
        code, words = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=words, **named)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    async def remember(self, key: str, value: Any) -> None:
        """Keep a value in the local storage of every page that is opened from now on."""
        source = f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(value))})"
        await self.call("Page.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    async def text(self) -> str:
        """What a person can read on the page."""
        return str(await self.ask("document.body ? document.body.innerText : ''"))

    async def picture(self, file: Path) -> None:
        """The page as it is seen, as a PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(answer["data"]))


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser of its own with an empty profile, ended with the block. Raises NoBrowser."""
    program = next((found for each in BROWSERS if (found := shutil.which(each))), None)
    if program is None:
        raise NoBrowser("no Chromium here: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            program, *OPTIONS, f"--user-data-dir={profile}", FIRST_PAGE, stdout=quiet, stderr=quiet
        )
        try:
            address = await asyncio.to_thread(page_address, Path(profile) / "DevToolsActivePort")
            async with connect(address, max_size=LARGEST_PICTURE, proxy=None) as connection:
                yield Browser(connection)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def page_address(port_file: Path) -> str:
    """Of the page that a started browser shows. Blocks until it shows one; TimeoutError if it never does."""
    until = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < until:
        written = port_file.read_text().split() if port_file.exists() else []
        for page in pages_at(written[0]) if written else []:
            return str(page["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise TimeoutError(f"the browser shows no page within {START_PATIENCE_S:.0f} s")


def pages_at(port: str) -> list[dict[str, Any]]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/json/list", timeout=5) as reply:
        return [each for each in json.load(reply) if each["type"] == "page"]
