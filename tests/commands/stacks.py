"""A whole stack of its own for a command: a home folder, and a provider in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.stack import ORDER
from embedded.stack import Service, stop_all
from tests.commands.terminal import ROOT

__all__ = ["PROVIDER_JOURNAL", "alive", "provided", "without_leftovers"]

# On loopback without a price it is free, so that a demo asks nobody.
MODELS = """\
[routes.scripted]
address = "{address}"
model = "scripted"
context_tokens = 4096
max_output_tokens = 1024
timeout = 100
slots = 4
"""

PROVIDER_JOURNAL = "provider.jsonl"
"""Of every request that the provider answered, in the folder of the stack."""


@contextmanager
def provided(folder: Path, *scripts: str, latency: float = 0.0) -> Iterator[dict[str, str]]:
    """The environment of a command whose only profile is a scripted provider, and the provider's address."""
    command = [sys.executable, "-m", "tests.fault_server", "--latency", str(latency)]
    command += ["--journal", str(folder / PROVIDER_JOURNAL)]
    command += [word for script in scripts for word in ("--script", script)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        models = folder / "models.toml"
        models.write_text(MODELS.format(address=address))
        # No address, so that the embedded server is meant.
        yield {"TENUTO_MODELS": str(models), "TEMPORAL_ADDRESS": "", "PROVIDER_ADDRESS": address}
    finally:
        process.terminate()
        process.communicate(timeout=20)


def alive(home: Path) -> list[str]:
    """The services of a home folder whose process lives."""
    return [name for name in ORDER if Service(name, home)._alive()]


@contextmanager
def without_leftovers(home: Path) -> Iterator[None]:
    """Whatever goes wrong, nothing is left running."""
    try:
        yield
    finally:
        stop_all(home)
