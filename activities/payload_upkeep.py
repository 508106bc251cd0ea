"""Removing large values and documents that no kept history refers to any more."""

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
    was started by then. A bucket is none of the folders: its own rules remove.
    """

    def __init__(
        self,
        folders: Sequence[BlobFolder],
        namespace: Callable[[], Awaitable[str]],
        any_started_by: Callable[[datetime], Awaitable[bool]],
    ) -> None:
        self._folders = folders
        self._namespace = namespace
        self._any_started_by = any_started_by

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.remove_payloads]

    @activity.defn(name=remove_payloads.name)
    async def remove_payloads(self, request: RemovePayloads) -> PayloadsRemoved:
        """One round. Raises PayloadsError for a folder that cannot be written."""
        rounds = [await self._round(blobs, request.grace) for blobs in self._folders]
        return PayloadsRemoved(
            removed=sum(each.removed for each in rounds),
            kept=sum(each.kept for each in rounds),
            shared=any(each.shared for each in rounds),
        )

    async def _round(self, blobs: BlobFolder, grace: timedelta) -> PayloadsRemoved:
        if not blobs.folder.exists():
            return PayloadsRemoved()
        before = datetime.now(UTC) - grace
        there = await asyncio.to_thread(blobs.blobs)
        own = await self._namespace()
        await asyncio.to_thread(blobs.note_user, own)
        if await asyncio.to_thread(blobs.users) != {own}:
            logging.getLogger("payloads").warning(
                "several namespaces keep what they need in %s: none of it is removed; give each a folder of "
                "its own",
                blobs.folder,
            )
            return PayloadsRemoved(kept=len(there), shared=True)
        old = [blob for blob in there if blob.touched < before]
        removed = 0
        for blob in old[: await self._unneeded(old, grace)]:
            activity.heartbeat()
            removed += await asyncio.to_thread(blobs.remove, blob.digest, blob.touched)
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
