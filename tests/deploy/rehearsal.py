"""The image without a container engine: `python -m tests.deploy.rehearsal` builds it and resolves a ticket.

It does what the build stage of deploy/Dockerfile says, line by line, in a temporary folder; then it runs the
stack's own commands from there, with the environment that docker-compose.yml gives them and nothing else: a
shop, payments, and a worker, as another user where this one is root. Nothing there can be written to but what
the compose file mounts writable. The Temporal server is the embedded one, prepared by the namespace job's
script; the model is scripted. It needs the package index, and takes half a minute on an idle machine.

What it cannot show: the base image, its Python (this one's is used), networks and limits.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.ports import free_port
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal, temporal_binary
from tests.deploy.compose import ROOT, SERVICES
from tests.deploy.image import copied_into, stage
from tests.postgres import NoPostgres, new_database, serving_postgres

USER = 10001
TICKET = "samples/tickets/01-broken-mugs.eml"
PROFILE = (
    '[routes.scripted]\naddress = "{address}"\nmodel = "scripted"\ncontext_tokens = 4096\n'
    'max_output_tokens = 1024\ntimeout = 5\nslots = 4\nprice = {{ input = "0.15", output = "0.60" }}\n'
)
# Prints the version of a Python that can do what the build stage does.
FIT = "import ensurepip, pip, sys, venv; print(sys.version.split()[0]); sys.exit(sys.version_info < (3, 11))"
READ_ONLY = ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


@dataclass
class Place:
    """A folder that stands for the container's root, and what stands for the addresses in it."""

    root: Path
    instead: dict[str, str]

    def real(self, text: str) -> str:
        """The text with every path of the container, and every address, as they are here."""
        for there, here in self.instead.items():
            text = text.replace(there, here)
        for folder in ("/opt/tenuto", "/var/lib/tenuto", "/etc/tenuto", "/build", "/app"):
            text = text.replace(folder, f"{self.root}{folder}")
        return text

    def path(self, there: str) -> Path:
        return Path(self.real(there))

    def build(self) -> None:
        """The build stage, instruction by instruction."""
        here = self.root
        search = f"{self.python()}:{os.environ['PATH']}"
        for keyword, rest in stage(0):
            if keyword == "WORKDIR":
                here = self.path(rest)
                here.mkdir(parents=True, exist_ok=True)
                for source, target in copied_into(rest):
                    (here / target).parent.mkdir(parents=True, exist_ok=True)
                    (here / target).write_bytes(source.read_bytes())
            if keyword == "RUN":
                began = time.monotonic()
                done = subprocess.run(
                    ["/bin/sh", "-c", self.real(rest)],
                    cwd=here,
                    env={**os.environ, "PATH": search},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                if done.returncode:
                    raise SystemExit(done.stdout.decode())
                say(f"RUN {rest.split(' >')[0][:70]}", f"{time.monotonic() - began:.1f} s")
        for path in self.path("/app").rglob("*"):
            path.chmod(path.stat().st_mode & READ_ONLY)

    def python(self) -> Path:
        """A folder with the `python` of the build stage: one that the image's user can run too."""
        for each in (sys.executable, "/usr/bin/python3"):
            with suppress(OSError, subprocess.CalledProcessError):
                found = subprocess.run(
                    [each, "-c", FIT], check=True, capture_output=True, **as_the_images_user()
                )
                break
        else:
            raise SystemExit(f"no Python with venv and pip that user {USER} can run")
        say("Python", found.stdout.decode().strip())
        folder = self.root / "python"
        folder.mkdir(parents=True)
        # A link would hide where its library is.
        (folder / "python").write_text(f'#!/bin/sh\nexec {each} "$@"\n')
        (folder / "python").chmod(0o755)
        return folder

    def environment(self, service: str) -> dict[str, str]:
        """What compose file and image give the service, and nothing of this process's own."""
        (image,) = (rest for keyword, rest in stage(1) if keyword == "ENV")
        given = dict(pair.split("=", 1) for pair in image.replace("$PATH", "/usr/bin:/bin").split())
        given |= SERVICES[service].get("environment", {})
        return {name: self.real(str(value)) for name, value in given.items()}

    def start(self, service: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        """The service's process, as the image's user if we may choose."""
        environment = self.environment(service)
        return subprocess.Popen(
            [str(self.path("/opt/tenuto/bin/python")), *(self.real(word) for word in command[1:])],
            cwd=self.path("/app"),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **as_the_images_user(),
        )


def as_the_images_user() -> dict[str, Any]:
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


def say(what: str, seen: str) -> None:
    sys.stdout.write(f"{what:72} {seen}\n")
    sys.stdout.flush()


@contextmanager
def running(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line_with(process: "subprocess.Popen[bytes]", text: str) -> str:
    """The first line of the process that has this text in it; its words so far when it ends before."""
    said = b""
    for line in iter(process.stdout.readline, b"") if process.stdout else ():
        said += line
        if text in line.decode():
            return line.decode().strip()
    raise SystemExit(f"ended before it said {text!r}:\n{said.decode()}")


def namespace_job(address: str) -> None:
    """The compose file's job, with the `temporal` of this environment."""
    given = {**SERVICES["temporal-namespace"]["environment"], "TEMPORAL_ADDRESS": address}
    path = f"{Path(temporal_binary()).parent}:{os.environ['PATH']}"
    subprocess.run(
        ["/bin/sh", str(ROOT / "deploy/temporal/namespace.sh")], env={"PATH": path, **given}, check=True
    )


def resolve(address: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """One sample ticket, started as docs/deploy.md says, from the checkout; its result."""
    told = {name: environment[name] for name in ("TEMPORAL_NAMESPACE", "TENUTO_MODELS")}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "starter.py", "run", "resolve-ticket", TICKET, "--json"]
    env = {**kept, **told, "TEMPORAL_ADDRESS": address, "TENUTO_USER": "rehearsal"}
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True, timeout=60)
    (run,) = json.loads(done.stdout)
    found: dict[str, Any] = run
    return found


def volumes_in(place: Place) -> None:
    """The folders that the image makes for its user, and what is mounted from the checkout."""
    for name in ("shop", "mail", "documents", "payments", "payloads"):
        folder = place.path(f"/var/lib/tenuto/{name}")
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(folder, USER, USER)
    place.path("/etc/tenuto/approvers").mkdir(parents=True)


@contextmanager
def ledger_server() -> Iterator[str]:
    """A PostgreSQL as the compose file's, from this machine's own binaries."""
    try:
        with serving_postgres() as url:
            yield url
    except NoPostgres as missing:
        raise SystemExit(str(missing)) from None


def rehearse(root: Path) -> None:
    """Build, run, resolve, stop. Raises or exits when anything is not as it should be."""
    # Another user must be able to look in.
    root.chmod(0o755)
    place = Place(root / "container", {})
    place.build()
    volumes_in(place)
    with ExitStack() as stack:
        stack.callback(stop_all, root / "servers")
        temporal = ensure_temporal(root / "servers")
        namespace_job(temporal.address)
        port, ledger = free_port(), new_database(stack.enter_context(ledger_server()))
        place.instead = {
            "temporal:7233": temporal.address,
            "@ledger/ledger": f"@{ledger.rpartition('@')[2]}",
            "payments:8400": f"127.0.0.1:{port}",
            "--host=0.0.0.0": "--host=127.0.0.1",
            "--port=8400": f"--port={port}",
            "http://collector:4318": "http://127.0.0.1:1",
        }
        provider = stack.enter_context(
            running(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.fault_server"], cwd=ROOT, stdout=subprocess.PIPE
                )
            )
        )
        models = place.path("/etc/tenuto/models.toml")
        models.write_text(PROFILE.format(address=line_with(provider, "http")))

        with running(place.start("shop", SERVICES["shop"]["command"])) as shop:
            say("shop", line_with(shop, "orders of").rpartition(": ")[2])
        payments = stack.enter_context(running(place.start("payments", SERVICES["payments"]["command"])))
        say("payments", line_with(payments, "payments at"))
        worker = stack.enter_context(running(place.start("worker", ["python", "worker.py"])))
        say("worker", line_with(worker, "working on").partition("worker: ")[2])
        began = time.monotonic()
        with running(place.start("worker", SERVICES["worker"]["healthcheck"]["test"][1:])) as check:
            said, _ = check.communicate(timeout=30)
            # The health check finds a worker by its host's name, which is this machine's here.
            took = time.monotonic() - began
            say("health check", f"exit {check.returncode} after {took:.1f} s {said.decode().strip()}")
            assert check.returncode == 0
        run = resolve(temporal.address, place.environment("worker"))
        path, refunded = run["result"]["path"], run["result"]["refunded"]
        say(f"resolved {TICKET}", f"{path} {refunded} USD for {run['totals']['proven_usd']} USD")
        (mail,) = place.path("/var/lib/tenuto/mail/customers/new").iterdir()
        say("mail to the customer", f"{mail.stat().st_size} bytes, owner {mail.stat().st_uid}")
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(timeout=30)
        say("worker stopped", f"exit {code} after {time.monotonic() - began:.1f} s")
        assert (path, code) == ("refunded", 0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tenuto-rehearsal-") as folder:
        rehearse(Path(folder))
