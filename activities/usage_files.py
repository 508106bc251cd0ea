"""A provider's usage export, read whole or refused with the number of the line that is wrong.

Three forms, told apart by how they begin: a CSV with `attempt_id`, a line for each request; OpenAI's usage
API as JSON; and the CSV of OpenAI's dashboard. The last two name no request, only a span of time and a model.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from activities.usage_buckets import Bucket, BucketError, buckets_of_json, buckets_of_rows
from contracts.values import Usd

__all__ = ["Billed", "UsageFile", "UsageFileError", "read_usage"]

BY_ATTEMPT = ("attempt_id", "model", "input_tokens", "output_tokens")
BY_BUCKET = ("start_time", "end_time", "model", "num_model_requests", "input_tokens", "output_tokens")
TOKENS = re.compile(r"[0-9]{1,10}")
MOST_TOKENS = 10**9
# A request a line, ten million of them; more would not fit into one transaction anyhow.
LARGEST = 1_000_000_000
USD: TypeAdapter[Decimal] = TypeAdapter(Usd)


class UsageFileError(Exception):
    """One line that says where the file is wrong."""


@dataclass(frozen=True)
class Billed:
    """What one request was billed, by the provider's own word."""

    line: int
    attempt_id: str
    model: str
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    """None where the file names tokens only."""

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class UsageFile:
    """Requests, or sums of a span of time; never both."""

    digest: str
    """SHA-256 of its bytes, as 64 hex digits."""
    written_at: datetime
    """When it was last changed: what ended just before that may not be in it yet."""
    requests: tuple[Billed, ...] = ()
    buckets: tuple[Bucket, ...] = ()


def read_usage(path: Path) -> UsageFile:
    """Raises UsageFileError for the first thing that is wrong, and OSError."""
    if path.stat().st_size > LARGEST:
        raise UsageFileError(f"{path}: larger than {LARGEST:,} bytes; export a shorter span of time")
    raw = path.read_bytes()
    digest, written = hashlib.sha256(raw).hexdigest(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        text = raw.decode("utf-8-sig")
        if text.lstrip()[:1] in ("{", "["):
            return UsageFile(digest, written, buckets=buckets_of_json(text))
        columns, rows = table(text)
        if set(BY_ATTEMPT) <= set(columns):
            return UsageFile(digest, written, requests=tuple(requests_of(rows)))
        if set(BY_BUCKET) <= set(columns):
            return UsageFile(digest, written, buckets=buckets_of_rows(rows))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageFileError(f"{path}: line {line} is not UTF-8") from error
    except (BucketError, UsageFileError) as error:
        raise UsageFileError(f"{path}: {error}") from error
    forms = f"`{','.join(BY_ATTEMPT)}` and perhaps `usd`, or `{','.join(BY_BUCKET)}`"
    raise UsageFileError(f"{path}: line 1 names not the columns {forms}; see docs/costs.md")


Row = tuple[int, Mapping[str, str]]


def table(text: str) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns, and each row with its line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UsageFileError(f"line 1: {error}") from error
    if len(set(columns)) != len(columns):
        raise UsageFileError("line 1 names a column twice")
    return columns, rows_of(reader, columns)


def rows_of(reader: "Iterator[list[str]]", columns: list[str]) -> Iterator[Row]:
    line = 1
    while True:
        line += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UsageFileError(f"line {line}: {error}") from error
        if cells is None:
            return
        line = int(getattr(reader, "line_num"))  # noqa: B009 - a cell may hold line breaks
        if not cells:
            continue
        if len(cells) != len(columns):
            raise UsageFileError(f"line {line} has {len(cells)} cells, the first line has {len(columns)}")
        yield line, {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}


def requests_of(rows: Iterator[Row]) -> Iterator[Billed]:
    first: dict[str, int] = {}
    for line, row in rows:
        name = row["attempt_id"]
        if not name:
            raise UsageFileError(f"line {line} names no attempt_id")
        if name in first:
            raise UsageFileError(f"line {line}: attempt {name} again, first on line {first[name]}")
        first[name] = line
        yield Billed(
            line=line,
            attempt_id=name,
            model=row["model"],
            input_tokens=tokens(row, "input_tokens", line),
            output_tokens=tokens(row, "output_tokens", line),
            usd=usd(row.get("usd", ""), line),
        )


def tokens(row: Mapping[str, str], name: str, line: int) -> int:
    if not TOKENS.fullmatch(row[name]) or int(row[name]) > MOST_TOKENS:
        raise UsageFileError(f"line {line}: {name} {row[name]!r} is no whole number up to {MOST_TOKENS:,}")
    return int(row[name])


def usd(text: str, line: int) -> Decimal | None:
    if not text:
        return None
    try:
        return USD.validate_python(Decimal(text))
    except (InvalidOperation, ValidationError) as error:
        words = "is no amount of US dollars with at most 12 decimals"
        raise UsageFileError(f"line {line}: usd {text!r} {words}") from error
