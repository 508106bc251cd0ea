"""`backtest --calls N --usd X` as a person or a pipeline uses it, with a provider that keeps a journal."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.test_bad_input import HISTORY, ROOT, starter
from tests.workflows.world import models_toml


@dataclass(frozen=True)
class Provider:
    """A provider in a process of its own, and the profile `other` that means it."""

    models: Path
    journal: Path

    def requests(self) -> list[dict[str, object]]:
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [json.loads(line) for line in lines]

    def tested(self, *options: str, home: Path) -> "subprocess.CompletedProcess[str]":
        arguments = ("backtest", HISTORY, "--profile", "other", *options)
        return starter(*arguments, home=home, TENUTO_MODELS=str(self.models))


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    journal, models = tmp_path / "journal.jsonl", tmp_path / "models.toml"
    command = [sys.executable, "-m", "tests.fault_server", "--journal", str(journal)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        text = models_toml("other", process.stdout.readline().strip())
        models.write_text(text.replace("scripted", "another-model"))
        yield Provider(models, journal)
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "not answerable"),
        (("--calls", "3"), "--calls and --usd go together"),
        (("--usd", "1"), "--calls and --usd go together"),
        (("--calls", "0", "--usd", "1"), "--calls 0: at least 1"),
        (("--calls", "3", "--usd", "much"), "--usd 'much' is no amount"),
        (
            ("--calls", "3", "--usd", "0.01"),
            "other charges, and nobody is here to be asked: agree with --yes",
        ),
    ],
)
def test_no_model_is_called_without_both_flags_and_a_word(
    provider: Provider, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    done = provider.tested(*options, home=tmp_path)
    assert says in done.stdout + done.stderr
    assert done.returncode == (2 if options else 4)
    assert provider.requests() == []


def test_what_was_called_and_paid_is_said_in_every_form(provider: Provider, tmp_path: Path) -> None:
    """Another model reads the ticket and drafts the reply; both calls are in the provider's journal."""
    page = tmp_path / "page.html"
    options = ("--calls", "5", "--usd", "0.01", "--yes", "--html", str(page), "--json")
    done = provider.tested(*options, home=tmp_path)
    assert "other charges: up to 5 real calls can cost at most $0.01" in done.stderr
    told = json.loads(done.stdout)
    requests = provider.requests()
    assert [each["task"] for each in requests] == ["read_ticket", "draft_reply"]
    (run,) = told["runs"]
    assert [each["attempt_id"] for each in run["real_calls"]] == [each["request_id"] for each in requests]
    purse = told["real_calls"]
    assert (purse["made"], purse["at_most"], purse["unknown_usd"], purse["reached"]) == (2, 5, "0", None)
    assert float(purse["proven_usd"]) == pytest.approx(sum(float(e["proven_usd"]) for e in run["real_calls"]))
    words = f"2 of at most 5 real calls: ${purse['proven_usd']} proven, $0 unknown, of at most $0.01"
    assert words in page.read_text()


def test_a_cap_that_is_reached_is_the_verdict(provider: Provider, tmp_path: Path) -> None:
    done = provider.tested("--calls", "1", "--usd", "0.01", "--yes", home=tmp_path)
    assert done.returncode == 4
    assert len(provider.requests()) == 1
    assert re.search(
        r"1 of at most 1 real call: \$0\.\d+ proven, \$0 unknown.*; --calls 1 is reached", done.stdout
    )
    assert "1 run: 1 not answerable" in done.stdout
