"""Model tasks, executed: one activity a task, one body for all of them, one request an attempt."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

import httpx2
from openai import AsyncOpenAI, AsyncStream
from pydantic import BaseModel
from temporalio import activity

from activities.answers import Answer, read_completion
from activities.catalogue import Catalogue, CatalogueError
from activities.clean_text import reason
from activities.endpoints import EMBEDDED_ADDRESS, Endpoint
from activities.failures import AttemptFailed, error_of
from activities.faults import CLIENT_ERRORS, failure_of
from activities.heartbeats import heartbeating
from activities.model_requests import PROMPTED, ModelRequest, Prompted, model_request
from activities.provider_gate import Passage, ProviderGate
from activities.replies import InvalidReply, validated
from activities.streams import read_stream
from activities.wire import connect, flight
from contracts.attempts import Cost, Failure, Fault, ModelCall, ModelReply, Provenance, Repair
from telemetry.provider_calls import ProviderCalls

__all__ = ["ModelActivities"]

PATH = "/chat/completions"


class ModelActivities:
    """The activities of every model task. Use from one event loop, and close at the end."""

    def __init__(
        self, catalogue: Catalogue, calls: ProviderCalls | None = None, gate: ProviderGate | None = None
    ) -> None:
        self.catalogue = catalogue
        self.calls = calls or ProviderCalls()
        self.gate = gate or ProviderGate()
        self.clients: dict[str, AsyncOpenAI] = {}

    def activities(self) -> list[Callable[..., Any]]:
        """One Temporal activity a task, of the task's name: `(request, ModelCall) -> ModelReply[reply]`.

        A failed attempt raises ApplicationError of the fault's type with a `Failure` as its only detail,
        never retried by the server. Cancelled after its request may have left, it raises CancelledError.
        """
        return [self.activity_of(prompted) for prompted in PROMPTED]

    async def close(self) -> None:
        """Close every connection."""
        for client in self.clients.values():
            await client.close()
        self.clients.clear()

    def activity_of(self, prompted: Prompted) -> Callable[..., Any]:
        async def attempt(request: Any, call: ModelCall) -> Any:
            try:
                async with heartbeating():
                    return await self.attempt(prompted, request, call)
            except AttemptFailed as error:
                raise_failure(error.failure)

        attempt.__name__ = attempt.__qualname__ = prompted.task.name
        # What the data converter decodes and encodes by.
        attempt.__annotations__ = {
            "request": prompted.task.request,
            "call": ModelCall,
            "return": prompted.task.result,
        }
        return activity.defn(name=prompted.task.name)(attempt)

    async def attempt(self, prompted: Prompted, request: BaseModel, call: ModelCall) -> ModelReply[Any]:
        """Ask the model once. Raises AttemptFailed."""
        endpoint = self.usable_endpoint(call.route)
        sent = model_request(prompted, request, call, endpoint)
        if sent.input_bytes > call.max_input_bytes:
            why = f"the prompt has {sent.input_bytes} bytes, the hold covers {call.max_input_bytes}"
            raise unsent(Fault.OVER_HOLD, why)
        try:
            async with self.gate.passing(endpoint, passage_of(sent, call)) as passage:
                answer = await self.ask(sent, call, endpoint)
                passage.usage = answer.usage
        except AttemptFailed as error:
            raise AttemptFailed(with_provenance(error.failure, sent.provenance)) from None
        provenance = sent.provenance.model_copy(update={"answered_by": answer.answered_by})
        try:
            reply = validated(prompted.task, request, answer.content)
        except InvalidReply as error:
            raise AttemptFailed(invalid(answer, str(error), provenance)) from None
        return prompted.task.result(reply=reply, usage=answer.usage, provenance=provenance)

    def usable_endpoint(self, route: str) -> Endpoint:
        """Where to send. Raises AttemptFailed, cost none, while configuration lacks something."""
        try:
            endpoint = self.catalogue.endpoint(route)
        except CatalogueError as error:
            raise unsent(Fault.REJECTED, str(error)) from None
        if not endpoint.address:
            why = f"the embedded model server has no address: {EMBEDDED_ADDRESS} is not set"
            raise unsent(Fault.CONNECTION_REFUSED, why)
        if endpoint.key_name is not None and endpoint.api_key is None:
            raise unsent(Fault.UNAUTHORISED, f"{endpoint.key_name} is not set in the worker's environment")
        return endpoint

    async def ask(self, sent: ModelRequest, call: ModelCall, endpoint: Endpoint) -> Answer:
        """Send the request and read the answer within `call.timeout_s` in total. Raises AttemptFailed."""
        secrets = (endpoint.api_key,) if endpoint.api_key else ()
        with flight() as watched, self.calls.around(endpoint.address, call, sent.body) as told:
            try:
                async with asyncio.timeout(call.timeout_s):
                    answer = await exchange(self.client(call.route, endpoint), sent, call)
            except asyncio.CancelledError:
                if watched.sent:
                    # Nobody can say what the provider makes of it: the workflow books it as unknown.
                    raise
                unheard = unsent(Fault.CANCELLED, "cancelled before anything was sent")
                told.failed(unheard.failure)
                raise unheard from None
            except (AttemptFailed, *CLIENT_ERRORS) as error:
                failure = failure_of(error, sent=watched.sent, secrets=secrets)
                told.failed(failure)
                raise AttemptFailed(failure) from None
            told.answered(answer.content, answer.usage, answer.answered_by)
            return answer

    def client(self, route: str, endpoint: Endpoint) -> AsyncOpenAI:
        """The route's client, built at its first use and then kept."""
        if route not in self.clients:
            self.clients[route] = connect(endpoint)
        return self.clients[route]


