"""The command line in a process of its own: on a pseudo-terminal, or with pipes, and interrupted for real."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

__all__ = ["ROOT", "Command", "environment", "on_pipes", "on_terminal", "shown", "widest"]

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.1:1"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
OF_TERMINALS = ("COLUMNS", "LINES", "NO_COLOR", "TERM", "_ARGCOMPLETE")
KEPT_OUT = ("TENUTO_", "TEMPORAL_", "OPENAI_", "OTEL_", *OF_TERMINALS)


def environment(home: Path, changed: Mapping[str, str]) -> dict[str, str]:
    """What a person's shell would hold, with nothing of this test run's own; an empty value leaves it out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(KEPT_OUT)}
    own = {"TERM": "xterm-256color", "TENUTO_HOME": str(home), "TEMPORAL_ADDRESS": NOBODY, **changed}
    return {**kept, **{name: value for name, value in own.items() if value}}


def launched(
    arguments: Sequence[str], surroundings: Mapping[str, str], reads: int, prints: int
) -> "subprocess.Popen[bytes]":
    """The command line in a session of its own."""
    # Tests in the background are started with Ctrl-C ignored, and so would be what they start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "starter.py", *arguments],
        cwd=ROOT,
        env=surroundings,
        stdin=reads,
        stdout=prints,
        stderr=prints,
        start_new_session=True,
    )


class Command:
    """A running command and everything that it has printed."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", reading: list[int], environment: Mapping[str, str]
    ) -> None:
        self.process = process
        self.environment = environment
        self._texts = {number: b"" for number in reading}
        self._readers = [threading.Thread(target=self._read, args=(number,)) for number in reading]
        for reader in self._readers:
            reader.start()

    def _read(self, number: int) -> None:
        while True:
            try:
                part = os.read(number, 65_536)
            except OSError:  # the other side of a terminal is gone
                return
            if not part:
                return
            self._texts[number] += part

    @property
    def output(self) -> str:
        """Standard output so far, or all that the terminal got."""
        return next(iter(self._texts.values())).decode(errors="replace")

    @property
    def errors(self) -> str:
        """Standard error so far; on a terminal the same as the output."""
        return list(self._texts.values())[-1].decode(errors="replace")

    def until(self, text: str, patience_s: float = 40.0) -> None:
        """Return when it has printed that."""
        over = time.monotonic() + patience_s
        while text not in self.output + self.errors:
            ended = self.process.poll() is not None
            if time.monotonic() > over or ended:
                time.sleep(0.2)
                if text in self.output + self.errors:
                    return
                raise AssertionError(f"never printed {text!r}: {self.output}\n{self.errors}")
            time.sleep(0.02)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def ended(self, patience_s: float = 40.0) -> int:
        """Its exit code, when everything that it printed has been read."""
        code = self.process.wait(patience_s)
        for reader in self._readers:
            reader.join(5)
        return code


@contextmanager
def on_terminal(
    *arguments: str,
    home: Path,
    columns: int = 80,
    rows: int = 40,
    typed: str = "",
    changed: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Command]:
    """On a terminal of this size; `typed` is what a person has typed already."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    surroundings = environment(home, changed)
    process = launched(arguments, surroundings, theirs, theirs)
    os.close(theirs)
    if typed:
        os.write(ours, typed.encode())
    command = Command(process, [ours], surroundings)
    try:
        yield command
    finally:
        if process.poll() is None:
            process.kill()
        command.ended()
        os.close(ours)


@contextmanager
def on_pipes(
    *arguments: str, home: Path, changed: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Command]:
    """With standard output and error in pipes, and nothing to read."""
    surroundings = environment(home, changed)
    process = launched(arguments, surroundings, subprocess.DEVNULL, subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    command = Command(process, [process.stdout.fileno(), process.stderr.fileno()], surroundings)
    try:
        yield command
    finally:
        if process.poll() is None:
            process.kill()
        command.ended()
        process.stdout.close()
        process.stderr.close()


def shown(text: str) -> list[str]:
    """The lines that a terminal would show, without styles."""
    return [part for line in CONTROL.sub("", text).splitlines() for part in line.split("\r")]


def widest(text: str) -> str:
    """The longest line."""
    return max(shown(text), key=len, default="")
