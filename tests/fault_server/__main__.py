"""The fault server as a process of its own, for tests that kill workers.

python -m tests.fault_server --port 0 --journal FILE [--latency 0.2] [--script read_ticket=status:503,good]

Prints its address as the first line. A script is TASK=NAME,NAME...: good, hang, reset, half_body,
close_at_once, trickle, gzip_bomb, status:CODE, or reply:FILE with the JSON that the model writes.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tests.fault_server import faults
from tests.fault_server.server import Behaviour, FaultServer, good

NAMED: dict[str, Callable[[], Behaviour]] = {
    "good": lambda: good,
    "hang": faults.hang,
    "reset": faults.reset,
    "half_body": faults.half_body,
    "close_at_once": faults.close_at_once,
    "trickle": faults.trickle,
    "gzip_bomb": faults.gzip_bomb,
}


def named(name: str) -> Behaviour:
    """The behaviour of that name. Raises KeyError."""
    kind, _, value = name.partition(":")
    match kind:
        case "status":
            return faults.status(int(value))
        case "reply":
            return faults.reply(json.loads(Path(value).read_text()))
        case _:
            return NAMED[kind]()


async def serve(port: int, journal: Path | None, latency_s: float, scripts: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = FaultServer(journal=journal, latency_s=latency_s)
    for script in scripts:
        task, _, names = script.partition("=")
        server.script(*map(named, names.split(",")), task=task)
    await server.start(port)
    sys.stdout.write(server.address + "\n")
    sys.stdout.flush()
    over = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, over.set)
    await over.wait()
    await server.stop()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="tests.fault_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--script", action="append", default=[], metavar="TASK=NAME,NAME")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.journal, given.latency, given.script))


if __name__ == "__main__":
    main()