async def exchange(client: AsyncOpenAI, sent: ModelRequest, call: ModelCall) -> Answer:
    """One request and its whole answer, read by us: the client would take "15" and true for 15 and 1."""
    headers = {"X-Client-Request-Id": call.attempt_id}
    if not sent.body.get("stream"):
        response = await client.post(
            PATH,
            cast_to=httpx2.Response,
            body=sent.body,
            options={"headers": headers, "timeout": call.timeout_s},
        )
        return read_completion(response.content)
    stream = await client.post(
        PATH,
        cast_to=object,
        body=sent.body,
        options={"headers": headers, "timeout": call.timeout_s},
        stream=True,
        stream_cls=AsyncStream[object],
    )
    async with stream:
        return await read_stream(events(stream))


async def events(stream: AsyncStream[object]) -> AsyncIterator[object]:
    async for event in stream:
        yield event


def passage_of(sent: ModelRequest, call: ModelCall) -> Passage:
    """The attempt as others see it: its step in its run, and the most tokens that it can take."""
    step, _, attempt = call.attempt_id.partition(".")
    place = f"{activity.info().workflow_run_id}/{step}/{attempt}"
    tokens = sent.input_bytes + call.max_output_tokens
    return Passage(call.route, place, tokens, insist=bool(call.insist))


def unsent(fault: Fault, why: str) -> AttemptFailed:
    return AttemptFailed(Failure(fault=fault, cost=Cost.NONE, reason=reason(why)))


def invalid(answer: Answer, error: str, provenance: Provenance) -> Failure:
    """A reply that cannot be used: paid, and worth showing to the model with what is wrong with it."""
    return Failure(
        fault=Fault.INVALID_REPLY,
        cost=Cost.UNKNOWN if answer.usage is None else Cost.ACTUAL,
        reason=reason(f"the reply is not valid: {error}"),
        usage=answer.usage,
        repair=Repair(reply=answer.content[:8_000], error=error[:2_000]),
        provenance=provenance,
    )


def with_provenance(failure: Failure, sent: Provenance) -> Failure:
    """The failure with what was sent; who answered is kept."""
    answered_by = failure.provenance.answered_by if failure.provenance else ""
    return failure.model_copy(update={"provenance": sent.model_copy(update={"answered_by": answered_by})})


def raise_failure(failure: Failure) -> NoReturn:
    # No cause: a client's error would take the provider's body into the history.
    raise error_of(failure) from None
