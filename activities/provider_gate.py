"""Before an attempt: may its provider be asked now? After it: what the others should know of it.

What is known is shared by all workers in the database. While that is away nothing is kept back: a provider
that is asked too often says so itself, and a call must not wait for a database.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from activities.circuit_book import OPENINGS, Circuit, CircuitBook
from activities.clean_text import reason
from activities.database import Database, DatabaseError
from activities.endpoints import Endpoint
from activities.failures import AttemptFailed
from activities.token_windows import TokenWindows
from contracts.attempts import Cost, Failure, Fault, Usage

__all__ = ["Passage", "ProviderGate"]

Result = TypeVar("Result")

# A circuit that was read is believed so long: one question a second, route and worker at most.
FRESH_S = 1.0
# Far above what a transaction takes, and still within what an attempt leaves before the server's timeout.
PATIENCE_S = 1.0
# After the database did not answer it is not asked again for so long.
AWAY_S = 10.0

NEVER = (float("-inf"), None)

log = logging.getLogger(__name__)


@dataclass
class Passage:
    """One attempt that was let through. Whoever makes it writes down what came back."""

    route: str
    place: str
    tokens: int
    """The most that it can take."""
    insist: bool = False
    """Let through also while the provider is left alone."""
    usage: Usage | None = None


class ProviderGate:
    """One for all routes of a worker. Use from one event loop; without a database everything passes."""

    def __init__(
        self,
        database: Database | None = None,
        *,
        patience_s: float = PATIENCE_S,
        away_s: float = AWAY_S,
    ) -> None:
        self._circuits = CircuitBook(database) if database is not None else None
        self._windows = TokenWindows(database) if database is not None else None
        self._seen: dict[str, tuple[float, Circuit | None]] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._patience_s = patience_s
        self._away_s = away_s
        self._away_until = 0.0
        self._told = False

    @asynccontextmanager
    async def passing(self, endpoint: Endpoint, passage: Passage) -> AsyncIterator[Passage]:
        """Let the block ask the provider, and learn from its end. Raises AttemptFailed, cost none, if not."""
        begun_at = datetime.now(UTC)
        try:
            if not passage.insist:
                await self._check_circuit(endpoint, passage.route)
            await self._check_tokens(endpoint, passage)
        except asyncio.CancelledError:
            raise kept_back(Fault.CANCELLED, "cancelled before anything was sent") from None
        try:
            yield passage
        except AttemptFailed as error:
            passage.usage = error.failure.usage
            await undisturbed(self._after(endpoint, passage, begun_at, error.failure))
            raise
        await undisturbed(self._after(endpoint, passage, begun_at, None))

    async def _check_circuit(self, endpoint: Endpoint, route: str) -> None:
        if self._circuits is None or not endpoint.circuit:
            return
        circuit = await self._known(self._circuits, route)
        if circuit is None or circuit.until is None:
            return
        now = datetime.now(UTC)
        if not circuit.left(now):
            self._seen[route] = NEVER[0], circuit  # to be read again, but known to be there
            if await self._asked(True, self._circuits.take_turn, route, circuit.until, now):
                return
            circuit = await self._known(self._circuits, route)
            if circuit is None or not circuit.left(now):
                return  # somebody else's attempt went well meanwhile
        why = f"{route} is left alone until {circuit.until:%H:%M:%SZ}: {circuit.fault.value}"
        raise kept_back(Fault.CIRCUIT_OPEN, why, circuit.left(now).total_seconds())

    async def _known(self, circuits: CircuitBook, route: str) -> Circuit | None:
        async with self._reading[route]:
            read_at, circuit = self._seen.get(route, NEVER)
            if monotonic() - read_at > FRESH_S:
                circuit = await self._asked(None, circuits.find, route)
                self._seen[route] = monotonic(), circuit
            return circuit

    async def _check_tokens(self, endpoint: Endpoint, passage: Passage) -> None:
        limit = endpoint.tokens_per_minute
        if self._windows is None or limit is None:
            return
        now = datetime.now(UTC)
        take = self._windows.take
        wait_s = await self._asked(0.0, take, passage.route, passage.place, passage.tokens, limit, now)
        if wait_s:
            why = f"{limit} tokens a minute are taken; this attempt's turn comes in {wait_s:.0f} s"
            raise kept_back(Fault.RATE_LIMITED, why, wait_s)

    async def _after(
        self, endpoint: Endpoint, passage: Passage, begun_at: datetime, failure: Failure | None
    ) -> None:
        if self._windows is not None and endpoint.tokens_per_minute is not None and passage.usage is not None:
            billed = passage.usage.input_tokens + passage.usage.output_tokens
            await self._asked(None, self._windows.correct, passage.route, passage.place, billed)
        if self._circuits is None or not endpoint.circuit:
            return
        route = passage.route
        if failure is not None and failure.cost is not Cost.ACTUAL:
            if failure.fault in OPENINGS:
                now = datetime.now(UTC)
                circuit = await self._asked(None, self._circuits.failed, route, failure, now)
                self._seen[route] = monotonic(), circuit
        elif self._seen.get(route, NEVER)[1] is not None:
            await self._asked(False, self._circuits.close, route, begun_at)
            self._seen.pop(route, None)

    async def _asked(self, otherwise: Result, question: Callable[..., Result], *about: Any) -> Result:
        """The database's answer, or `otherwise` while it is away."""
        if monotonic() < self._away_until:
            return otherwise
        try:
            answer = await asyncio.wait_for(asyncio.to_thread(question, *about), self._patience_s)
        except (DatabaseError, TimeoutError) as error:
            self._away_until = monotonic() + self._away_s
            if not self._told:
                log.warning(
                    "circuits and token limits are not watched: %s", str(error) or "no answer in time"
                )
            self._told = True
            return otherwise
        self._told = False
        return answer


def kept_back(fault: Fault, why: str, wait_s: float | None = None) -> AttemptFailed:
    return AttemptFailed(Failure(fault=fault, cost=Cost.NONE, reason=reason(why), retry_after_s=wait_s))


async def undisturbed(telling: Any) -> None:
    """See it through. Cancelled meanwhile, the attempt still ends with what it proved."""
    task = asyncio.ensure_future(telling)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
