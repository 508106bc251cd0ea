"""The worst case of a run by hand, and against every sequence of faults that the tables allow."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from contracts.attempts import MOST_REPAIR_BYTES, Fault
from contracts.certificates import Certificate
from contracts.mail import hand_to_desk, send_reply
from contracts.orders import find_order
from contracts.refunds import issue_refund
from contracts.sheet import Route, StepNumbers
from contracts.terms import Amount, Terms
from contracts.tickets import read_ticket
from tests.kernel.test_plan import plan, sheet
from workflows.kernel.attempts import NEXT_ATTEMPT, Next, NextFacts
from workflows.kernel.certificate import certificate, on_route
from workflows.kernel.ledger import worst_case
from workflows.kernel.parking import MOST_PARKED
from workflows.kernel.plan import Plan, numbers_of


def terms(mine: Plan, park: timedelta = timedelta(0)) -> Terms:
    return Terms(
        tenant="acme", requested_by="bob", cap=mine.cap, deadline=mine.deadline, profile="fast", park=park
    )


def test_a_model_task_is_certified_with_every_attempt_at_its_hold() -> None:
    """By hand: 22,000 bytes in, 256 tokens out, then twice as many out and two repairs shown."""
    mine = plan(read_ticket)
    found = certificate(mine, sheet(mine), terms(mine))
    tokens = 4 * 22_000 + 256 + 3 * 512 + 2 * MOST_REPAIR_BYTES
    usd = (Decimal("0.15") * (4 * 22_000 + 2 * MOST_REPAIR_BYTES) + Decimal("0.60") * (256 + 3 * 512)) / 10**6
    assert found.worst == Amount(usd=usd, tokens=tokens, calls=4, steps=1)


def test_under_its_terms_a_run_comes_to_no_more_than_its_cap() -> None:
    """The smaller one, in each measure."""
    mine = plan(read_ticket, cap=Amount(usd=Decimal(1), tokens=50_000, calls=9, steps=6))
    found = certificate(mine, sheet(mine), terms(mine))
    assert found.at_most == Amount(usd=found.worst.usd, tokens=50_000, calls=4, steps=1)


def test_reads_and_effects_are_free_of_money() -> None:
    """They take steps, time and events."""
    mine = plan(find_order, issue_refund, send_reply)
    found = certificate(mine, sheet(mine), terms(mine))
    assert found.worst == Amount(steps=3)
    assert [step.attempts for step in found.steps] == [0, 5, 4]
    assert all(step.busy_s and step.events for step in found.steps)


def test_a_repair_begins_every_attempt_anew_with_the_longest_reply_of_its_route() -> None:
    """As often as a step may be parked."""
    mine = plan(read_ticket, parks=(read_ticket,))
    unparked = certificate(mine, sheet(mine), terms(mine))
    found = certificate(mine, sheet(mine), terms(mine, timedelta(hours=4)))
    assert found.worst.calls == unparked.worst.calls * (1 + MOST_PARKED)
    again = found.worst.tokens - unparked.worst.tokens
    assert again == MOST_PARKED * (4 * 22_000 + 4 * 1_024 + 2 * MOST_REPAIR_BYTES)


def test_a_repair_may_choose_the_dearest_routes_of_the_catalogue() -> None:
    """Those that are dear in one measure count in that measure."""
    mine = plan(read_ticket, parks=(read_ticket,))
    own = sheet(mine)
    dear = own.routes[0].model_copy(update={"price": own.routes[0].price.model_copy(update={"output": 600})})
    usual = certificate(mine, own, terms(mine, timedelta(hours=4)))
    found = certificate(mine, own, terms(mine, timedelta(hours=4)), [(dear,), own.routes * 3])
    assert found.worst.calls == 4 + MOST_PARKED * 12
    assert found.worst.usd > usual.worst.usd


def test_every_further_route_is_certified_with_all_of_its_attempts() -> None:
    """Each begins with the step's own limit."""
    mine = plan(read_ticket)
    own = sheet(mine)
    one = certificate(mine, own, terms(mine)).worst
    two = certificate(mine, own.model_copy(update={"routes": own.routes * 2}), terms(mine)).worst
    assert (two.usd, two.tokens, two.calls) == (one.usd * 2, one.tokens * 2, one.calls * 2)


def test_the_worst_kind_of_run_counts_and_not_the_sum_of_all() -> None:
    """A run is of one kind."""
    mine = plan(find_order, hand_to_desk, read_ticket, at_most=({hand_to_desk: 2}, {read_ticket: 1}))
    found = certificate(mine, sheet(mine), terms(mine))
    assert found.worst.steps == 2
    assert found.worst.calls == 4
    assert {step.step: step.times for step in found.steps} == {
        "find_order": 0,
        "hand_to_desk": 2,
        "read_ticket": 1,
    }


