"""From one word of configuration to a place where large values are kept."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.contrib.aws.s3driver import S3StorageDriverClient
from temporalio.converter import (
    DataConverter,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)

from payloads import driver
from payloads.bucket import Below, Bucket
from payloads.folder import PayloadsError
from payloads.storage import THRESHOLD, converter_for, folder_at

RUN = StorageDriverStoreContext(
    StorageDriverWorkflowInfo(namespace="default", id="w/acme/1", run_id="r", type="w")
)


class InMemory(S3StorageDriverClient):
    """A store of the SDK's own kind, here."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.writes = 0

    async def put_object(self, *, bucket: str, key: str, data: bytes) -> None:
        self.objects[bucket, key] = data
        self.writes += 1

    async def object_exists(self, *, bucket: str, key: str) -> bool:
        return (bucket, key) in self.objects

    async def get_object(self, *, bucket: str, key: str) -> bytes:
        return self.objects[bucket, key]


async def kept(converter: DataConverter, text: str) -> bool:
    """Whether such a value leaves, and comes back the same."""
    (payload,) = await converter.encode([text])
    assert await converter.decode([payload], [str]) == [text]
    return len(payload.external_payloads) == 1


async def test_only_what_is_large_leaves(tmp_path: Path) -> None:
    """What people look at in the Temporal UI stays in the history."""
    converter = converter_for(str(tmp_path / "blobs"))
    assert not await kept(converter, "x" * (THRESHOLD - 100))
    assert not (tmp_path / "blobs").exists()
    assert await kept(converter, "x" * THRESHOLD)


async def test_a_value_that_no_worker_should_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "MOST_BYTES", 100_000)
    with pytest.raises(
        PayloadsError, match=r"a value of 100,\d+ bytes is too large: at most 100,000 are kept"
    ):
        await converter_for(str(tmp_path)).encode(["x" * 100_000])


@pytest.mark.parametrize("place", ["gs://bucket/below", "s3:///below", "https://bucket"])
def test_another_kind_of_place_is_refused(place: str) -> None:
    for made in (converter_for, folder_at):
        with pytest.raises(PayloadsError, match=f"'{place}' is neither a folder nor s3://BUCKET/PREFIX"):
            made(place)


def test_a_bucket_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not installed by default."""
    monkeypatch.setitem(sys.modules, "aioboto3", None)
    with pytest.raises(
        PayloadsError, match=r'aioboto3 is not installed; .*pip install "temporalio\[aioboto3\]"'
    ):
        converter_for("s3://bucket/below")
    assert folder_at("s3://bucket/below") is None


async def test_a_bucket_is_used_below_the_prefix_and_opened_once() -> None:
    """Through the SDK's own driver; a claim does not name the prefix, so that it may move."""
    store, opened = InMemory(), []

    @asynccontextmanager
    async def opening() -> AsyncIterator[InMemory]:
        opened.append(1)
        yield store

    bucket = Bucket(Below("tenuto/payloads", opening, lambda client: client), "bucket")
    payloads = [Payload(data=data) for data in (b"a", b"b")]
    claims = await bucket.store(RUN, payloads)
    assert await bucket.retrieve(StorageDriverRetrieveContext(), claims) == payloads
    assert opened == [1]
    # A bucket removes by age, so what is used again must be as young as its new run.
    assert await bucket.store(RUN, payloads) == claims
    assert (len(store.objects), store.writes) == (2, 4)
    assert all(key.startswith("tenuto/payloads/v0/ns/default/wt/w/wi/") for _, key in store.objects)
    assert all("tenuto" not in claim.claim_data["key"] for claim in claims)


async def test_a_bucket_that_fails_is_told_as_a_folder_is() -> None:
    """Missing, altered, and out of reach."""
    store = InMemory()

    @asynccontextmanager
    async def opening() -> AsyncIterator[InMemory]:
        yield store

    bucket = Bucket(Below("", opening, lambda client: client), "bucket")
    claims = await bucket.store(RUN, [Payload(data=b"a")])
    (name,) = store.objects
    store.objects[name] = b"other"
    with pytest.raises(
        PayloadsError, match=r"cannot be read: .*integrity check failed.*check TENUTO_PAYLOADS"
    ):
        await bucket.retrieve(StorageDriverRetrieveContext(), claims)
    store.objects.clear()
    with pytest.raises(PayloadsError, match=r"cannot be read: .*retrieve failed.*the AWS_"):
        await bucket.retrieve(StorageDriverRetrieveContext(), claims)
