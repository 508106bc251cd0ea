"""Runs the examples as a person does, each in a process of its own, on mails that nobody sent before."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.workflows.world import SAMPLES

__all__ = ["Done", "Shell", "mail"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """What an example did."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Runs examples as a person does, in a process of their own."""

    address: str
    home: Path

    async def begin(self, name: str, *arguments: object) -> asyncio.subprocess.Process:
        """Start one, from the checkout."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("TENUTO_", "TEMPORAL_"))
        }
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"examples.{name}",
            *map(str, arguments),
            cwd=ROOT,
            env={**kept, "TENUTO_HOME": str(self.home), "TEMPORAL_ADDRESS": self.address},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def end(self, process: asyncio.subprocess.Process) -> Done:
        """Wait for its end, within a minute."""
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Done(process.returncode or 0, out.decode(), err.decode())

    async def run(self, name: str, *arguments: object) -> Done:
        """Start one and wait for its end."""
        return await self.end(await self.begin(name, *arguments))


def mail(folder: Path, name: str) -> Path:
    """A sample mail that nobody sent before, since the same mail would join the run that it began."""
    (file,) = SAMPLES.glob(f"{name}*.eml")
    new, found = re.subn(
        rb"(?im)^Message-ID:.*$", f"Message-ID: <{uuid4()}@x>".encode(), file.read_bytes(), count=1
    )
    assert found == 1
    folder.mkdir(exist_ok=True)
    copy = folder / file.name
    copy.write_bytes(new)
    return copy
