"""Refunds over HTTP, at a payment service that deduplicates by an idempotency key."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import failed, one_line
from activities.heartbeats import heartbeating
from activities.retry_after import retry_after
from activities.wire import certificates
from contracts.attempts import Cost, EffectCall, Fault
from contracts.refunds import IssueRefund, Refund, VoidedRefund, VoidRefund, issue_refund, void_refund

__all__ = ["RefundActivities"]

Reply = TypeVar("Reply", bound=BaseModel)

# An answer has three short fields; whatever is longer is none.
LARGEST_ANSWER = 64_000

# Printable ASCII is what every server takes in a header; a longer or stranger key travels as its digest.
HEADER_KEY = re.compile(r"[!-~]{1,400}")

# What each status proves. Statuses of the 400s not named here are `declined`, all others `server_error`.
STATUSES: dict[int, tuple[Fault, Cost]] = {
    401: (Fault.UNAUTHORISED, Cost.NONE),
    403: (Fault.UNAUTHORISED, Cost.NONE),
    408: (Fault.TIMED_OUT, Cost.UNKNOWN),
    429: (Fault.RATE_LIMITED, Cost.NONE),
    503: (Fault.OVERLOADED, Cost.NONE),
}


class RefundActivities:
    """Refunds and their undoing at one payment service."""

    def __init__(self, base_url: str, *, token: str | None = None) -> None:
        """`token` is sent as a bearer token when there is one."""
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            # The kernel owns every retry; a redirect would carry a refund to another place.
            follow_redirects=False,
            # The whole exchange has one deadline, which is set around it.
            timeout=None,
            trust_env=False,
            verify=certificates(trust_env=False),
        )

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.issue_refund, self.void_refund]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @activity.defn(name=issue_refund.name)
    async def issue_refund(self, request: IssueRefund, call: EffectCall) -> Refund:
        """Refund once per `call.key`. Fails with cost none when it provably did not happen, else unknown."""
        refund = await self._post("/refunds", request, call, Refund)
        if (refund.order_number, refund.amount) != (request.order_number, request.amount):
            raise failed(Fault.BROKEN_BODY, Cost.UNKNOWN, "the payment service answered for another refund")
        return refund

    @activity.defn(name=void_refund.name)
    async def void_refund(self, request: VoidRefund, call: EffectCall) -> VoidedRefund:
        """Take back the refund made under `request.refund_key`; one that arrives later is refused."""
        request = request.model_copy(update={"refund_key": header_key(request.refund_key)})
        return await self._post("/refunds/void", request, call, VoidedRefund)

    async def _post(self, path: str, request: BaseModel, call: EffectCall, reply: type[Reply]) -> Reply:
        headers = {
            "Idempotency-Key": header_key(call.key),
            "X-Client-Request-Id": header_key(call.attempt_id),
            "Content-Type": "application/json",
        }
        try:
            async with heartbeating(), asyncio.timeout(call.timeout_s):
                body = request.model_dump_json()
                async with self._client.stream("POST", path, content=body, headers=headers) as response:
                    answer = await whole_body(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            reason = f"nothing was sent: {str(error) or type(error).__name__}"
            raise failed(Fault.CONNECTION_REFUSED, Cost.NONE, reason) from error
        except TimeoutError as error:
            reason = f"no answer from the payment service within {call.timeout_s:g} s"
            raise failed(Fault.TIMED_OUT, Cost.UNKNOWN, reason) from error
        except httpx2.DecodingError as error:
            raise failed(Fault.BROKEN_BODY, Cost.UNKNOWN, f"the answer cannot be decoded: {error}") from error
        except httpx2.TransportError as error:
            reason = f"the connection was lost: {str(error) or type(error).__name__}"
            raise failed(Fault.CONNECTION_LOST, Cost.UNKNOWN, reason) from error
        if response.status_code not in (200, 201):
            raise refused(response, answer)
        try:
            return reply.model_validate_json(answer)
        except ValidationError as error:
            reason = f"the payment service's answer is not a {reply.__name__}: {one_line(str(error), 300)}"
            raise failed(Fault.BROKEN_BODY, Cost.UNKNOWN, reason) from error


async def whole_body(response: httpx2.Response) -> bytes:
    """The body, decoded, as far as it is not too large."""
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > LARGEST_ANSWER:
            raise failed(Fault.TOO_LARGE, Cost.UNKNOWN, f"the answer has more than {LARGEST_ANSWER} bytes")
    return bytes(body)


def refused(response: httpx2.Response, answer: bytes) -> ApplicationError:
    """What an answer with an error status proves."""
    status = response.status_code
    if status in STATUSES:
        fault, cost = STATUSES[status]
    elif 300 <= status < 400:
        fault, cost = Fault.REDIRECTED, Cost.UNKNOWN
    elif 400 <= status < 500:
        fault, cost = Fault.DECLINED, Cost.NONE
    else:
        fault, cost = Fault.SERVER_ERROR, Cost.UNKNOWN
    said = one_line(answer.decode("utf-8", "replace"), 300)
    reason = f"the payment service answered {status}: {said}"
    wait = retry_after(response.headers.multi_items(), datetime.now(UTC))
    return failed(fault, cost, reason, retry_after_s=wait)


def header_key(key: str) -> str:
    """The key as it can travel in a header, always the same for the same key."""
    return key if HEADER_KEY.fullmatch(key) else "sha256-" + hashlib.sha256(key.encode()).hexdigest()
