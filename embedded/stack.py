"""A server in a process of its own that outlives the command which started it, and is found again."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from embedded.record import Record, State

__all__ = ["CHECKOUT", "Launch", "Service", "ServiceError", "State", "has_started", "home", "stop_all"]

CHECKOUT = Path(__file__).resolve().parent.parent

POLL_S = 0.05
# A busy server may need a moment to answer; one that is silent for longer is replaced.
REUSE_PATIENCE_S = 10.0
KILL_PATIENCE_S = 5.0

# Children of this process: kept, so that the ended ones are reaped.
_children: list["subprocess.Popen[bytes]"] = []
_codes: dict[int, int] = {}


class ServiceError(Exception):
    """A service could not be started or stopped: one line, then the end of its log if there is one."""


@dataclass(frozen=True)
class Launch:
    """How to start a service this time: ports and keys may differ from start to start."""

    command: Sequence[str]
    facts: Mapping[str, str]
    """What its users must know, such as the address. Kept in its state."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's own. Secrets go here: every user of the machine can read a command line."""


def home() -> Path:
    """The folder of everything that is kept between commands: TENUTO_HOME, or .tenuto in the checkout."""
    chosen = os.environ.get("TENUTO_HOME")
    return Path(chosen).expanduser().resolve() if chosen else CHECKOUT / ".tenuto"


def has_started() -> bool:
    """Whether this process has started any service."""
    return bool(_children or _codes)


def stop_all(folder: Path) -> list[str]:
    """Stop every service that has a state in this folder; returns the names of those that ran."""
    return [file.stem for file in sorted(folder.glob("*.json")) if Service(file.stem, folder).stop()]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off to the end of the block: a service that nobody has written down is never found again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came and callable(before):
            before(*came[0])


class Service:
    """One service in one home folder.

    `plan` says how to start it and is asked again for every try. `ready` says whether it answers, and may
    block for some seconds. Without a plan a service can be looked at and stopped, not started. All methods
    block: call them from a thread where an event loop runs.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        plan: Callable[[], Launch] | None = None,
        ready: Callable[[State], bool] = lambda state: True,
        *,
        start_timeout: float = 60.0,
        stop_timeout: float = 10.0,
    ) -> None:
        self.name = name
        self._record = Record(name, folder)
        self._plan = plan
        self._ready = ready
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout

    @property
    def log(self) -> Path:
        """Where it prints."""
        return self._record.log

    def running(self) -> State | None:
        """The state of the service if its process lives; whether it answers is not asked."""
        return self._record.read() if self._alive() else None

    def forgotten(self) -> bool:
        """Whether somebody stopped it by `stop`, in whatever process; one that ended by itself is not."""
        with self._record.alone():  # whoever stops it holds this until it has written that down
            return not self._alive() and self._record.read() is None

    def end_of(self, state: State) -> int | None:
        """The exit code of an ended process that this one started, negative for a signal; else None."""
        return None if self._alive() else _codes.get(state.pid)

    def ensure(self, *, suits: Callable[[State], bool] = lambda state: True) -> State:
        """The service as it runs, or started now. One that does not suit or not answer is replaced.

        Raises ServiceError.
        """
        with self._record.alone():
            if self._alive():
                state = self._record.read()
                if state and suits(state) and self._answers(state, REUSE_PATIENCE_S):
                    return state
            self._stop()
            return self._start()

    def stop(self) -> bool:
        """End the service: ask, wait, then kill. False if it did not run. Raises ServiceError."""
        with self._record.alone():
            return self._stop()

    def _start(self) -> State:
        if self._plan is None:
            raise ServiceError(f"{self.name} is not running, and nothing says how to start it")
        # A port that was free when it was chosen may be taken a moment later: one more try.
        for _ in range(2):
            state = self._spawn(self._plan())
            if self._answers(state, self._start_timeout):
                return state
            ended = not self._alive()
            self._stop()
            if not ended:
                break
        what = "ended at once" if ended else f"did not answer within {self._start_timeout:.0f} s"
        raise ServiceError(f"{self.name} {what}; its log is {self.log}\n{self._record.log_tail()}".rstrip())

    def _spawn(self, launch: Launch) -> State:
        with self._record.life() as life, self._record.open_log() as log, uninterrupted():
            child = subprocess.Popen(
                launch.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                env={**os.environ, **launch.environment},
                pass_fds=[life],
                # Ctrl-C is for the command in the terminal, not for the servers behind it.
                start_new_session=True,
            )
            state = State(child.pid, dict(launch.facts))
            self._record.write(state)
        _children.append(child)
        return state

    def _answers(self, state: State, patience: float) -> bool:
        until = time.monotonic() + patience
        while self._alive():
            if self._ready(state):
                return True
            if time.monotonic() > until:
                break
            time.sleep(POLL_S)
        return False

    def _stop(self) -> bool:
        ran = self._alive()
        if ran:
            state = self._record.read()
            if state is None:
                raise ServiceError(f"{self.name} runs, but {self._record.file} is gone: end it by hand")
            if not self._end(state.pid, signal.SIGTERM, self._stop_timeout) and not self._end(
                state.pid, signal.SIGKILL, KILL_PATIENCE_S
            ):
                raise ServiceError(f"{self.name} (process {state.pid}) cannot be ended")
        self._record.erase()
        return ran

    def _end(self, pid: int, how: signal.Signals, patience: float) -> bool:
        # It leads a process group of its own, so what it started ends with it.
        with suppress(ProcessLookupError):
            os.killpg(pid, how)
        until = time.monotonic() + patience
        while self._alive():
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        return True

    def _alive(self) -> bool:
        _codes.update({child.pid: child.returncode for child in _children if child.poll() is not None})
        _children[:] = [child for child in _children if child.returncode is None]
        return self._record.alive()
