"""The worst case of a whole run, computed from what the plan declares and the sheet says.

Every occurrence of a step that the plan allows, on every route, with every attempt of its policy at its hold,
and all of it again for each repair. Two things are outside: a provider that bills above its own maximum
(the ledger flags it and calls no model after that), and what strangers write into a history (signals, and
repairs that are refused when they were accepted already).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from contracts.attempts import MOST_REPAIR_BYTES
from contracts.certificates import Certificate, StepWorst
from contracts.sheet import Route, Sheet, StepNumbers
from contracts.steps import Effect, ModelTask, Offers, Read, Step
from contracts.terms import Amount, Terms
from workflows.kernel import event_counts as events
from workflows.kernel.attempts import MAX_REPAIRS
from workflows.kernel.event_counts import patience
from workflows.kernel.ledger import first_output, worst_case
from workflows.kernel.parking import MOST_PARKED
from workflows.kernel.plan import MOST_AT_ONCE, Plan

__all__ = ["certificate", "on_route"]

Routes = Sequence[Route]


def certificate(plan: Plan, sheet: Sheet, terms: Terms, others: Iterable[Routes] = ()) -> Certificate:
    """Of a run on this sheet and these terms; `others` are the routes that a repair may choose instead."""
    choices = [sheet.routes, *others]
    once = {step.name: of_step(step, sheet, choices, terms) for step in plan.steps}
    kinds = [[times_of(once[name], number) for name, number in kind.items()] for kind in plan.stories]
    worst = Amount(
        usd=max(sum((each.usd for each in kind), Decimal(0)) for kind in kinds),
        tokens=max(sum(each.tokens for each in kind) for kind in kinds),
        calls=max(sum(each.calls for each in kind) for kind in kinds),
        steps=max(sum(each.times for each in kind) for kind in kinds),
    )
    way_out = seconds(way_out_time(plan, sheet))
    story = max(timedelta(0), terms.deadline - sheet.escrow.time)
    return Certificate(
        workflow=plan.name,
        profile=terms.profile,
        parks=terms.park > timedelta(0),
        worst=worst,
        at_most=smaller(worst, terms.cap),
        time_s=seconds(story) + way_out,
        way_out_s=way_out,
        escrow_s=seconds(sheet.escrow.time),
        busy_s=max(sum(each.busy_s for each in kind) for kind in kinds),
        events=max(counted(plan, sheet, terms, kind) for kind in kinds) + events.frame(len(plan.asks)),
        steps=tuple(times_of(once[step.name], most(plan, step.name)) for step in plan.steps),
    )


def counted(plan: Plan, sheet: Sheet, terms: Terms, kind: Sequence[StepWorst]) -> int:
    """Events of one kind of run.

    Whatever its steps allow, a run makes no more model attempts than its cap has calls, but for those that
    never began: such a one ends its step, and of gathered steps only so many are scheduled at a time.
    """
    asked = [each for each in kind if each.step in {task.name for task in plan.model_tasks}]
    gathered = {task.name for task in plan.gathers}
    never_began = sum(
        min(each.times, MOST_AT_ONCE) if each.step in gathered else each.times for each in asked
    )
    repairs = sum(each.times * repairs_of(sheet.steps[each.step], terms) for each in asked)
    by_calls = events.attempts(terms.cap.calls + never_began, repairs)
    others = sum(each.events for each in kind if each not in asked)
    return others + min(by_calls, sum(each.events for each in asked))


def repairs_of(numbers: StepNumbers, terms: Terms) -> int:
    return MOST_PARKED if terms.park > timedelta(0) and numbers.parks else 0


def most(plan: Plan, name: str) -> int:
    return max(kind.get(name, 0) for kind in plan.stories)


def times_of(once: StepWorst, number: int) -> StepWorst:
    """The same step so many times."""
    return once.model_copy(
        update={
            "times": number,
            "usd": once.usd * number,
            "tokens": once.tokens * number,
            "calls": once.calls * number,
            "busy_s": once.busy_s * number,
            "events": once.events * number,
        }
    )


def of_step(step: Step[Any, Any], sheet: Sheet, choices: Sequence[Routes], terms: Terms) -> StepWorst:
    """One occurrence."""
    numbers = sheet.steps[step.name]
    attempts, repairs = numbers.policy.attempts, repairs_of(numbers, terms)
    if isinstance(step, Read):
        counted = events.read(patience(numbers.policy), local=step.local)
        return free(step, 0, busy_time(step, sheet, 1), counted)
    if not isinstance(step, ModelTask):
        counted = events.attempts(attempts * (1 + repairs), repairs)
        if (asked := looked_up(step, sheet)) and isinstance(step, Effect) and step.lookup is not None:
            counted += events.read(asked, local=step.lookup.local) * attempts * (1 + repairs)
        return free(step, attempts * (1 + repairs), busy_time(step, sheet, 1 + repairs), counted)
    first = along(numbers, sheet.routes, first_output(numbers, sheet.routes[0]))
    again = [along(numbers, routes, most_output(routes)) for routes in choices]
    courses = len(sheet.routes) + repairs * max(len(routes) for routes in choices)
    return StepWorst(
        step=step.name,
        times=1,
        attempts=attempts * courses,
        usd=first.usd + repairs * max(each.usd for each in again),
        tokens=first.tokens + repairs * max(each.tokens for each in again),
        calls=first.calls + repairs * max(each.calls for each in again),
        busy_s=seconds(busy_time(step, sheet, courses)),
        events=events.attempts(attempts * courses, repairs),
    )


def free(step: Step[Any, Any], attempts: int, busy: timedelta, count: int) -> StepWorst:
    return StepWorst(
        step=step.name,
        times=1,
        attempts=attempts,
        usd=Decimal(0),
        tokens=0,
        calls=0,
        busy_s=seconds(busy),
        events=count,
    )


def along(numbers: StepNumbers, routes: Routes, beginning: int) -> Amount:
    """Every attempt of a model task from route to route; each begins again with its own limit."""
    total = Amount()
    for number, route in enumerate(routes):
        output = beginning if number == 0 else first_output(numbers, route)
        total = total + on_route(numbers, route, output)
    return total


def on_route(numbers: StepNumbers, route: Route, output: int) -> Amount:
    """The first attempt as it is; one that is cut short doubles the limit of all that follow, once; and an
    invalid reply is shown to the model at most MAX_REPAIRS times."""
    larger = max(output, min(output * 2, route.max_output_tokens))
    total = worst_case(numbers, route, numbers.max_request_bytes, output)
    for number in range(numbers.policy.attempts - 1):
        shown = MOST_REPAIR_BYTES if number < MAX_REPAIRS else 0
        total = total + worst_case(numbers, route, numbers.max_request_bytes + shown, larger)
    return total


def most_output(routes: Routes) -> int:
    """A repair may raise the limit of the first attempt to what its route allows."""
    return routes[0].max_output_tokens


def looked_up(step: Step[Any, Any], sheet: Sheet) -> timedelta:
    """How long it may take, after each attempt, to ask whether an effect happened."""
    if not isinstance(step, Effect) or step.lookup is None:
        return timedelta(0)
    if sheet.steps[step.name].offers is not Offers.LOOKUP:
        return timedelta(0)
    return patience(sheet.steps[step.lookup.name].policy)


def way_out_time(plan: Plan, sheet: Sheet) -> timedelta:
    """What was under way comes to its end, or it is found out whether it happened; then the way out."""
    under_way = max((to_its_end(step, sheet) for step in plan.steps), default=timedelta(0))
    steps = (busy_time(step, sheet, 1) for step in plan.way_out)
    return under_way + sum(steps, timedelta(0)) + events.BOOKKEEPING_TIME


def to_its_end(step: Step[Any, Any], sheet: Sheet) -> timedelta:
    """How long a step can take when it is told to stop: an effect is asked for until it is known to have
    happened, anything else stops within its heartbeat."""
    policy = sheet.steps[step.name].policy
    if isinstance(step, Effect):
        return (policy.attempt_timeout + looked_up(step, sheet)) * policy.attempts
    return min(policy.heartbeat or policy.attempt_timeout, policy.attempt_timeout)


def busy_time(step: Step[Any, Any], sheet: Sheet, courses: int) -> timedelta:
    """So many times every attempt of its policy, each at its timeout, and the waits between them."""
    policy = sheet.steps[step.name].policy
    return (patience(policy) + looked_up(step, sheet) * policy.attempts) * courses


def smaller(one: Amount, other: Amount) -> Amount:
    return Amount(
        usd=min(one.usd, other.usd),
        tokens=min(one.tokens, other.tokens),
        calls=min(one.calls, other.calls),
        steps=min(one.steps, other.steps),
    )


def seconds(time: timedelta) -> int:
    return ceil(time.total_seconds())
