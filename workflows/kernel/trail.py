"""The trail: what was decided and proven, chained, recorded at no cost in events.

Entries ride in a header of the next activity command, the rest in the run's result. Each says what was
taken in (digests of results and answers) and what came of it, so that an edited history contradicts itself.
"""

import hashlib
import json
from contextvars import ContextVar
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from contracts.receipts import Balance, TrailLink

__all__ = [
    "HEADER",
    "OUTGOING",
    "Trail",
    "TrailInterceptor",
    "canonical",
    "chain",
    "digest",
    "input_digest",
    "json_digest",
]

HEADER = "tenuto-trail"
OUTGOING: ContextVar[TrailLink | None] = ContextVar("outgoing trail", default=None)
INPUT_DIGEST: ContextVar[str] = ContextVar("digest of the workflow's input", default="")


# Made once: `json.dumps` makes another for each value.
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(content: bytes) -> str:
    """16 hex digits of SHA-256: enough against accident and for pointing at an edit."""
    return hashlib.sha256(content).hexdigest()[:16]


def canonical(value: object) -> bytes:
    """One byte string for one value, whatever the order of its keys."""
    text = CANONICAL.encode(value)
    # JSON may escape half of a surrogate pair, and a history that holds one must still have a digest.
    return text.encode(errors="surrogatepass")


def json_digest(*payloads: Payload) -> str:
    """Of what JSON payloads say, however they are spaced."""
    return digest(canonical([json.loads(payload.data) for payload in payloads]))


def input_digest() -> str:
    """Of the workflow's arguments as this code reads them."""
    return INPUT_DIGEST.get()


def chain(before: str, entries: list[dict[str, Any]], balance: Balance) -> str:
    """The link's own digest; anybody can recompute it from a recorded history."""
    return digest(canonical([before, entries, balance.model_dump(mode="json", exclude_defaults=True)]))


class Trail:
    """Collects entries until something carries them into the history."""

    def __init__(self) -> None:
        self._pending: list[dict[str, Any]] = []
        self.head = ""
        """The chain of the last link that was taken."""

    def add(self, entry: dict[str, Any]) -> None:
        self._pending.append(entry)

    @property
    def pending(self) -> list[dict[str, Any]]:
        """What no event carries yet."""
        return list(self._pending)

    def link(self, balance: Balance) -> TrailLink:
        """Take what is pending, chained to what went before."""
        entries, self._pending = self._pending, []
        self.head = chain(self.head, entries, balance)
        return TrailLink(entries=entries, balance=balance, chain=self.head)

    def take_back(self, attempt_id: str, link: TrailLink, before: str) -> None:
        """The command that was to carry a link was never sent: its entries ride with the next one.

        `before` is the head that it was chained to. Where another link is chained to it by now, nobody could
        follow that one without this one's chain, so the trail tells it.
        """
        self._pending[:0] = link.entries
        if self.head == link.chain:
            self.head = before
            self.add({"never_sent": attempt_id})
        else:
            self.add({"never_sent": attempt_id, "before": before, "chain": link.chain})


class TrailInterceptor(Interceptor):
    """Puts the trail into the headers of activity commands. Every worker and replayer needs it."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        return Inbound


class Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(Outbound(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        INPUT_DIGEST.set(json_digest(*workflow.payload_converter().to_payloads(input.args)))
        return await super().execute_workflow(input)


class Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        link = OUTGOING.get()
        if link is not None:
            payload: Payload = workflow.payload_converter().to_payload(link)
            input.headers = {**input.headers, HEADER: payload}
        return super().start_activity(input)
