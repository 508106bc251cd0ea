"""The image holds what its commands need, nothing to build with, and no test."""

import re
import shlex
from pathlib import Path

from deploy.runtime_lock import entries
from tests.deploy.compose import OURS, ROOT, SERVICES
from tests.deploy.image import copied_into, imported, instructions, stage

APP = dict(copied_into("/app"))


def commands() -> list[list[str]]:
    """What our containers run: their commands and health checks."""
    given = [SERVICES[name]["command"] for name in OURS if "command" in SERVICES[name]]
    checks = [SERVICES[name]["healthcheck"]["test"][1:] for name in OURS if "healthcheck" in SERVICES[name]]
    (default,) = (rest for keyword, rest in stage(1) if keyword == "CMD")
    return [*given, *checks, re.findall(r'"([^"]+)"', default)]


def run_modules() -> set[str]:
    """The modules of ours that these commands run."""
    modules = {command[2] for command in commands() if command[1] == "-m"}
    return modules | {Path(command[1]).stem for command in commands() if command[1].endswith(".py")}


def test_the_commands_are_known() -> None:
    """So that the tests below look at all of them."""
    assert run_modules() == {"worker", "deploy.polling", "samples.build_shop", "samples.payments"}


def test_every_file_that_a_command_imports_is_in_the_image() -> None:
    assert {str(file.relative_to(ROOT)) for file in imported(run_modules())} <= set(APP.values())


def test_nothing_is_copied_that_no_command_needs() -> None:
    """Whole packages are copied, so each of them must be one that is imported from; nothing else comes."""
    needed = {file.relative_to(ROOT).parts[0] for file in imported(run_modules())}
    assert {Path(target).parts[0] for target in APP.values()} == needed
    assert "tests" not in needed
    assert {file.suffix for file in APP} <= {".py", ".md"}


def test_what_is_copied_is_sent_to_the_builder_and_nothing_secret_is() -> None:
    """The ignore file starts from nothing; each thing that is copied is let through by a line of it."""
    first, *lines = [
        line
        for line in (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert first == "*"
    allowed = [line.removeprefix("!").rstrip("/") for line in lines if line.startswith("!")]
    for keyword, rest in stage(0):
        if keyword == "COPY":
            for source in shlex.split(rest)[:-1]:
                assert any(Path(source.rstrip("/")).match(pattern) for pattern in allowed), source
    assert not {".env", ".git", ".venv", "tests"} & set(allowed)


def test_both_stages_stand_on_the_same_exact_python() -> None:
    """One environment is made in the first and used in the second."""
    images = {rest.split(" AS ")[0] for keyword, rest in instructions() if keyword == "FROM"}
    (image,) = images
    assert re.fullmatch(r"python:3\.12\.\d+-slim-bookworm", image)


def test_the_last_stage_installs_nothing_and_runs_as_nobody_special() -> None:
    """No package manager, nothing from the checkout itself, and a user without rights."""
    last = stage(1)
    assert all("--from=build" in rest for keyword, rest in last if keyword == "COPY")
    assert not any(re.search(r"\b(apt|apt-get|pip)\b", rest) for keyword, rest in last if keyword == "RUN")
    (user,) = (rest for keyword, rest in last if keyword == "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_what_is_installed_is_checked_by_hash() -> None:
    (install,) = (rest for keyword, rest in stage(0) if keyword == "RUN" and " install " in rest)
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install.split())


def test_the_lock_is_read_entry_by_entry_with_every_hash() -> None:
    """Nothing is lost on the way: all entries together are the lock again."""
    lock = (ROOT / "requirements.lock").read_text()
    parts = list(entries(lock))
    assert "\n".join(text for _, text in parts) == lock.strip()
    assert all("--hash=sha256:" in text for _, text in parts)
    assert {"temporalio", "pydantic-core", "pytest"} <= {name for name, _ in parts}


def test_the_folders_of_the_volumes_belong_to_the_images_user() -> None:
    """An empty named volume takes over the owner of the folder that it is mounted on."""
    (made,) = (rest for keyword, rest in stage(1) if keyword == "RUN")
    volumes = {
        volume.split(":")[1]
        for name in OURS
        for volume in SERVICES[name].get("volumes", [])
        if not volume.startswith(".")
    }
    assert volumes == {word for word in made.split() if word.startswith("/var/lib/tenuto/")}
    assert "--owner tenuto" in made
