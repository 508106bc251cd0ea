"""A model provider on loopback and the model activities that call it, run as Temporal would run them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.catalogue import load_catalogue
from activities.models import ModelActivities
from activities.provider_gate import ProviderGate
from contracts.attempts import Cost, Failure, Fault, ModelCall, ModelReply, Repair
from contracts.tickets import DraftReply, ReadTicket, ReplyDraft, TicketReading
from tests.fault_server import Behaviour, FaultServer

__all__ = ["TICKET", "Provider", "check", "failure_in", "provider"]

TICKET = ReadTicket(subject="Compass QX-10017", text="My compass arrived cracked. I want my money back.")
SECRET = "sk-scripted-0123456789"

PROFILES = """
[routes.plain]
address = "{address}"
model = "scripted-1"
context_tokens = 8192
max_output_tokens = 512
timeout = 30
slots = 4

[routes.keyed]
address = "{address}"
key = "SCRIPTED_KEY"
model = "scripted-1"
context_tokens = 8192
max_output_tokens = 512
timeout = 30
slots = 4
price = {{ input = "0.15", output = "0.60" }}

[routes.streaming]
address = "{address}"
key = "SCRIPTED_KEY"
model = "scripted-1"
context_tokens = 8192
max_output_tokens = 512
timeout = 30
slots = 4
stream = true
"""


class Provider:
    """A fault server and one attempt after another against it."""

    def __init__(self, server: FaultServer, models: ModelActivities, profile: str) -> None:
        self.server = server
        self.models = models
        self.profile = profile
        self.environment = ActivityEnvironment()

    def call(self, **changed: Any) -> ModelCall:
        """An attempt with room for everything, unless changed."""
        numbers: dict[str, Any] = {
            "attempt_id": "run-1/read_ticket/1",
            "route": self.profile,
            "model": "scripted-1",
            "max_output_tokens": 256,
            "max_input_bytes": 30_000,
            "temperature": Decimal(0),
            "timeout_s": 10.0,
        }
        return ModelCall(**numbers | changed)

    async def read(self, request: ReadTicket = TICKET, **changed: Any) -> ModelReply[TicketReading]:
        """One attempt of read_ticket."""
        result: ModelReply[TicketReading] = await self.run("read_ticket", request, self.call(**changed))
        return result

    async def draft(self, request: DraftReply, **changed: Any) -> ModelReply[ReplyDraft]:
        """One attempt of draft_reply."""
        result: ModelReply[ReplyDraft] = await self.run("draft_reply", request, self.call(**changed))
        return result

    async def run(self, name: str, request: Any, call: ModelCall) -> Any:
        """One attempt, in an activity's environment."""
        run = next(each for each in self.models.activities() if each.__name__ == name)
        return await self.environment.run(run, request, call)

    async def failure(self, *behaviours: Behaviour, **changed: Any) -> Failure:
        """The failure of a read_ticket answered so."""
        self.server.script(*behaviours)
        with pytest.raises(ApplicationError) as caught:
            await self.read(**changed)
        return failure_in(caught.value)


def failure_in(error: ApplicationError) -> Failure:
    """The only detail, after everything that every failed attempt keeps."""
    (failure,) = error.details
    assert isinstance(failure, Failure)
    assert error.type == failure.fault.value
    assert error.non_retryable
    assert error.__cause__ is None
    assert error.message == f"{failure.fault.value}: {failure.reason}"
    assert failure.reason.isprintable()
    assert failure.reason
    assert (failure.usage is not None) == (failure.cost.value == "actual")
    assert (failure.repair is not None) == (failure.fault.value == "invalid_reply")
    assert len(failure.model_dump_json()) < 64_000
    assert SECRET not in failure.model_dump_json()
    return failure


@asynccontextmanager
async def provider(
    profile: str = "keyed",
    *,
    folder: Path,
    env: Mapping[str, str] | None = None,
    changed: str = "",
    gate: ProviderGate | None = None,
) -> AsyncIterator[Provider]:
    """A server, a catalogue with three routes to it in `folder`, and its activities.

    `changed` is added to the last of them, which is `streaming`.
    """
    async with FaultServer() as server:
        path = folder / "models.toml"
        path.write_text(PROFILES.format(address=server.address) + changed, encoding="utf-8")
        catalogue = load_catalogue(path, {"SCRIPTED_KEY": SECRET} if env is None else env)
        models = ModelActivities(catalogue, gate=gate)
        try:
            yield Provider(server, models, profile)
        finally:
            await models.close()


async def check(folder: Path, behaviour: Behaviour, fault: Fault, cost: Cost, profile: str = "keyed") -> str:
    """One request, one failure of this class and cost; its reason."""
    async with provider(profile, folder=folder) as asked:
        failure = await asked.failure(behaviour)
        assert (failure.fault, failure.cost) == (fault, cost), failure.reason
        assert [entry.retry_count for entry in asked.server.entries] == ["0"]
        assert failure.provenance is not None
        assert len(failure.provenance.prompt) == 16
        return failure.reason


def repair(reply: str = "{}", error: str = "wish: Field required") -> Repair:
    """An earlier reply that was not valid."""
    return Repair(reply=reply, error=error)
