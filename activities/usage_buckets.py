"""OpenAI's usage of completions: sums by a span of time, a model, and whatever else it was grouped by.

The fields are those of `GET /v1/organization/usage/completions`; the dashboard's CSV has the same, flat.
"""

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["Bucket", "BucketError", "Sums", "buckets_of_json", "buckets_of_rows", "family"]

SPAN = {"start_time", "end_time"}
COUNTED = ("input_tokens", "output_tokens", "num_model_requests")
NAMING = ("model", "project_id", "user_id", "api_key_id", "batch", "service_tier")
NUMBER = re.compile(r"[0-9]{1,15}")
MOST = 10**15
LATEST = 10**11
DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class BucketError(Exception):
    """One line that says what is wrong and where."""


@dataclass(frozen=True)
class Sums:
    """Of one model, as far as the export tells apart."""

    model: str
    project: str
    input_tokens: int
    output_tokens: int
    requests: int


@dataclass(frozen=True)
class Bucket:
    """One span of time; nothing in it means that nothing was used."""

    start: datetime
    end: datetime
    """Not itself."""
    sums: tuple[Sums, ...]


def family(model: str) -> str:
    """Without the date of a snapshot: asked for `gpt-4o-mini`, OpenAI bills `gpt-4o-mini-2024-07-18`."""
    return DATED.sub("", model)


def buckets_of_json(text: str) -> tuple[Bucket, ...]:
    """Of a page as it came, or of a list of pages. Raises BucketError."""
    try:
        document = json.loads(text, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise BucketError(f"line {error.lineno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise BucketError("line 1: JSON of no usage export") from error
    rows: list[tuple[str, Mapping[str, Any]]] = []
    pages = document if isinstance(document, list) else [document]
    for number, bucket in enumerate((each for page in pages for each in data_of(page)), start=1):
        place = f"bucket {number}"
        if not isinstance(bucket, dict) or not isinstance(results := bucket.get("results"), list):
            raise BucketError(f"{place} has no results")
        span = {name: bucket.get(name) for name in SPAN}
        rows.append((place, span))
        for part, result in enumerate(results, start=1):
            if not isinstance(result, dict):
                raise BucketError(f"{place}, result {part} is no object")
            rows.append((f"{place}, result {part}", {**result, **span}))
    return gathered(rows)


def data_of(page: Any) -> list[Any]:
    if not isinstance(page, dict) or not isinstance(page.get("data"), list):
        raise BucketError("it is JSON, but no page of OpenAI's usage: `data` is missing")
    return list(page["data"])


def buckets_of_rows(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[Bucket, ...]:
    """Of the dashboard's CSV. A row that names no requests is a span in which nothing was used."""
    return gathered(
        (f"line {line}", row if any(row[name] for name in COUNTED) else span_of(row)) for line, row in rows
    )


def span_of(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in SPAN}


def gathered(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Bucket, ...]:
    sums: dict[tuple[int, int], list[Sums]] = {}
    seen: set[Hashable] = set()
    for place, row in rows:
        span = (number(row, "start_time", place, LATEST), number(row, "end_time", place, LATEST))
        if span[0] >= span[1]:
            raise BucketError(f"{place} ends before it begins")
        listed = sums.setdefault(span, [])
        if set(row) == SPAN:
            continue
        if not row.get("model"):
            raise BucketError(f"{place} names no model; export it grouped by model")
        named = (span, *(str(row.get(name) or "") for name in NAMING))
        if named in seen:
            raise BucketError(f"{place} was there before: the same span of time, model and project")
        seen.add(named)
        counted = (number(row, name, place, MOST) for name in COUNTED)
        listed.append(Sums(str(row["model"]), str(row.get("project_id") or ""), *counted))
    return tuple(in_order(sums))


def in_order(sums: Mapping[tuple[int, int], list[Sums]]) -> Iterator[Bucket]:
    before = 0
    for start, end in sorted(sums):
        if start < before:
            raise BucketError(f"the span of time that begins at {start} begins within another one")
        before = end
        yield Bucket(
            datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), tuple(sums[start, end])
        )


def number(row: Mapping[str, Any], name: str, place: str, most: int) -> int:
    value = row.get(name)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not NUMBER.fullmatch(text) or int(text) > most:
        raise BucketError(f"{place}: {name} {value!r} is no whole number")
    return int(text)
