"""The processes that a local stack is made of, each started once and found again."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from activities.catalogue import Catalogue, load_catalogue
from commands.failures import CommandError, Exit
from connection import Settings
from embedded.local_model import LocalModel, ensure_model
from embedded.ports import LOOPBACK, free_port
from embedded.progress import progress_on
from embedded.stack import CHECKOUT, Launch, Service, State
from embedded.stack import home as home_folder
from embedded.surroundings import complete

__all__ = [
    "catalogue_here",
    "check_key",
    "keyless_worker",
    "keys_missing",
    "needed_model",
    "payments_service",
    "samples_in",
    "worker_service",
]

PAYMENTS_PORT = 8400
HEALTH_TIMEOUT_S = 2.0
# Imports of a cold checkout, on two cores that also load a model.
WORKER_START_S = 90.0


def payments_service(home: Path, folder: Path) -> Service:
    """The sample payment service, with its journal and everything that goes with it in `folder`.

    Its facts say where shop, mail and approvers of this stack are, so that every command finds them.
    """

    def plan() -> Launch:
        port = free_port(PAYMENTS_PORT)
        command = [sys.executable, "-m", "samples.payments", "--port", str(port)]
        command += ["--journal", str(folder / "payments.jsonl"), "--shop", str(folder / "shop.db")]
        facts = {
            "url": f"http://{LOOPBACK}:{port}",
            "shop": str(folder / "shop.db"),
            "mail": str(folder / "mail"),
            "approvers": str(folder / "approvers"),
        }
        return Launch(command, facts)

    return Service("payments", home, plan, answers)


def answers(state: State) -> bool:
    # A proxy from the environment has no business between two processes of one machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{state.facts['url']}/health", timeout=HEALTH_TIMEOUT_S) as reply:
            return bool(json.load(reply)["ok"])
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return False


def worker_service(home: Path, *, drain_s: float) -> Service:
    """A worker of this checkout, told where everything is. `drain_s` is for what is under way at its stop."""
    service: Service

    def plan() -> Launch:
        log = service.log
        begins = str(log.stat().st_size if log.exists() else 0)
        # One worker of one checkout: new runs are meant for it, whoever worked here before.
        command = [sys.executable, str(CHECKOUT / "worker.py"), "--current"]
        environment = complete(os.environ)
        keyless = json.dumps(keys_missing(environment))
        facts = {"log_from": begins, "temporal": environment.get("TEMPORAL_ADDRESS", ""), "keyless": keyless}
        return Launch(command, facts, environment)

    def ready(state: State) -> bool:
        """It says so in its log when it takes tasks."""
        with service.log.open("rb") as log:
            log.seek(min(int(state.facts["log_from"]), service.log.stat().st_size))
            return b"working on" in log.read()

    service = Service("worker", home, plan, ready, start_timeout=WORKER_START_S, stop_timeout=drain_s)
    return service


def samples_in(folder: Path) -> None:
    """A fresh shop in this folder, with dates around today, unless one of today is there."""
    from samples.build_shop import build_shop

    shop, today = folder / "shop.db", datetime.now(UTC).date()
    if not shop.exists() or datetime.fromtimestamp(shop.stat().st_mtime, UTC).date() != today:
        build_shop(shop, today)
    (folder / "approvers").mkdir(parents=True, exist_ok=True)


def catalogue_here(env: Mapping[str, str]) -> Catalogue:
    """The profiles as the environment says. Raises CatalogueError."""
    return load_catalogue(Settings.of(env).models, env)


def check_key(profile: str, env: Mapping[str, str]) -> None:
    """Raise CommandError for a profile whose first route lacks its key; a fallback may lack one."""
    endpoint = catalogue_here(env).endpoints_of(profile)[0]
    if endpoint.key_name is not None and endpoint.api_key is None:
        line = f"profile {profile!r} needs a key: set {endpoint.key_name}, or choose another profile"
        raise CommandError(Exit.BAD_INPUT, line)


def keys_missing(env: Mapping[str, str]) -> dict[str, str]:
    """The variable that holds the key, of each route that lacks it here. Raises CatalogueError."""
    endpoints = catalogue_here(env).endpoints.items()
    return {name: each.key_name for name, each in endpoints if each.key_name and each.api_key is None}


def keyless_worker(env: Mapping[str, str]) -> dict[str, str] | None:
    """What `keys_missing` said when this checkout's own worker began; None when others take the runs.

    Keys live where the worker runs. Of a worker of this checkout, on the server that is asked, its start is
    written down, and the keys of the terminal that typed this say nothing: `dev` may have been given others.
    """
    state = Service("worker", home_folder()).running()
    if state is None or state.facts.get("temporal") != env.get("TEMPORAL_ADDRESS"):
        return None
    try:
        return dict(json.loads(state.facts["keyless"]))
    except (KeyError, ValueError):
        return None  # started by another release


def needed_model(home: Path, profile: str, env: Mapping[str, str]) -> LocalModel | None:
    """The embedded model server, when a route of this profile means it and the environment names no other."""
    if all(endpoint.address for endpoint in catalogue_here(env).endpoints_of(profile)):
        return None
    with progress_on(sys.stderr) as progress:
        return ensure_model(home, progress)
