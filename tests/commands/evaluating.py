"""`evaluate` as a whole command, with servers and a worker of its own, against a provider on loopback."""

import asyncio
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.commands.terminal import ROOT
from tests.fault_server import Behaviour, FaultServer
from tests.workflows.world import models_toml

__all__ = ["Evaluated", "evaluated", "lines_of"]


@dataclass(frozen=True)
class Evaluated:
    code: int | None
    found: dict[str, Any]
    requests: int
    """That the provider had."""


async def evaluated(provider: Behaviour, home: Path, *job: str, only: tuple[str, ...] = ()) -> Evaluated:
    """Its JSON, and its exit code."""
    async with FaultServer() as server:
        server.default = provider
        models = home / "models.toml"
        models.write_text(models_toml("scripted", server.address))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("TENUTO_", "TEMPORAL_"))
        }
        asked = [each for name in only for each in ("--only", name)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "starter.py", "evaluate", *job, "--json", "--yes", *asked),
            cwd=ROOT,
            env={**kept, "TENUTO_HOME": str(home), "TENUTO_MODELS": str(models)},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return Evaluated(process.returncode, json.loads(out), len(server.entries))


def lines_of(printing: Callable[[Console], None]) -> list[str]:
    """What a report prints on a wide console."""
    stream = io.StringIO()
    printing(Console(file=stream, width=200))
    return [line.rstrip() for line in stream.getvalue().splitlines()]
