"""The events of a bundle, from its JSON: what `google.protobuf.json_format` would read, sooner.

That asks a message's descriptor again for every field of every message. Here each kind of message is asked
once, and the whole history is made of plain values in one call of protobuf.
"""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import History, HistoryEvent

from operations.payload_text import SAYS, is_said, written

__all__ = ["events_of"]

Reader = Callable[[Any], Any]

PLAIN = b"json/plain"
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00")
SECOND = timedelta(seconds=1)


def events_of(told: Sequence[Any]) -> list[HistoryEvent]:
    """Fields and enum values that are not known are left out.

    Raises ValueError, TypeError, AttributeError or LookupError where a value is not of its field's kind.
    """
    return list(History(**message(History.DESCRIPTOR)({"events": told})).events)


@cache
def message(kind: Descriptor) -> Reader:
    """Reads an object as the arguments of a message of this kind."""
    if kind.full_name in WELL_KNOWN:
        return WELL_KNOWN[kind.full_name]
    fields: dict[str, tuple[str, Reader]] = {}

    def read(told: dict[str, Any]) -> dict[str, Any]:
        if not fields:  # not before it is needed: kinds may hold themselves
            fields.update((field.json_name, (field.name, reader(field))) for field in kind.fields)
        return {
            known[0]: known[1](value)
            for name, value in told.items()
            if value is not None and (known := fields.get(name)) is not None
        }

    return payload(read) if kind.full_name == Payload.DESCRIPTOR.full_name else read


def payload(read: Reader) -> Reader:
    """The same for payloads, which may be shown as what they say."""

    def read_payload(told: dict[str, Any]) -> dict[str, Any]:
        if not is_said(told):
            return dict(read(told))
        metadata = read({"metadata": told.get("metadata", {})})["metadata"]
        return {"metadata": {"encoding": PLAIN, **metadata}, "data": written(told[SAYS])}

    return read_payload


def reader(field: FieldDescriptor) -> Reader:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = value_reader(field.message_type.fields_by_name["value"])
        return lambda told: {key: entry(value) for key, value in told.items()}
    one = value_reader(field)
    return (lambda told: [one(value) for value in told]) if field.is_repeated else one


def value_reader(field: FieldDescriptor) -> Reader:
    if field.message_type is not None:
        return message(field.message_type)
    if field.enum_type is not None:
        return enum(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64decode
    return OF_TYPE.get(field.cpp_type, as_it_is)


def enum(kind: EnumDescriptor) -> Reader:
    numbers = {value.name: value.number for value in kind.values}
    return lambda told: numbers.get(told, 0) if isinstance(told, str) else told


def as_it_is(told: Any) -> Any:
    return told


def timestamp(told: str) -> dict[str, int]:
    """To the nanosecond, which a datetime does not have."""
    whole, _, fraction = told.removesuffix("Z").partition(".")
    return {
        "seconds": (datetime.fromisoformat(whole) - EPOCH) // SECOND,
        "nanos": int(fraction.ljust(9, "0")) if fraction else 0,
    }


def duration(told: str) -> Duration:
    length = Duration()
    length.FromJsonString(told)
    return length


WELL_KNOWN: dict[str, Reader] = {
    Timestamp.DESCRIPTOR.full_name: timestamp,
    Duration.DESCRIPTOR.full_name: duration,
}
# 64 bits are written as text.
OF_TYPE: dict[int, Reader] = {
    FieldDescriptor.CPPTYPE_INT32: int,
    FieldDescriptor.CPPTYPE_INT64: int,
    FieldDescriptor.CPPTYPE_UINT32: int,
    FieldDescriptor.CPPTYPE_UINT64: int,
}
