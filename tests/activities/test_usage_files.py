"""A provider's usage export: both of its forms are read whole, or refused with the line that is wrong."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.usage_files import Billed, UsageFileError, read_usage

HEAD = "attempt_id,model,input_tokens,output_tokens,usd\n"
DASHBOARD = (
    "start_time,end_time,start_time_iso,project_id,num_model_requests,model,input_tokens,output_tokens\n"
)
DAY = 1_763_596_800


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "usage"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def page(*results: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """As `GET /v1/organization/usage/completions` answers."""
    bucket = {"object": "bucket", "start_time": DAY, "end_time": DAY + 86_400, "results": list(results)}
    return {"object": "page", "data": [bucket | changed], "has_more": False, "next_page": None}


def result(**changed: Any) -> dict[str, Any]:
    named = {"object": "organization.usage.completions.result", "model": "gpt-4o-mini-2024-07-18"}
    rest = {"project_id": "proj_1", "user_id": None, "api_key_id": None, "batch": None}
    return {**named, **rest, "input_tokens": 10, "output_tokens": 5, "num_model_requests": 2} | changed


def test_requests_are_read_with_their_lines(tmp_path: Path) -> None:
    """Columns in any order and more of them; blank lines, a byte order mark and CRLF do not matter."""
    head = "\ufeffmodel,attempt_id,usd,note,output_tokens,input_tokens\r\n\r\n"
    text = head + 'm,1.1-a,,"x\ny",5,10\r\nm,2,0.1,,0,0\r\n'
    assert read_usage(written(tmp_path, text)).requests == (
        Billed(4, "1.1-a", "m", 10, 5, None),
        Billed(5, "2", "m", 0, 0, Decimal("0.1")),
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("a,m,1,1,\nb,m,1\n", "line 3 has 3 cells, the first line has 5"),
        ("a,m,1,1,\nb,m,-1,1,\n", "line 3: input_tokens '-1' is no whole number"),
        ("a,m,1,1.5,\n", "line 2: output_tokens '1.5' is no whole number"),
        ("a,m,1,٣,\n", "line 2: output_tokens '٣' is no whole number"),
        ("a,m,1,9999999999,\n", "line 2: output_tokens '9999999999' is no whole number"),
        ("a,m,1,1,NaN\n", "line 2: usd 'NaN' is no amount"),
        ("a,m,1,1,-0.1\n", "line 2: usd '-0.1' is no amount"),
        ("a,m,1,1,0.0000000000001\n", "line 2: usd '0.0000000000001' is no amount"),
        ("a,m,1,1,\nb,m,1,1,\na,m,1,1,\n", "line 4: attempt a again, first on line 2"),
        (",m,1,1,\n", "line 2 names no attempt_id"),
        ('a,m,1,1,"\n', "line 2: unexpected end of data"),
    ],
)
def test_a_broken_line_is_named(lines: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageFileError, match=says):
        read_usage(written(tmp_path, HEAD + lines))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1 names not the columns"),
        ("a,b\n1,2\n", "line 1 names not the columns"),
        ("attempt_id,attempt_id\n", "line 1 names a column twice"),
        (b"attempt_id\n\xff\n", "line 2 is not UTF-8"),
        ('{"data": [\n}', "line 2: "),
        ("{}", "`data` is missing"),
        ("[" * 100_000, "line 1: JSON of no usage export"),
        (
            json.dumps(page(result(model=None))),
            "bucket 1, result 1 names no model; export it grouped by model",
        ),
        (json.dumps(page(result(input_tokens=1.5))), "bucket 1, result 1: input_tokens '1.5' is no whole"),
        (json.dumps(page(result(num_model_requests=True))), "num_model_requests True is no whole"),
        (json.dumps(page(result(), result())), "bucket 1, result 2 was there before"),
        (json.dumps(page({"amount": {"value": 1}})), "bucket 1, result 1 names no model"),
        (json.dumps(page(end_time=DAY)), "bucket 1 ends before it begins"),
        (json.dumps([page(), page(start_time=DAY + 60)]), "begins within another one"),
        (DASHBOARD + f"{DAY},{DAY + 60},,,x,m,1,1\n", "line 2: num_model_requests 'x' is no whole number"),
    ],
)
def test_what_is_no_export_is_refused(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageFileError, match=says):
        read_usage(written(tmp_path, text))


def test_the_usage_of_openai_is_read_as_json_and_as_csv(tmp_path: Path) -> None:
    """One page, a list of pages, and the dashboard's table say the same; an empty day is a day."""
    pages = [page(result()), page(start_time=DAY + 86_400, end_time=DAY + 172_800)]
    of_json = read_usage(written(tmp_path, json.dumps(pages))).buckets
    rows = (
        f"{DAY},{DAY + 86_400},x,proj_1,2,gpt-4o-mini-2024-07-18,10,5\n{DAY + 86_400},{DAY + 172_800},,,,,,\n"
    )
    assert read_usage(written(tmp_path, DASHBOARD + rows)).buckets == of_json
    first, second = of_json
    assert (first.start, first.end) == tuple(datetime.fromtimestamp(at, UTC) for at in (DAY, DAY + 86_400))
    assert (first.sums[0].input_tokens, first.sums[0].project, second.sums) == (10, "proj_1", ())
    assert read_usage(written(tmp_path, json.dumps(pages[0]))).buckets == (first,)
