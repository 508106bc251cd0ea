"""The local model as a service: its weights, its server, its address and key."""

import json
import secrets
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from embedded.ports import LOOPBACK, free_port
from embedded.progress import Progress
from embedded.stack import Launch, Service, State
from embedded.weights import DEFAULT, identify, obtain

__all__ = ["JOURNAL", "LocalModel", "ensure_model", "model_service"]

JOURNAL = "model-requests.jsonl"
"""Of every request to the local model, in the home folder; see RequestJournal."""

# Loading takes 2 to 5 s, from a cold disk ten times that.
START_TIMEOUT_S = 180.0
HEALTH_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class LocalModel:
    """A running local model."""

    address: str
    """Base URL for OpenAI's clients, with /v1."""
    key: str
    model: str
    """The name of the weights that really answer."""


def ensure_model(folder: Path, progress: Progress, name: str = DEFAULT) -> LocalModel:
    """The model server of this home folder with these weights, fetched and started if needed.

    TENUTO_MODEL_PATH names other weights. Raises WeightsError and ServiceError.
    """
    path = obtain(name, progress)
    alias = identify(path).name
    service = model_service(folder, path, alias)
    state = service.ensure(suits=lambda state: state.facts.get("weights") == str(path))
    return LocalModel(state.facts["address"], state.facts["key"], state.facts["model"])


def model_service(folder: Path, weights: Path, alias: str) -> Service:
    """The model server as a service named `model`; its facts are `address`, `key`, `model` and `weights`."""

    def plan() -> Launch:
        port, key = free_port(), secrets.token_urlsafe(24)
        command = [sys.executable, "-m", "embedded.model_server", "--model", str(weights), "--alias", alias]
        command += ["--port", str(port), "--journal", str(folder / JOURNAL)]
        facts = {
            "address": f"http://{LOOPBACK}:{port}/v1",
            "key": key,
            "model": alias,
            "weights": str(weights),
        }
        return Launch(command, facts, {"TENUTO_MODEL_KEY": key})

    return Service("model", folder, plan, _ready, start_timeout=START_TIMEOUT_S)


def _ready(state: State) -> bool:
    """Whether it answers with its own key; somebody else on its port would not."""
    key = {"Authorization": f"Bearer {state.facts['key']}"}
    request = urllib.request.Request(f"{state.facts['address']}/models", headers=key)  # noqa: S310 (http)
    # A proxy from the environment has no business between two processes of one machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=HEALTH_TIMEOUT_S) as reply:
            return "data" in json.load(reply)
    except (OSError, ValueError):
        return False
