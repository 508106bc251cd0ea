"""Removing large values that no kept history refers to any more."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity

from contracts.payloads import PayloadsRemoved, RemovePayloads, remove_payloads
from payloads.folder import Blob, BlobFolder

__all__ = ["PayloadUpkeep"]


class PayloadUpkeep:
    """By one rule: every run touches what it needs when it starts or later, so what was last touched before
    the oldest run that the server keeps is needed by none.

    `namespace` tells the namespace's id; `any_started_by` whether the server keeps a run, open or ended, that
    was started by then. `blobs` is None where a bucket's own rules remove.
    """

    def __init__(
        self,
        blobs: BlobFolder | None,
        namespace: Callable[[], Awaitable[str]],
        any_started_by: Callable[[datetime], Awaitable[bool]],
    ) -> None:
        self._blobs = blobs
        self._namespace = namespace
        self._any_started_by = any_started_by

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.remove_payloads]

    @activity.defn(name=remove_payloads.name)
    async def remove_payloads(self, request: RemovePayloads) -> PayloadsRemoved:
        """One round. Raises PayloadsError for a folder that cannot be written."""
        if self._blobs is None:
            return PayloadsRemoved()
        before = datetime.now(UTC) - request.grace
        there = await asyncio.to_thread(self._blobs.blobs)
        own = await self._namespace()
        await asyncio.to_thread(self._blobs.note_user, own)
        if await asyncio.to_thread(self._blobs.users) != {own}:
            logging.getLogger("payloads").warning(
                "several namespaces keep large values in %s: none is removed; give each a folder of its own",
                self._blobs.folder,
            )
            return PayloadsRemoved(kept=len(there), shared=True)
        old = [blob for blob in there if blob.touched < before]
        removed = 0
        for blob in old[: await self._unneeded(old, request.grace)]:
            activity.heartbeat()
            removed += await asyncio.to_thread(self._blobs.remove, blob.digest, blob.touched)
        return PayloadsRemoved(removed=removed, kept=len(there) - removed)

    async def _unneeded(self, old: Sequence[Blob], grace: timedelta) -> int:
        """How many of the oldest no run can need; in as many questions as that number has binary digits."""
        low, high = 0, len(old)
        while low < high:
            activity.heartbeat()
            middle = (low + high) // 2
            if await self._any_started_by(old[middle].touched + grace):
                high = middle
            else:
                low = middle + 1
        return low
