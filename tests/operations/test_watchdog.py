"""A replay ends, whatever the code does."""

import inspect
import threading
import time

import pytest

from operations.verification import Gate, verify
from operations.watchdog import PATIENCE_S, Stuck, Watchdog
from tests.operations.changed_code import NeverComesBack
from tests.operations.recorded import recorded


async def test_code_that_never_comes_back_is_a_finding_with_its_line() -> None:
    lines, first = inspect.getsourcelines(NeverComesBack.answer)
    loop = {f"tests/operations/changed_code.py:{first + number}" for number in range(1, len(lines))}
    finding = (await verify(recorded("refunded-at-once"), [NeverComesBack])).findings[-1]
    assert (finding.gate, finding.what) == (
        Gate.COMMANDS,
        "the code raises: it has not come back within 2 s of processor time, or 30 s",
    )
    assert finding.source in loop


def test_code_that_does_not_let_itself_be_ended_is_told_again() -> None:
    watchdog, told = Watchdog(), 0
    with watchdog.on(), watchdog.watched():
        while told < 2:
            try:
                while True:
                    pass
            except Stuck:
                told += 1


def test_code_that_waits_for_what_never_comes_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.watchdog.LONGEST_S", 0.2)
    watchdog = Watchdog()
    with watchdog.on(), watchdog.watched(), pytest.raises(Stuck):
        wait_in_pieces()


def wait_in_pieces() -> None:
    """What is raised in a thread comes between two of its instructions."""
    for _ in range(10_000):
        time.sleep(0.001)


def test_code_that_has_not_had_its_time_is_left_alone() -> None:
    """On a busy machine the clock goes on without it."""
    watchdog = Watchdog()
    with watchdog.on(), watchdog.watched():
        time.sleep(1.5 * PATIENCE_S)


def test_code_that_comes_back_is_left_alone() -> None:
    """Also when all of it together takes longer."""
    watchdog, began = Watchdog(), time.process_time()
    with watchdog.on():
        while time.process_time() < began + 1.5 * PATIENCE_S:
            with watchdog.watched():
                sum(range(10_000))


def test_what_is_not_watched_is_left_alone() -> None:
    began = time.process_time()
    with Watchdog().on():
        while time.process_time() < began + 1.5 * PATIENCE_S:
            pass


def test_the_watching_thread_ends_with_what_it_watches() -> None:
    with Watchdog().on():
        assert "watchdog" in {thread.name for thread in threading.enumerate()}
    assert "watchdog" not in {thread.name for thread in threading.enumerate()}
