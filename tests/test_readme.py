"""What the README shows works as it stands there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from activities.usage_files import read_usage
from commands.arguments import parser

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_lines_that_start_a_run_start_it(temporal: str, tmp_path: Path) -> None:
    """Copied into a file of one's own; no worker is needed to start a run."""
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    environment = {**os.environ, "TEMPORAL_ADDRESS": temporal, "PYTHONPATH": str(ROOT)}
    environment["TENUTO_HOME"] = str(tmp_path)
    mine = tmp_path / "start_one.py"
    mine.write_text(script)
    done = subprocess.run(
        [sys.executable, str(mine)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "resolve-ticket/acme/" in done.stdout


def commands() -> list[list[str]]:
    """Every `python starter.py ...` line of its blocks, in order, as a shell reads it."""
    lines = re.findall(r"^python starter\.py (.*)$", README, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def test_every_command_line_is_one() -> None:
    """The grammar takes it, and what it names is in the checkout: a stranger has nothing else."""
    assert len(commands()) > 8
    for words in commands():
        parser({}).parse_args(words)
        files = [word for word in words if "." in word and not word.replace(".", "").isdigit()]
        assert all((ROOT / name).exists() for name in files), words


def test_what_is_capped_is_what_its_runs_spend_from() -> None:
    """Its runs name no tenant."""
    runs = [words for words in commands() if words[0] == "run"]
    tenants = {parser({}).parse_args(words).tenant for words in runs}
    (cap,) = (words for words in commands() if words[0] == "cap")
    assert tenants == {parser({}).parse_args(cap).tenant}


def test_an_approval_is_asked_for_by_a_mail_that_needs_one() -> None:
    """And an export can be read by `reconcile` as the sample is."""
    mails = [words[2] for words in commands() if words[:2] == ["run", "resolve-ticket"]]
    truth = json.loads((ROOT / "samples" / "truth.json").read_text())
    assert "approve" in [truth[Path(mail).name].get("approval") for mail in mails]
    (line,) = (words for words in commands() if words[0] == "reconcile")
    assert len(read_usage(ROOT / line[1]).requests) == 2


def test_every_folder_that_it_maps_is_there() -> None:
    """And every Python package is mapped."""
    mapped = set(re.findall(r"`([a-z_]+)/`", README.partition("## Where things are")[2]))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= mapped
    assert all((ROOT / name).is_dir() for name in mapped)
