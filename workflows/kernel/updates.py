"""What people send to runs, read: a value of its type, or one line that says why it is none."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from temporalio.common import RawValue

__all__ = ["first_wrong", "read_update"]

Sent = TypeVar("Sent", bound=BaseModel)


def read_update(raw: RawValue, kind: type[Sent], what: str) -> Sent:
    """Raises ValueError, `not WHAT: ...`, for anything else."""
    try:
        return kind.model_validate_json(raw.payload.data)
    except ValidationError as error:
        raise ValueError(f"not {what}: {first_wrong(error)}"[:300]) from None


def first_wrong(error: ValidationError) -> str:
    """Where it is wrong and how, without what was sent."""
    wrong = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part)[:40] for part in wrong["loc"]) or "argument"
    return f"{where}: {wrong['msg']}"[:300]
