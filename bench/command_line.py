"""What a command takes before it does anything, beside what Python and the SDK take alone."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from bench.figures import Section, Spread, Table, ratios
from bench.processes import environment
from bench.servers import tuned
from embedded.stack import CHECKOUT

__all__ = ["measure"]

COMMANDS: dict[str, Sequence[str]] = {
    "python -c pass": ["-c", "pass"],
    "import temporalio.client": ["-c", "import temporalio.client"],
    "starter.py --help": ["starter.py", "--help"],
    "starter.py list": ["starter.py", "list"],
}


async def measure(*, quick: bool) -> Section:
    """Every command in turn, against a live server."""
    rounds = 4 if quick else 15
    async with tuned() as server:
        env = {
            **environment(server.folder / "bytecode"),
            "TEMPORAL_ADDRESS": server.address,
            "TENUTO_HOME": str(server.folder),
        }
        took = await asyncio.to_thread(turns, env, rounds)
    spreads = {name: Spread(values) for name, values in took.items()}
    bare, sdk = spreads["python -c pass"], spreads["import temporalio.client"]
    rows = [
        [name, each.text(0), ratios(each, bare).text(), ratios(each, sdk).text(2)]
        for name, each in spreads.items()
    ]
    return Section(
        "command-line",
        f"From the start of the process to its end, {rounds} turns each.",
        [Table(["command", "ms", "/ python", "/ import of the SDK"], rows)],
        notes=["`list` imports the worker for its list of workflows, and with it the ledger's library."],
        figures=took,
    )


def turns(env: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each command in each round; the first round only fills the caches."""
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, *arguments],
                cwd=CHECKOUT,
                env=dict(env),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            if number:
                took[name].append((time.perf_counter() - began) * 1000)
    return took
