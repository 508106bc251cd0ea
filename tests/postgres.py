"""A real PostgreSQL on loopback, from this machine's own binaries, in a folder that is thrown away."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from embedded.ports import LOOPBACK, free_port

__all__ = ["NoPostgres", "new_database", "serving_postgres", "taken_away"]

INSTALLED = Path("/usr/lib/postgresql")
PATIENCE_S = 60.0
# Nothing of a test's has to survive the machine, so nothing waits for its disk.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100")


class NoPostgres(RuntimeError):
    """This machine has none. One line."""


@contextmanager
def serving_postgres() -> Iterator[str]:
    """The URL of a server's own database. Raises NoPostgres where none is installed."""
    binaries = newest_binaries()
    with tempfile.TemporaryDirectory(prefix="tenuto-postgres-", ignore_cleanup_errors=True) as name:
        folder, port, who = Path(name), free_port(), somebody()
        if who:
            shutil.chown(folder, who["user"], who["group"])
        made = [f"{binaries}/initdb", "-D", f"{name}/data", "-U", "tenuto", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, **who)
        settings = [word for each in SETTINGS for word in ("-c", each)]
        where = ["-h", LOOPBACK, "-p", str(port), "-k", name]
        served = [f"{binaries}/postgres", "-D", f"{name}/data", *where, *settings]
        with (folder / "log").open("wb") as log:
            server: subprocess.Popen[bytes] = subprocess.Popen(
                served, stderr=log, stdout=log, cwd=folder, **who
            )
        try:
            url = f"postgresql://tenuto@{LOOPBACK}:{port}/postgres"
            wait_for(url, server)
            yield url
        finally:
            server.send_signal(2)  # end now: cut connections, keep the order
            server.wait()


def new_database(server: str) -> str:
    """The URL of an empty database on a server."""
    name = f"ledger_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.rpartition('/')[0]}/{name}"


@contextmanager
def taken_away(url: str) -> Iterator[None]:
    """Nobody gets in any more, and who is in is thrown out; afterwards it is as before."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:

        def allow(whether: bool) -> None:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {whether}".encode())

        allow(False)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            allow(True)


def newest_binaries() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else sorted(INSTALLED.glob("*/bin"))
    if not found or not (found[-1] / "postgres").exists():
        raise NoPostgres("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1]


def somebody() -> dict[str, Any]:
    """Whom to run it as: it refuses root."""
    if os.geteuid() != 0:
        return {}
    names = {each.pw_name for each in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
