"""The provider as a process of its own, as the kill tests use it."""

import asyncio
import json
import sys
from pathlib import Path

from activities.catalogue import load_catalogue
from activities.models import ModelActivities
from contracts.attempts import Fault
from tests.activities.provider import PROFILES, SECRET, Provider
from tests.fault_server import FaultServer

ROOT = Path(__file__).parents[2]


async def test_its_journal_names_every_attempt_and_what_was_billed(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    arguments = ["--journal", str(journal), "--script", "read_ticket=status:503,good"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault_server", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        address = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        path = tmp_path / "models.toml"
        path.write_text(PROFILES.format(address=address), encoding="utf-8")
        models = ModelActivities(load_catalogue(path, {"SCRIPTED_KEY": SECRET}))
        asked = Provider(FaultServer(), models, "keyed")
        assert (await asked.failure(attempt_id="first")).fault is Fault.OVERLOADED
        result = await asked.read(attempt_id="second")
        await models.close()
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0
    first, second = (json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines())
    assert (first["request_id"], first["status"], first["output_tokens"]) == ("first", 503, 0)
    assert (second["request_id"], second["retry_count"]) == ("second", "0")
    assert result.usage is not None
    assert (second["input_tokens"], second["output_tokens"]) == (
        result.usage.input_tokens,
        result.usage.output_tokens,
    )
