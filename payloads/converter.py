"""Values as JSON by pydantic, as the SDK's converter makes and reads them, by a shorter way."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter

__all__ = ["data_converter"]

JSON = b"json/plain"


class ModelsFirst(PydanticPayloadConverter):
    """Nearly all payloads are models. The SDK's converter offers each value to four others first, and makes a
    type adapter for each type in each run; a model writes and reads itself."""

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        if not all(isinstance(value, BaseModel) for value in values):
            return super().to_payloads(values)
        payloads = [Payload(data=to_json(value)) for value in values]
        for payload in payloads:
            payload.metadata["encoding"] = JSON
        return payloads

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        if type_hints is not None and len(type_hints) == len(payloads) == 1:
            (payload,), (kind,) = payloads, type_hints
            encoding = payload.metadata.get("encoding")
            if encoding == JSON and isinstance(kind, type) and issubclass(kind, BaseModel):
                return [kind.model_validate_json(payload.data)]
        return super().from_payloads(payloads, type_hints)


data_converter = DataConverter(payload_converter_class=ModelsFirst)
"""Takes what the SDK's `pydantic_data_converter` takes, and makes the same bytes."""
