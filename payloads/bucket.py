"""An S3-compatible store by the SDK's own driver, whose libraries are not installed by default."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.contrib.aws.s3driver import S3StorageDriver, S3StorageDriverClient
from temporalio.converter import (
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

from payloads.driver import MOST_BYTES
from payloads.folder import PayloadsError

__all__ = ["Below", "Bucket", "bucket_driver"]

INSTALL = 'python -m pip install "temporalio[aioboto3]"'


class Below(S3StorageDriverClient):
    """The SDK's client, opened at its first use, with every key below a prefix."""

    def __init__(
        self,
        prefix: str,
        opening: Callable[[], AbstractAsyncContextManager[Any]],
        adapted: Callable[[Any], S3StorageDriverClient],
    ) -> None:
        self._prefix = f"{prefix}/" if prefix else ""
        self._opening = opening
        self._adapted = adapted
        self._lock = asyncio.Lock()
        self._opened: S3StorageDriverClient | None = None

    async def put_object(self, *, bucket: str, key: str, data: bytes) -> None:
        await (await self._client()).put_object(bucket=bucket, key=self._prefix + key, data=data)

    async def object_exists(self, *, bucket: str, key: str) -> bool:
        """Never, so that the driver writes it again: its age, by which the bucket removes, begins anew."""
        return False

    async def get_object(self, *, bucket: str, key: str) -> bytes:
        return await (await self._client()).get_object(bucket=bucket, key=self._prefix + key)

    async def _client(self) -> S3StorageDriverClient:
        async with self._lock:
            if self._opened is None:
                # It lives as long as the process: a data converter has no end.
                self._opened = self._adapted(await self._opening().__aenter__())
            return self._opened


class Bucket(S3StorageDriver):
    """The SDK's driver, whose errors are told as those of a folder are."""

    async def store(
        self, context: StorageDriverStoreContext, payloads: Sequence[Payload]
    ) -> list[StorageDriverClaim]:
        try:
            return await super().store(context, payloads)
        except (RuntimeError, ValueError) as error:
            raise PayloadsError(f"a large value cannot be kept: {told(error)}") from error

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        try:
            return await super().retrieve(context, claims)
        except (RuntimeError, ValueError, KeyError) as error:
            raise PayloadsError(f"a large value cannot be read: {told(error)}") from error


def told(error: Exception) -> str:
    cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
    return f"{error}{cause}; check TENUTO_PAYLOADS and the AWS_* variables"


def bucket_driver(bucket: str, prefix: str) -> Bucket:
    """Region, credentials and endpoint come from the AWS_* variables. Raises PayloadsError."""
    try:
        import aioboto3
        from temporalio.contrib.aws.s3driver.aioboto3 import new_aioboto3_client
    except ImportError as error:
        raise PayloadsError(
            f"TENUTO_PAYLOADS names a bucket, and {error.name} is not installed; {INSTALL}"
        ) from error
    client = Below(prefix, lambda: aioboto3.Session().client("s3"), new_aioboto3_client)
    return Bucket(client, bucket, max_payload_size=MOST_BYTES)
