"""`doctor`: each check by itself, and all of them as a command, with a server and without one."""

import asyncio
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from activities.approvers import new_key
from commands.doctor import configuration, machine
from commands.doctor.findings import Finding, Level, Place
from commands.doctor.report import findings_of
from embedded.weights import DEFAULT, KNOWN
from payloads.folder import BlobFolder
from tests.commands.terminal import on_pipes, on_terminal, shown
from tests.workflows.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Place]:
    """A machine on which nothing has been started."""

    def laid_out(deep: bool = False, checkout: Path = ROOT, **env: str) -> Place:
        home = tmp_path / "home"
        told = {"TENUTO_HOME": str(home), **env}
        return Place(env=told, told=told, home=home, checkout=checkout, deep=deep)

    return laid_out


def only(found: Iterable[Finding]) -> Finding:
    (finding,) = found
    return finding


@pytest.mark.parametrize("check", [machine.python, machine.environment, machine.temporal, machine.clock])
def test_what_the_environment_brings_is_well(
    check: Callable[[Place], Iterable[Finding]], place: Callable[..., Place]
) -> None:
    assert only(check(place())).level is Level.OK


def test_an_environment_of_another_lock_fails(
    place: Callable[..., Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that makes it right."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / "requirements.lock").write_text("other\n")
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    found = only(machine.environment(place(checkout=tmp_path)))
    assert (found.level, found.mend) == (Level.FAIL, "run: sh bootstrap.sh")


def test_a_clock_before_the_lock_fails(place: Callable[..., Place], tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").touch()
    os.utime(tmp_path / "requirements.lock", (time.time() + 86_400,) * 2)
    assert only(machine.clock(place(checkout=tmp_path))).level is Level.FAIL


def test_large_values_are_kept_where_one_can_write(place: Callable[..., Place], tmp_path: Path) -> None:
    """A folder that may not be there yet; not a file, not another kind of place, not one for two."""
    assert only(configuration.large_values(place())).level is Level.OK
    (tmp_path / "file").touch()
    found = only(configuration.large_values(place(TENUTO_PAYLOADS=str(tmp_path / "file" / "below"))))
    assert (found.level, found.mend) == (
        Level.FAIL,
        "set TENUTO_PAYLOADS to a folder, the same for all workers",
    )
    found = only(configuration.large_values(place(TENUTO_PAYLOADS="gs://bucket")))
    assert found.level is Level.FAIL
    assert "neither a folder nor s3://BUCKET/PREFIX" in found.says
    shared = BlobFolder(tmp_path / "shared")
    for name in ("one", "another"):
        shared.note_user(name)
    here = place(TENUTO_PAYLOADS=str(shared.folder), TENUTO_DOCUMENTS=str(shared.folder))
    for check in (configuration.large_values, configuration.documents):
        found = only(check(here))
        assert (found.level, "so none is ever removed" in found.says) == (Level.WARN, True)


def test_weights_are_known_by_a_recorded_hash_and_hashed_again_when_asked(
    place: Callable[..., Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not fetched; not hashed; unknown; and with --deep what the file really is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert only(machine.weights(place())).level is Level.WARN
    file = tmp_path / "tenuto" / KNOWN[DEFAULT].file
    file.parent.mkdir()
    file.write_bytes(b"not the model")
    assert "--deep" in only(machine.weights(place())).mend
    found = only(machine.weights(place(deep=True)))
    assert (found.level, found.mend) == (Level.FAIL, "remove it: it is not used")
    missing = only(machine.weights(place(TENUTO_MODEL_PATH=str(tmp_path / "none.gguf"))))
    assert missing.level is Level.FAIL


def test_little_room_is_a_warning_and_none_a_failure(
    place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    for room, level in ((10**12, Level.OK), (5 * 10**8, Level.WARN), (10**7, Level.FAIL)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, room=room: Usage(room))
        assert only(machine.disk(place())).level is level


class Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_each_profile_has_a_line_and_no_key_is_printed(place: Callable[..., Place]) -> None:
    found = {each.what: each for each in configuration.models(place(OPENAI_API_KEY="sk-secret"))}
    assert found["profile local (default)"].level is Level.OK
    assert "key in OPENAI_API_KEY" in found["profile openai-small"].says
    assert found["profile openai-compatible"].level is Level.WARN
    assert "sk-secret" not in str(found)
    missing = {each.what: each for each in configuration.models(place())}["profile openai-small"]
    assert (missing.level, missing.mend) == (Level.WARN, "export OPENAI_API_KEY=...")


def test_a_wrong_models_file_fails_with_its_line(place: Callable[..., Place], tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text('[routes.x]\naddress = "embedded"\nmodel = 7\n')
    found = only(configuration.models(place(TENUTO_MODELS=str(tmp_path / "models.toml"))))
    assert found.level is Level.FAIL
    assert found.says.startswith("models.toml:")


def test_a_private_key_that_others_can_read_is_a_warning(place: Callable[..., Place], tmp_path: Path) -> None:
    """With the command that mends it; a broken public key makes nobody an approver."""
    folder = tmp_path / "approvers"
    key = new_key(folder, "ada")
    here = place(TENUTO_APPROVERS=str(folder))
    assert only(configuration.approvers(here)).says.startswith("ada in ")
    key.chmod(0o640)
    (folder / "bob.pub").write_text("no key")
    _, broken, readable = configuration.approvers(here)
    assert broken.says == "bob.pub holds no key of an approver"
    assert (readable.level, readable.mend) == (Level.WARN, f"chmod 600 {key}")
    assert only(configuration.approvers(place())).mend == "python starter.py new-key NAME"


def test_what_was_named_and_is_not_there_fails(place: Callable[..., Place], tmp_path: Path) -> None:
    """What was not named is only not running yet."""
    nowhere = "http://127.0.0.1:1"
    assert only(configuration.payments(place(TENUTO_PAYMENTS_URL=nowhere))).level is Level.FAIL
    assert only(configuration.shop(place(TENUTO_SHOP=str(tmp_path / "none.db")))).level is Level.FAIL
    assert only(configuration.shop(place())).level is Level.WARN
    (tmp_path / "broken.db").write_text("no database at all")
    assert only(configuration.shop(place(TENUTO_SHOP=str(tmp_path / "broken.db")))).level is Level.FAIL
    (tmp_path / "file").write_text("")
    assert only(configuration.mail(place(TENUTO_MAIL=str(tmp_path / "file")))).level is Level.FAIL
    assert only(configuration.documents(place(TENUTO_DOCUMENTS=str(tmp_path / "file")))).level is Level.FAIL


def test_telemetry_is_off_or_somebody_listens(place: Callable[..., Place]) -> None:
    assert only(configuration.telemetry(place())).level is Level.OK
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert only(configuration.telemetry(place(OTEL_EXPORTER_OTLP_ENDPOINT=url))).level is Level.OK
    assert only(configuration.telemetry(place(OTEL_EXPORTER_OTLP_ENDPOINT=url))).level is Level.WARN


def test_a_check_that_cannot_look_is_a_failure_of_its_own(place: Callable[..., Place]) -> None:
    def disk(place: Place) -> Iterable[Finding]:
        raise OSError("no such device")

    assert only(findings_of(disk, place())).says == "cannot be checked: no such device"


def test_without_a_server_and_with_nothing_wrong_it_succeeds(tmp_path: Path) -> None:
    """A fresh checkout: some things are not there yet, each with how to get it."""
    with on_pipes("doctor", home=tmp_path, changed={"TEMPORAL_ADDRESS": ""}) as command:
        assert command.ended() == 0, command.output
    lines = command.output.splitlines()
    assert {line.split()[0] for line in lines[:-1]} == {"ok", "warn"}
    (server,) = (line for line in lines if "Temporal: " in line)
    # Somebody's own server may listen where one does that nobody names.
    assert server.startswith("ok ") or server.endswith("`python starter.py dev` starts one")
    assert command.errors == ""


def test_a_server_that_was_named_and_is_silent_fails(tmp_path: Path) -> None:
    """As a program sees it, with exit code 1."""
    with on_pipes("doctor", "--json", home=tmp_path) as command:
        assert command.ended() == 1
    told = json.loads(command.output)
    assert not told["ok"]
    (failed,) = (each for each in told["checks"] if each["level"] == "fail")
    assert (failed["what"], failed["mend"]) == ("Temporal", "check TEMPORAL_ADDRESS")


async def test_with_a_server_its_parts_and_workers_are_named(untouched_temporal: str, tmp_path: Path) -> None:
    """Nobody works on the queues of models.toml here, and that is said of each."""
    async with World.opened(untouched_temporal, tmp_path):
        changed = {"TEMPORAL_ADDRESS": untouched_temporal}
        with on_pipes("doctor", "--json", home=tmp_path, changed=changed) as command:
            await asyncio.to_thread(command.ended)
    checks = {each["what"]: each for each in json.loads(command.output)["checks"]}
    assert untouched_temporal in checks["Temporal"]["says"]
    assert "server 1." in checks["Temporal"]["says"]
    assert checks["namespace"]["says"] == "default"
    assert "TenutoSpentUsd" in checks["search attributes"]["says"]
    assert checks["worker for tenuto (workflows)"]["level"] == "warn"
    assert checks["worker for tenuto-model-local"]["says"] == "nobody; calls of local wait"


def test_a_namespace_that_is_not_there_fails(temporal: str, tmp_path: Path) -> None:
    changed = {"TEMPORAL_ADDRESS": temporal, "TEMPORAL_NAMESPACE": "nowhere"}
    with on_pipes("doctor", home=tmp_path, changed=changed) as command:
        assert command.ended() == 1
    assert "fail  namespace: there is no 'nowhere'" in command.output


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_it_stays_within_the_terminal(columns: int, tmp_path: Path) -> None:
    changed = {"TENUTO_SHOP": "/a/long/path/" + "x" * 90}
    with on_terminal("doctor", home=tmp_path, columns=columns, changed=changed) as command:
        command.ended()
    wide = [line for line in shown(command.output) if len(line) > columns]
    assert all(len(line.split()) == 1 for line in wide), wide  # a path is never broken