def test_the_time_is_the_deadline_less_the_escrow_and_the_way_out_as_it_really_is() -> None:
    """An effect under way is asked for until it is known: 5 times 15 s; the desk 4 times 30 s and 7 s of
    waits; the lease 3 times 5 s and 0.6 s."""
    mine = plan(issue_refund, hand_to_desk, way_out=(hand_to_desk,), deadline=timedelta(hours=1))
    found = certificate(mine, sheet(mine), terms(mine))
    assert found.way_out_s == 120 + 127 + 16
    assert found.time_s == 3_600 - found.escrow_s + found.way_out_s


@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("allowed", [256, 300, 4_096])
def test_no_sequence_of_faults_that_the_table_allows_costs_more_on_a_route(
    attempts: int, allowed: int
) -> None:
    """Every fault after every other, as the real table decides; with four attempts the bound is reached."""
    numbers = numbers_of(read_ticket)
    policy = numbers.policy.model_copy(update={"attempts": attempts})
    numbers = numbers.model_copy(update={"policy": policy})
    route = sheet(plan(read_ticket)).routes[0].model_copy(update={"max_output_tokens": allowed})
    bound = on_route(numbers, route, numbers.max_output_tokens)
    worst = max(costs(numbers, route), key=lambda each: each.tokens)
    assert worst.fits(bound)
    if attempts >= 4:
        assert worst == bound


def costs(numbers: StepNumbers, route: Route) -> Iterator[Amount]:
    """What each sequence of faults comes to, with every attempt billed at its hold."""
    faults = one_of_each_kind(numbers.policy.attempts)
    request, first = numbers.max_request_bytes, numbers.max_output_tokens

    def follow(seen: tuple[Fault, ...], output: int, shown: int) -> Iterator[Amount]:
        spent = worst_case(numbers, route, request + shown, output)
        for fault in faults:
            match decided(numbers, (*seen, fault), larger=min(output * 2, route.max_output_tokens) > output):
                case Next.AGAIN | Next.LATER:
                    after = follow((*seen, fault), output, 0)
                case Next.REPAIR:
                    after = follow((*seen, fault), output, MOST_REPAIR_BYTES)
                case Next.LARGER:
                    after = follow((*seen, fault), min(output * 2, route.max_output_tokens), 0)
                case _:
                    after = iter([Amount()])
            for rest in after:
                yield spent + rest

    return follow((), first, 0)


def decided(numbers: StepNumbers, seen: tuple[Fault, ...], *, larger: bool) -> Next:
    """What the table says after these faults, with money and time for everything."""
    return NEXT_ATTEMPT.decide(
        NextFacts(
            fault=seen[-1],
            offers=None,
            may_have_happened=True,
            leaving=False,
            attempts_left=numbers.policy.attempts - len(seen),
            seen=seen.count(seen[-1]),
            larger_possible=larger,
            affordable=True,
            in_time=True,
            elsewhere=False,
        ),
        {},
    ).outcome


def one_of_each_kind(attempts: int) -> list[Fault]:
    """Faults after which the table never decides differently stand for each other."""
    numbers = numbers_of(read_ticket)
    policy = numbers.policy.model_copy(update={"attempts": attempts + 1})
    numbers = numbers.model_copy(update={"policy": policy})
    kinds = {
        tuple(
            decided(numbers, (fault,) * times, larger=larger)
            for times in range(1, attempts + 1)
            for larger in (True, False)
        ): fault
        for fault in Fault
    }
    return list(kinds.values())


def test_more_of_anything_never_certifies_less() -> None:
    """Of attempts and of calls. A cap with few calls bounds the events: then more attempts add none."""
    mine = plan(read_ticket, parks=(read_ticket,))
    found = [with_attempts(mine, number, calls) for calls in (4, 1_000) for number in (1, 2, 3, 4, 8)]
    capped, lifted = found[:5], found[5:]
    assert all(one.worst.fits(two.worst) and one.events <= two.events for one, two in pairwise(capped))
    assert all(one.worst.fits(two.worst) and one.events < two.events for one, two in pairwise(lifted))
    assert all(one.events <= two.events for one, two in zip(capped, lifted, strict=True))
    assert capped[-1].events < lifted[-1].events


def with_attempts(mine: Plan, number: int, calls: int) -> Certificate:
    own = sheet(mine)
    numbers = own.steps["read_ticket"]
    policy = numbers.policy.model_copy(update={"attempts": number})
    steps = {"read_ticket": numbers.model_copy(update={"policy": policy})}
    usual = terms(mine, timedelta(hours=1))
    capped = usual.model_copy(update={"cap": usual.cap.model_copy(update={"calls": calls})})
    return certificate(mine, own.model_copy(update={"steps": steps}), capped)
