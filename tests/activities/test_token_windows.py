"""Tokens a minute: never above the limit in any minute, and nobody is sent away twice; on both databases."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.database import Database
from activities.provider_gate import ProviderGate
from activities.token_windows import LATE_SLOTS, SLOT_S, WINDOW_SLOTS, TokenWindows
from contracts.attempts import Cost, Fault
from tests.activities.provider import provider

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMIT = 1_000


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def windows(database: Database) -> TokenWindows:
    return TokenWindows(database)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_what_fits_may_be_sent_and_what_does_not_is_told_when_to_come_back(windows: TokenWindows) -> None:
    assert [windows.take("r", f"{n}/1", 400, LIMIT, NOON) for n in range(2)] == [0, 0]
    wait = windows.take("r", "2/1", 400, LIMIT, NOON)
    assert 60 < wait <= WINDOW_SLOTS * SLOT_S + SLOT_S
    assert windows.take("r", "2/2", 400, LIMIT, at(wait)) == 0
    assert windows.take("other", "2/1", 400, LIMIT, NOON) == 0


def test_those_who_wait_have_one_order(windows: TokenWindows) -> None:
    """A small attempt does not overtake a large one that waits; each comes back once."""
    windows.take("r", "a/1", 900, LIMIT, NOON)
    large = windows.take("r", "b/1", 800, LIMIT, NOON)
    small = windows.take("r", "c/1", 300, LIMIT, NOON)
    assert 0 < large < small
    assert windows.take("r", "b/2", 800, LIMIT, at(large)) == 0
    assert windows.take("r", "c/2", 300, LIMIT, at(small)) == 0


def test_who_comes_too_early_keeps_the_place(windows: TokenWindows) -> None:
    windows.take("r", "a/1", LIMIT, LIMIT, NOON)
    wait = windows.take("r", "b/1", 10, LIMIT, NOON)
    assert windows.take("r", "b/2", 10, LIMIT, at(5)) == pytest.approx(wait - 5)


def test_who_comes_far_too_late_looks_for_another_place(windows: TokenWindows) -> None:
    """What came meanwhile counted on the one that was not used."""
    windows.take("r", "a/1", LIMIT, LIMIT, NOON)
    wait = windows.take("r", "b/1", LIMIT, LIMIT, NOON)
    late = wait + (LATE_SLOTS + 1) * SLOT_S
    assert windows.take("r", "c/1", LIMIT, LIMIT, at(late)) > 0
    assert windows.take("r", "b/2", LIMIT, LIMIT, at(late)) > 0


def test_what_was_not_used_is_given_back(windows: TokenWindows) -> None:
    """The most that an attempt can take is far above what it takes."""
    windows.take("r", "a/1", LIMIT, LIMIT, NOON)
    windows.correct("r", "a/1", 300)
    assert windows.take("r", "b/1", 700, LIMIT, NOON) == 0
    assert windows.take("r", "c/1", 1, LIMIT, NOON) > 0


def test_an_attempt_above_the_limit_has_a_minute_for_itself(windows: TokenWindows) -> None:
    """It would wait for ever otherwise."""
    assert windows.take("r", "a/1", 5 * LIMIT, LIMIT, NOON) == 0
    assert windows.take("r", "b/1", 1, LIMIT, NOON) > 0


async def test_an_attempt_that_does_not_fit_is_not_sent(database: Database, tmp_path: Path) -> None:
    """It costs nothing, and the workflow's timer waits for its turn."""
    async with provider(
        "streaming",
        folder=tmp_path,
        gate=ProviderGate(database, patience_s=60),
        changed="tokens_per_minute = 2000\n",
    ) as asked:
        windows = TokenWindows(database)
        assert windows.take("streaming", "x/1", 2_000, 2_000, datetime.now(UTC)) == 0
        refused = await asked.failure(attempt_id="1.1-a")
        assert len(asked.server.entries) == 0
    assert (refused.fault, refused.cost) == (Fault.RATE_LIMITED, Cost.NONE)
    assert refused.retry_after_s is not None
    assert 60 < refused.retry_after_s < 75
    assert refused.reason.startswith("2000 tokens a minute are taken; this attempt's turn comes in ")


# One worker: attempts one after the other, on a clock that runs ten times as fast for all of them.
WORKER = """
import json, random, sys, time
from datetime import UTC, datetime, timedelta
from activities.database import Database
from activities.token_windows import TokenWindows

url, name, begun, until = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
windows, chance, number = TokenWindows(Database(url)), random.Random(name), 0
def now(): return (time.time() - begun) * 10
while now() < until:
    number, tokens, refused = number + 1, chance.randint(20, 200), 0
    while True:
        moment = now()
        place = f"{name}-{number}/{refused}"
        wait = windows.take("r", place, tokens, 1000, datetime.fromtimestamp(1e9 + moment, UTC))
        if not wait:
            break
        refused += 1
        time.sleep(wait / 10)
    print(json.dumps([moment, tokens, refused]), flush=True)
"""


def test_over_many_workers_no_minute_has_more_than_the_limit(database: Database) -> None:
    """Four processes, a minute and a half in nine seconds. How much is sent is a matter of the machine."""
    url = database.url.render_as_string(hide_password=False)
    begun = str(time.time() + 1)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, url, name, begun, "90"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "abcd"
    ]
    lines = [line for each in processes for line in each.communicate(timeout=60)[0].splitlines()]
    assert [each.returncode for each in processes] == [0] * 4
    sent = sorted((moment, tokens, refused) for moment, tokens, refused in map(json.loads, lines))
    for first, _, _ in sent:
        within = sum(tokens for moment, tokens, _ in sent if first <= moment < first + 60)
        assert within <= LIMIT
    assert sum(tokens for _, tokens, _ in sent) > LIMIT / 2
