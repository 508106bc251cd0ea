"""Services: found again, started once, replaced when they do not answer, ended in order."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded.ports import LOOPBACK, free_port
from embedded.stack import Launch, Service, ServiceError, State, home, stop_all

SERVER = """
import http.server, os, signal, sys
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("listening", os.environ.get("SECRET"), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def answers(state: State) -> bool:
    try:
        with urllib.request.urlopen(f"http://{state.facts['address']}/LICENSE", timeout=1):
            return True
    except OSError:
        return False


def service(folder: Path, behaviour: str = "polite", stop_timeout: float = 5.0) -> Service:
    def plan() -> Launch:
        port = free_port()
        command = [sys.executable, "-c", SERVER, str(port), behaviour]
        return Launch(command, {"address": f"{LOOPBACK}:{port}"}, {"SECRET": "in the environment"})

    return Service("echo", folder, plan, answers, start_timeout=20, stop_timeout=stop_timeout)


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_all(tmp_path)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_started_service_answers_and_is_found_again(folder: Path) -> None:
    first = service(folder).ensure()
    again = service(folder).ensure()
    assert answers(first)
    assert again == first
    assert service(folder).running() == first


def test_its_state_is_readable_by_its_owner_only(folder: Path) -> None:
    service(folder).ensure()
    assert (folder / "echo.json").stat().st_mode & 0o777 == 0o600


def test_what_it_prints_is_in_its_log(folder: Path) -> None:
    echo = service(folder)
    echo.ensure()
    assert "listening in the environment" in echo.log.read_text()


def test_two_starters_at_once_start_one(folder: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        states = list(threads.map(lambda _: service(folder).ensure(), range(4)))
    assert len({state.pid for state in states}) == 1


def test_a_stopped_service_is_gone_and_stopping_twice_is_no_error(folder: Path) -> None:
    state = service(folder).ensure()
    assert service(folder).stop()
    assert not answers(state)
    assert not service(folder).stop()
    assert service(folder).running() is None


def test_a_service_that_ignores_the_request_to_end_is_killed(folder: Path) -> None:
    stubborn = service(folder, "stubborn", stop_timeout=0.3)
    state = stubborn.ensure()
    assert stubborn.stop()
    assert not answers(state)


def test_the_state_of_a_killed_service_is_stale_and_it_is_started_anew(folder: Path) -> None:
    first = service(folder).ensure()
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: service(folder).running() is None)
    second = service(folder).ensure()
    assert second.pid != first.pid
    assert answers(second)


def test_a_state_that_names_somebody_elses_process_ends_nobody(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        (folder / "echo.json").write_text(f'{{"pid": {bystander.pid}, "address": "127.0.0.1:1"}}')
        assert service(folder).running() is None
        assert not service(folder).stop()
        assert bystander.poll() is None
        bystander.kill()


def test_a_service_that_does_not_suit_is_replaced(folder: Path) -> None:
    first = service(folder).ensure()
    second = service(folder).ensure(suits=lambda state: False)
    assert second.pid != first.pid
    assert not answers(first)
    assert answers(second)


def test_a_service_outlives_the_process_that_started_it(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.embedded.test_stack import service;"
        "print(service(Path(sys.argv[1])).ensure().pid)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    state = service(folder).ensure()
    assert state.pid == int(done.stdout)
    assert service(folder).stop()
    assert gone(state.pid) or not answers(state)


def test_a_service_that_ends_at_once_is_an_error_with_its_last_lines(folder: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such model')"]
    broken = Service("broken", folder, lambda: Launch(command, {}), lambda state: False)
    with pytest.raises(ServiceError, match=r"broken ended at once(?s:.*)no such model"):
        broken.ensure()
    assert broken.running() is None


def test_a_service_that_never_answers_is_an_error_and_is_ended(folder: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    silent = Service("silent", folder, lambda: Launch(command, {}), lambda state: False, start_timeout=0.3)
    with pytest.raises(ServiceError, match="silent did not answer within 0 s"):
        silent.ensure()
    assert silent.running() is None


def test_looking_for_a_service_writes_nothing(folder: Path) -> None:
    """A container's checkout is read-only."""
    assert service(folder / "home").running() is None
    assert not (folder / "home").exists()


def test_stopping_all_names_those_that_ran(folder: Path) -> None:
    service(folder).ensure()
    assert stop_all(folder) == ["echo"]
    assert stop_all(folder) == []


def test_the_home_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TENUTO_HOME", str(tmp_path / "elsewhere"))
    assert home() == tmp_path / "elsewhere"
    monkeypatch.delenv("TENUTO_HOME")
    assert home().name == ".tenuto"
