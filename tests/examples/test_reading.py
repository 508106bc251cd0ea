"""read_story and watch_spending: rows and sums that agree with the ledger and with the provider's bill."""

import json
import re
from decimal import Decimal
from typing import Any

from operations.histories import links, load
from operations.wording import dollars
from tests.examples.shell import ROOT, Shell
from tests.fault_server import faults
from tests.workflows.world import World, sample

HISTORIES = ROOT / "tests" / "histories"
FAULTS = HISTORIES / "refunded-in-spite-of-faults.json"


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


async def test_the_rows_of_a_run_add_up_to_its_ledger(nowhere: Shell) -> None:
    """From a file, with no server. Each attempt has a state and a cost; a lost one has its worst case."""
    done = await nowhere.run("read_story", FAULTS)
    assert done.code == 0, done.err
    told = rows(done.out)
    attempts = [row for row in told if row["kind"] == "attempt"]
    (totals,) = (row for row in told if row["kind"] == "totals")
    balance = list(links(load(FAULTS)))[-1][1].balance
    proven = sum(Decimal(row["usd"]) for row in attempts if row["cost"] == "proven")
    unknown = sum(
        Decimal(row["hold"]["usd"]) for row in attempts if row["cost"] == "unknown" and row["route"]
    )
    assert proven == balance.settled.usd == Decimal(totals["proven_usd"])
    assert unknown == balance.unknown.usd == Decimal(totals["unknown"]["usd"]) > 0
    assert {row["outcome"] for row in attempts} >= {"succeeded", "failed"}
    assert all(row["usd"] is None for row in attempts if row["cost"] == "unknown")


async def test_a_decision_names_the_row_that_hit_and_its_facts(nowhere: Shell) -> None:
    done = await nowhere.run("read_story", HISTORIES / "refunded-at-once.json")
    (decision,) = (row for row in rows(done.out) if row["kind"] == "decision")
    assert (decision["table"], decision["version"], decision["row"]) == ("remedy", 1, 8)
    assert (decision["outcome"], decision["because"]) == ("refund", "small enough to pay at once")
    assert decision["facts"]["orders_found"] == 1


async def test_every_recorded_run_has_rows_and_no_customers_words(nowhere: Shell) -> None:
    """Amounts are plain decimals, which every warehouse reads."""
    files = sorted(HISTORIES.glob("*.json"))
    done = await nowhere.run("read_story", *files)
    assert done.code == 0, done.err
    told = rows(done.out)
    assert sum(row["kind"] == "totals" for row in told) == len(files)
    assert all("request" not in row and "reply" not in row for row in told)
    amounts = [row["usd"] for row in told if row.get("usd")]
    assert amounts
    assert all(set(amount) <= set("0123456789.") for amount in amounts)


async def test_a_run_is_read_from_the_server_by_its_id(shop: World, shell: Shell) -> None:
    handle = await shop.start(sample("01"))
    await shop.ended(handle)
    done = await shell.run("read_story", handle.id)
    assert done.code == 0, done.err
    totals = rows(done.out)[-1]
    assert (totals["workflow_id"], totals["state"], totals["tenant"]) == (handle.id, "completed", "acme")
    assert Decimal(totals["proven_usd"]) == shop.spent()


async def test_a_run_that_is_not_there_is_one_line(shell: Shell, nowhere: Shell) -> None:
    """On the server, among the files, and without a server."""
    unknown = await shell.run("read_story", "no/such/run")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.startswith("read_story: no run 'no/such/run' on this server; ")
    missing = await nowhere.run("read_story", "missing.json")
    assert (missing.code, missing.err) == (2, "read_story: missing.json: No such file or directory\n")
    silent = await nowhere.run("read_story", "no/such/run")
    assert silent.code == 3
    (line,) = silent.err.splitlines()
    assert line.startswith("read_story: no Temporal server answers at 127.0.0.1:1; ")


async def test_spending_is_told_by_tenant_and_agrees_with_the_bill(shop: World, shell: Shell) -> None:
    """Proven and unknown apart; who came near a cap is an alert, and the exit status says so."""
    number = shop.folder.name
    await shop.resolve(sample("01"), tenant=f"frugal-{number}")
    frugal = shop.spent()
    shop.provider.script(faults.reset(), faults.reset())
    await shop.resolve(sample("02"), tenant=f"unlucky-{number}", tokens=26_000)
    quiet = await shell.run("watch_spending", "--share", "1")
    assert quiet.code == 0, quiet.err
    told = tenants(quiet.out)
    assert told[f"frugal-{number}"]["proven"].startswith(f"{dollars(frugal)}, ")
    assert told[f"frugal-{number}"]["unknown"] == "$0, 0 tokens"
    assert told[f"unlucky-{number}"]["unknown"].endswith(", 2 model calls")
    proven, worst = (usd_in(told[f"unlucky-{number}"][name]) for name in ("proven", "unknown"))
    # The provider does bill the call that was lost; nobody here can know how much.
    assert frugal + proven < shop.spent() <= frugal + proven + worst
    loud = await shell.run("watch_spending", "--share", "0.5")
    assert loud.code == 1
    # The calls are 4 of 10; it is the unknown tokens that come near.
    (alert,) = (line for line in loud.out.splitlines() if line.startswith("alert: "))
    assert re.fullmatch(rf"alert: {shop.profile}/\d+ has used [56]\d% of its cap", alert)


async def test_a_run_that_waits_is_in_the_sums(shop: World, shell: Shell) -> None:
    """An open run has spent what it has spent so far."""
    tenant = f"waits-{shop.folder.name}"
    handle = await shop.start(sample("05"), tenant=tenant)
    await shop.waiting(handle)
    done = await shell.run("watch_spending", "--share", "1")
    assert tenants(done.out)[tenant]["proven"].startswith(f"{dollars(shop.spent())}, ")
    await handle.cancel()
    await shop.ended(handle)


async def test_spending_without_a_server_is_one_line(nowhere: Shell) -> None:
    done = await nowhere.run("watch_spending")
    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 1


def usd_in(words: str) -> Decimal:
    return Decimal(words.partition(",")[0].removeprefix("$"))


def tenants(out: str) -> dict[str, dict[str, str]]:
    """What is printed for each tenant."""
    told: dict[str, dict[str, str]] = {}
    for line in out.splitlines():
        if line.startswith("  "):
            name, words = line.split(maxsplit=1)
            told[next(reversed(told))][name] = words
        elif not line.startswith("alert: "):
            told[line.partition(":")[0]] = {}
    return told
