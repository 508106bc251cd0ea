"""Every way in which a provider can fail, through whole runs: booked and answered as the table says."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.attempts import Cost
from contracts.receipts import AttemptEnd, Status
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from contracts.terms import Amount
from tests.fault_server import Behaviour, Entry, Exchange, faults
from tests.fault_server.server import good
from tests.workflows.provider_faults import GROUPS, REFUSED, STREAM, billed, profile_of, profiles_toml
from tests.workflows.world import World, sample
from workflows.kernel.attempts import NEXT_ATTEMPT, Next

ROWS = [(group, name) for group, rows in GROUPS.items() for name in rows]
# A hang is noticed after this long, so it must not be a matter of a busy machine.
TIMEOUT_S = 4
AT_ONCE = 24
MARK = re.compile(r"case (\d{3})")


@dataclass(frozen=True)
class Course:
    """What became of a run."""

    resolution: Resolution
    status: Status
    requests: list[Entry]


@pytest.fixture(scope="module")
def courses(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Course]:
    """One run for each row, side by side, each with its fault at its first request and good replies after."""
    return asyncio.run(all_courses(temporal, tmp_path_factory.mktemp("faults")))


async def all_courses(temporal: str, folder: Path) -> dict[tuple[str, str], Course]:
    async with World.opened(temporal, folder) as world:
        toml = profiles_toml(world.profile, world.provider.address, AT_ONCE, TIMEOUT_S)
        world.settings.models.write_text(toml)
        world.provider.default = by_mark({number: GROUPS[g][n][0] for number, (g, n) in enumerate(ROWS)})
        # What takes longest begins first.
        order = sorted(enumerate(ROWS), key=lambda each: "hang" not in each[1][1])
        turns = asyncio.Semaphore(AT_ONCE)
        async with world.working():
            run = [course(world, turns, number, row[1]) for number, row in order]
            return dict(zip([row for _, row in order], await asyncio.gather(*run), strict=True))


def by_mark(scripted: dict[int, Behaviour]) -> Behaviour:
    """A provider that tells the runs apart by the mark in their tickets: each fault is answered once."""
    left = dict(scripted)

    async def answered(exchange: Exchange) -> None:
        found = MARK.search(str(exchange.request["messages"]))
        fault = left.pop(int(found[1]), None) if found and exchange.entry.task == "read_ticket" else None
        streamed = faults.stream(faults.stream_events())
        await (fault or (streamed if exchange.request.get("stream") else good))(exchange)

    return answered


async def course(world: World, turns: asyncio.Semaphore, number: int, name: str) -> Course:
    """One whole run of a ticket that bears its row's number, and that is answered without a refund."""
    profile = profile_of(world.profile, name, streamed=name.startswith(STREAM))
    ticket = sample("12")
    marked = ticket.model_copy(update={"text": f"{ticket.text}\n\ncase {number:03}"})
    async with turns:
        handle = await world.start(marked, profile=profile)
        resolution = await world.ended(handle)
        status = await world.status(handle)
    assert status is not None
    known = {line.attempt_id for line in status.attempts}
    return Course(resolution, status, [e for e in world.provider.entries if e.request_id in known])


@pytest.mark.parametrize(("group", "name"), ROWS)
def test_a_fault_is_booked_and_answered_as_the_table_says(
    courses: dict[tuple[str, str], Course], group: str, name: str
) -> None:
    """Its class, its cost in the ledger, what is tried next, and where that leads."""
    _, fault, cost, then = GROUPS[group][name]
    course = courses[group, name]
    line = course.status.attempts[0]
    assert line.fault is fault
    match cost:
        case Cost.NONE:
            assert (line.end, line.actual) == (AttemptEnd.SETTLED, Amount(calls=1))
        case Cost.ACTUAL:
            assert (line.end, line.actual) == (AttemptEnd.SETTLED, billed(course.requests[0]))
        case Cost.UNKNOWN:
            assert (line.end, line.actual) == (AttemptEnd.UNKNOWN, None)
            assert course.status.balance.unknown == line.hold
            assert line.hold.usd > billed(course.requests[0]).usd
    decisions = [each.outcome for each in course.status.decisions if each.table == NEXT_ATTEMPT.name]
    assert decisions[:1] == ([] if then is None else [then])
    fails = then is Next.GIVE_UP or name == REFUSED
    assert course.resolution.path is (Way.HANDED_OVER if fails else Way.ASKED_ORDER_NUMBER)


@pytest.mark.parametrize(("group", "name"), ROWS)
def test_every_attempt_is_one_request_that_the_client_never_repeats(
    courses: dict[tuple[str, str], Course], group: str, name: str
) -> None:
    """The ledger's attempts and the provider's requests are the same, one to one, in order."""
    course = courses[group, name]
    attempts = [line.attempt_id for line in course.status.attempts if line.hold.calls]
    requests = [entry.request_id for entry in course.requests]
    assert requests == ([] if name == REFUSED else attempts)
    assert all(entry.retry_count == "0" for entry in course.requests)


@pytest.mark.parametrize("name", GROUPS["usage lies"])
def test_a_lie_about_usage_keeps_the_content_and_is_flagged(
    courses: dict[tuple[str, str], Course], name: str
) -> None:
    """The reading counts, no second attempt is made, and the status says why the hold stays booked."""
    status = courses["usage lies", name].status
    reading = [line for line in status.attempts if line.step == "read_ticket"]
    assert len(reading) == 1
    assert status.notices == [f"{reading[0].attempt_id}: the provider's usage was not believable"]
