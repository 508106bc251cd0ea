"""A workflow without a form of its own takes its argument as JSON, checked before anything starts."""

import io
from pathlib import Path

import pytest

from commands.failures import CommandError, Exit
from commands.inputs import read_json
from contracts.refunds import IssueRefund

GOOD = '{"order_number": "KM-20417", "amount": "24.80"}'


def test_each_file_is_one_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And `-` is standard input."""
    (tmp_path / "one.json").write_text(GOOD)
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD.replace("20417", "20418")))
    one, two = read_json(IssueRefund, [str(tmp_path / "one.json"), "-"])
    assert (one.label, two.label) == ("one.json", "-")
    assert [each.argument.model_dump()["order_number"] for each in (one, two)] == ["KM-20417", "KM-20418"]


def test_every_wrong_one_is_told_in_a_line_with_its_fields(tmp_path: Path) -> None:
    """In the words of the type, and the good one among them is not started either."""
    files = {
        "good.json": GOOD.encode(),
        "fields.json": b'{"order_number": 7, "amount": "-1", "note": ""}',
        "text.json": b"Hello",
        "bytes.json": b"\xff\xfe",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    inputs = [str(tmp_path / name) for name in (*files, "missing.json")]
    with pytest.raises(CommandError) as error:
        read_json(IssueRefund, inputs)
    assert error.value.code is Exit.BAD_INPUT
    fields, text, not_utf8, missing = str(error.value).splitlines()
    assert "fields.json: no IssueRefund as JSON: order_number: Input should be a valid string; " in fields
    assert "amount: " in fields
    assert "note: Extra inputs are not permitted" in fields
    assert "text.json: no IssueRefund as JSON: Invalid JSON" in text
    assert not_utf8.endswith("bytes.json: not UTF-8")
    assert missing.endswith("missing.json: No such file or directory")
