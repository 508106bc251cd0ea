"""Values of a history that are kept outside of it: found, and put back into it.

A history with every value in it is what all of `operations` reads, and what goes into bundles: it is
explained, verified and replayed on any machine, with no storage.
"""

from collections.abc import Iterator, Mapping, Sequence

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1.external_storage_pb2 import ExternalStorageReference
from temporalio.common import RawValue
from temporalio.converter import DataConverter

from payloads.folder import PayloadsError

__all__ = ["claims_in", "put_back"]

REFERENCE = ExternalStorageReference.DESCRIPTOR.full_name.encode()


def claims_in(event: HistoryEvent) -> list[Payload]:
    """The event's payloads that only say where their value is."""
    if REFERENCE not in event.SerializeToString():
        return []
    return [each for each in payloads_in(event) if each.metadata.get("messageType") == REFERENCE]


async def put_back(event: HistoryEvent, converter: DataConverter) -> None:
    """Put each value where its claim is, in place. Raises PayloadsError."""
    for claim in claims_in(event):
        try:
            (value,) = await converter.decode([claim], [RawValue])
        except PayloadsError:
            raise
        except (RuntimeError, ValueError) as error:
            # The SDK's own: no storage at all, or one of another kind than this was written to.
            raise PayloadsError(f"{error}; set TENUTO_PAYLOADS as the run's workers have it") from error
        claim.CopyFrom(value.payload)


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload in a message, however deep."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            yield from payloads_in(value)
        elif isinstance(value, Mapping):
            yield from (
                found for each in value.values() if isinstance(each, Message) for found in payloads_in(each)
            )
        elif isinstance(value, Sequence):
            yield from (found for each in value for found in payloads_in(each))
