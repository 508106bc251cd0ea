"""The SDK's storage driver for a folder: a claim is the digest of the payload as it went in."""

import asyncio
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

from payloads.folder import BlobFolder, PayloadsError

__all__ = ["MOST_BYTES", "FolderDriver"]

NAME = "tenuto.folder"
MOST_BYTES = 50 * 1024 * 1024
"""Of one value, as the SDK's own driver for S3 has it: a worker holds several of them in memory."""


class FolderDriver(StorageDriver):
    """Its claims hold no path, so the folder may move."""

    def __init__(self, blobs: BlobFolder) -> None:
        self._blobs = blobs

    def name(self) -> str:
        return NAME

    async def store(
        self, context: StorageDriverStoreContext, payloads: Sequence[Payload]
    ) -> list[StorageDriverClaim]:
        """One claim for each payload. Raises PayloadsError."""
        return [StorageDriverClaim({"sha256": await self._put(payload)}) for payload in payloads]

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """The payloads as they were stored. Raises PayloadsError."""
        digests = [claim.claim_data.get("sha256", "") for claim in claims]
        return [Payload.FromString(await asyncio.to_thread(self._blobs.get, each)) for each in digests]

    async def _put(self, payload: Payload) -> str:
        data = payload.SerializeToString(deterministic=True)
        if len(data) > MOST_BYTES:
            raise PayloadsError(
                f"a value of {len(data):,} bytes is too large: at most {MOST_BYTES:,} are kept"
            )
        return await asyncio.to_thread(self._blobs.put, data)
