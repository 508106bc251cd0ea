"""`run extract-records` with the same documents again: answered from what was done."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from activities.database import Database
from activities.ledger_tables import record_versions, records
from tests.commands.stacks import PROVIDER_JOURNAL, provided, without_leftovers
from tests.commands.terminal import ROOT, environment, on_pipes
from tests.made_documents import INVOICE

DOCUMENTS = 6


def run(folder: Path, surroundings: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
    """What the command says on standard output, and beside it."""
    done = subprocess.run(
        [sys.executable, "starter.py", "run", "extract-records", str(folder), "--json"],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def left_behind(home: Path) -> tuple[int, int, int]:
    """Requests in the provider's own journal, rows, and versions of rows."""
    database = Database(f"sqlite:///{home / 'ledger.db'}")
    with database.reading() as connection:
        rows, versions = (
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (records, record_versions)
        )
    database.close()
    return len((home / PROVIDER_JOURNAL).read_text().splitlines()), rows, versions


@pytest.mark.timeout(180)
def test_the_same_documents_again_ask_no_model_and_write_no_row(tmp_path: Path) -> None:
    """After their runs have ended; from the same files, and from copies under other names."""
    inbox, copies = tmp_path / "inbox", tmp_path / "copies"
    inbox.mkdir()
    for number in range(DOCUMENTS):
        (inbox / f"{number}.txt").write_text(INVOICE.replace("9738", f"{7000 + number}"))
    with (
        provided(tmp_path) as changed,
        without_leftovers(tmp_path),
        on_pipes("dev", home=tmp_path, changed=changed) as stack,
    ):
        stack.until("ready: ", 90)
        surroundings = environment(tmp_path, changed)
        first, _ = run(inbox, surroundings)
        assert [each["result"]["path"] for each in first] == ["written"] * DOCUMENTS
        after = left_behind(tmp_path)
        assert after == (DOCUMENTS, DOCUMENTS, DOCUMENTS)

        again, said = run(inbox, surroundings)
        assert again == first
        assert said.count("joined extract-records/default/") == DOCUMENTS
        assert left_behind(tmp_path) == after

        shutil.copytree(inbox, copies)
        for file in copies.iterdir():
            file.rename(copies / f"copy-of-{file.name}")
        renamed, said = run(copies, surroundings)
        assert [each["run_id"] for each in renamed] == [each["run_id"] for each in first]
        assert said.count("joined extract-records/default/") == DOCUMENTS
        assert left_behind(tmp_path) == after
