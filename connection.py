"""Where everything is, from the environment, and how to reach the cluster: one connect() for everyone."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode

from embedded.surroundings import complete
from payloads.storage import converter_for
from telemetry.propagation import propagating

__all__ = [
    "SEARCH_ATTRIBUTES",
    "SILENT",
    "TASK_QUEUE",
    "NotConnected",
    "Settings",
    "connect",
    "ensure_search_attributes",
    "server_said",
]

TASK_QUEUE = "tenuto"
"""Workflows, reads and effects. Each model route has a queue of its own."""

DEFAULT_ADDRESS = "localhost:7233"

SEARCH_ATTRIBUTES = {
    "TenutoStage": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "TenutoTenant": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "TenutoParked": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "TenutoSpentUsd": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
}

# What a server says that keeps its search attributes to its operator.
NOT_ALLOWED = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
SILENT = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)

CHECKOUT = Path(__file__).parent


class NotConnected(RuntimeError):
    """Nobody answers, or refuses. One line with the next step."""


@dataclass(frozen=True)
class Settings:
    """What the environment says, with defaults that fit the embedded parts."""

    models: Path
    shop: Path
    payments_url: str
    mail: Path
    documents: Path
    """The store of documents and their text: one folder for all workers and starters."""
    smtp_url: str | None
    approvers: Path
    database_url: str
    """Of the tenants' ledger; may hold a password."""
    payloads: str
    """Where large values are kept: a folder, or `s3://bucket/prefix`."""
    deployment: str | None = None
    """Under this name runs stay with the build that began them; None: any worker goes on with any run."""

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Settings":
        """Read them; TENUTO_* variables win."""
        home = Path(env.get("TENUTO_HOME", CHECKOUT / ".tenuto"))
        return cls(
            models=Path(env.get("TENUTO_MODELS", CHECKOUT / "models.toml")),
            shop=Path(env.get("TENUTO_SHOP", home / "shop.db")),
            payments_url=env.get("TENUTO_PAYMENTS_URL", "http://127.0.0.1:8400"),
            mail=Path(env.get("TENUTO_MAIL", home / "mail")),
            documents=Path(env.get("TENUTO_DOCUMENTS", home / "documents")),
            smtp_url=env.get("TENUTO_SMTP_URL"),
            approvers=Path(env.get("TENUTO_APPROVERS", home / "approvers")),
            database_url=env.get("TENUTO_DATABASE_URL") or f"sqlite:///{home / 'ledger.db'}",
            payloads=env.get("TENUTO_PAYLOADS") or str(home / "payloads"),
            deployment=env.get("TENUTO_DEPLOYMENT") or None,
        )


async def connect(runtime: Runtime | None = None) -> Client:
    """Connect as TEMPORAL_ADDRESS, _NAMESPACE, _API_KEY and the TLS variables say.

    Where they say nothing, to the embedded server of this checkout if it runs. Raises NotConnected,
    or PayloadsError where large values cannot be kept as TENUTO_PAYLOADS says.
    A run that is started through this client stands below the caller's span, if there is one.
    """
    variables = complete(os.environ)
    try:
        options = ClientConfig.load_client_connect_config(override_env_vars=variables)
    except (RuntimeError, OSError) as error:
        raise NotConnected(f"the TEMPORAL_* variables cannot be used: {said_in(error)}") from error
    options.setdefault("target_host", DEFAULT_ADDRESS)
    data_converter = converter_for(Settings.of(os.environ).payloads)
    try:
        return await Client.connect(
            **options,
            data_converter=data_converter,
            plugins=propagating(os.environ),
            runtime=runtime,
        )
    except (RuntimeError, ValueError) as error:
        raise NotConnected(
            f"no Temporal server answers at {options['target_host']}; start one with "
            f"`python starter.py dev`, or set TEMPORAL_ADDRESS ({said_in(error)})"
        ) from error


def said_in(error: Exception) -> str:
    """What the innermost of the client's nested errors says, or else its first line."""
    inner = re.findall(r'(?:message|error): "([^"]+)"', str(error))
    return inner[-1] if inner else str(error).partition("\n")[0][:120]


def server_said(error: RPCError) -> str:
    """What a person is told of a call that came to nothing."""
    if error.status not in SILENT:
        return f"the Temporal server refuses: {error.message}"
    step = "check TEMPORAL_ADDRESS, or start one with `python starter.py dev`"
    return f"the Temporal server does not answer: {error.message}; {step}"


async def ensure_search_attributes(client: Client) -> None:
    """Add what the workflows set and the namespace lacks: an unknown one would fail every run's tasks.

    Raises NotConnected where this client may not; RPCError for whatever else the server says.
    """
    service, namespace = client.operator_service, client.namespace
    try:
        known = await service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
        missing = {
            name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in known.custom_attributes
        }
        if missing:
            await service.add_search_attributes(
                AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
            )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return
        if error.status not in NOT_ALLOWED:
            raise
        wanted = ", ".join(
            f"{name} ({IndexedValueType.Name(kind).removeprefix('INDEXED_VALUE_TYPE_').title()})"
            for name, kind in SEARCH_ATTRIBUTES.items()
        )
        raise NotConnected(
            f"the namespace {namespace!r} lacks search attributes and does not let this client add them; "
            f"ask its operator for {wanted} ({error.message})"
        ) from error
