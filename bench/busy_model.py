"""The real local model, kept busy on every core."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2

from embedded.local_model import LocalModel, ensure_model
from embedded.progress import LineProgress

__all__ = ["busy"]

# Long answers, and always one waiting: the model never rests.
ASKING = 2
PROMPT = "Write a long story about a postman and his dog. Tell every day of a whole year."


@asynccontextmanager
async def busy(folder: Path) -> AsyncIterator[None]:
    """With the model generating all the time; started in this folder, so that it is stopped with it."""
    model = await asyncio.to_thread(ensure_model, folder, LineProgress(lambda line: None))
    asking = [asyncio.create_task(ask(model)) for _ in range(ASKING)]
    try:
        yield
    finally:
        for each in asking:
            each.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*asking)


async def ask(model: LocalModel) -> None:
    """One request after the other."""
    headers = {"Authorization": f"Bearer {model.key}"}
    body = {"model": model.model, "max_tokens": 400, "messages": [{"role": "user", "content": PROMPT}]}
    async with httpx2.AsyncClient(base_url=model.address, headers=headers, timeout=300) as client:
        while True:
            (await client.post("/chat/completions", json=body)).raise_for_status()
