"""What follows a failed attempt, for every fault there is."""

import itertools
from decimal import Decimal

import pytest

from contracts.attempts import Fault
from contracts.steps import Offers
from workflows.kernel.attempts import (
    MAX_REPAIRS,
    NEXT_ATTEMPT,
    OTHERWISE,
    Next,
    NextFacts,
    Otherwise,
    OtherwiseFacts,
)

# When a model task meets a fault for the first, the second and the third time in one step, with attempts
# left and room for a larger reply.
AFTER = """
rate_limited          later          later          later
overloaded            later          later          later
circuit_open          later          later          later
server_error          later          later          later
connection_lost       later          later          later
timed_out             later          later          later
stream_broken         later          later          later
connection_refused    again          later          later
worker_lost           again          again          again
cancelled             again          again          again
broken_body           again          give_up        give_up
no_choice             again          give_up        give_up
invalid_reply         repair         repair         give_up
cut_short             larger_limit   give_up        give_up
quota_exhausted       give_up        give_up        give_up
unauthorised          give_up        give_up        give_up
rejected              give_up        give_up        give_up
model_not_found       give_up        give_up        give_up
context_too_long      give_up        give_up        give_up
redirected            give_up        give_up        give_up
too_large             give_up        give_up        give_up
filtered              give_up        give_up        give_up
declined              give_up        give_up        give_up
not_found             give_up        give_up        give_up
over_hold             give_up        give_up        give_up
not_started           give_up        give_up        give_up
"""
ROWS = {words[0]: words[1:] for words in map(str.split, AFTER.split("\n")) if words}
BOTH = (False, True)
FAULTS = pytest.mark.parametrize("fault", Fault)
NO_LIMITS: dict[str, Decimal] = {}


def after(fault: Fault, **facts: object) -> Next:
    """What the table says of a model task's first such failure, but for these facts."""
    usual = {
        "offers": None,
        "may_have_happened": False,
        "leaving": False,
        "attempts_left": 3,
        "seen": 1,
        "larger_possible": True,
        "affordable": True,
        "in_time": True,
        "elsewhere": False,
    }
    return NEXT_ATTEMPT.decide(
        NextFacts.model_validate({"fault": fault, **usual, **facts}), NO_LIMITS
    ).outcome


@FAULTS
def test_every_fault_leads_where_the_table_above_says(fault: Fault) -> None:
    """A fault that is added has to be given its line."""
    assert [after(fault, seen=seen).value for seen in (1, 2, 3)] == ROWS[fault.value]


def test_the_table_above_names_faults_only() -> None:
    """None is there twice, and none that is gone."""
    assert sorted(ROWS) == sorted(fault.value for fault in Fault)
    assert len(ROWS) == len(AFTER.split("\n")) - 2


@FAULTS
def test_a_model_that_may_have_answered_is_asked_again_all_the_same(fault: Fault) -> None:
    """The ledger has booked it; whether to go on is a matter of the fault and of what is left."""
    assert after(fault, may_have_happened=True) == after(fault)


@FAULTS
def test_nothing_follows_the_last_attempt(fault: Fault) -> None:
    """Whatever is offered, seen and known."""
    for offers, happened, leaving, seen in itertools.product([None, *Offers], BOTH, BOTH, (1, 2, 3)):
        facts = {"offers": offers, "may_have_happened": happened, "leaving": leaving, "seen": seen}
        assert after(fault, attempts_left=0, **facts) is Next.GIVE_UP


@FAULTS
def test_an_effect_that_cannot_be_told_apart_is_never_repeated_when_unknown(fault: Fault) -> None:
    """It may have happened, and must not happen twice; not even to find out before the run leaves."""
    for leaving in BOTH:
        assert after(fault, offers=Offers.NEITHER, may_have_happened=True, leaving=leaving) is Next.GIVE_UP


@pytest.mark.parametrize("offers", Offers)
def test_an_effect_that_did_not_happen_is_tried_again(offers: Offers) -> None:
    """Proven, so even by one whose other side offers nothing."""
    assert after(Fault.SERVER_ERROR, offers=offers) is Next.LATER
    assert after(Fault.CONNECTION_REFUSED, offers=offers) is Next.AGAIN


@pytest.mark.parametrize("offers", [Offers.KEYED, Offers.LOOKUP])
def test_an_unknown_effect_is_tried_again_where_the_other_side_can_tell(offers: Offers) -> None:
    """With the same key, or after it was asked whether it happened."""
    assert after(Fault.CONNECTION_LOST, offers=offers, may_have_happened=True) is Next.LATER
    assert after(Fault.WORKER_LOST, offers=offers, may_have_happened=True) is Next.AGAIN


@FAULTS
def test_a_run_that_leaves_begins_nothing_but_to_find_out_what_happened(fault: Fault) -> None:
    """Only a keyed effect is repeated, at once, when it may have happened and was not finally refused."""
    final = ROWS[fault.value] == ["give_up"] * 3
    for offers, happened in itertools.product([None, *Offers], BOTH):
        repeated = offers is Offers.KEYED and happened and not final
        expected = Next.AGAIN if repeated else Next.GIVE_UP
        assert after(fault, leaving=True, offers=offers, may_have_happened=happened) is expected


def test_a_cut_reply_fails_at_once_when_no_larger_one_is_possible() -> None:
    """The same limit would cut it again."""
    assert after(Fault.CUT_SHORT, larger_possible=False) is Next.GIVE_UP


def test_an_invalid_reply_is_repaired_as_often_as_is_said() -> None:
    """The bound can be read off the code."""
    repaired = [seen for seen in range(1, 10) if after(Fault.INVALID_REPLY, seen=seen) is Next.REPAIR]
    assert len(repaired) == MAX_REPAIRS


@FAULTS
def test_what_cannot_be_paid_is_not_tried_again(fault: Fault) -> None:
    """Whatever else would have followed; a larger one costs more."""
    without = after(fault, affordable=False, larger_possible=False)
    usual = after(fault, larger_possible=False)
    assert without is (usual if usual is Next.GIVE_UP else Next.NO_MONEY)


@FAULTS
def test_what_would_come_too_late_is_not_waited_for(fault: Fault) -> None:
    """Only a wait takes time."""
    usual = after(fault)
    assert after(fault, in_time=False) is (Next.NO_TIME if usual is Next.LATER else usual)


@FAULTS
def test_only_a_provider_that_is_left_alone_is_not_waited_for_where_there_is_another(fault: Fault) -> None:
    """An attempt on the next route begins at once; without one it waits for the time to be over."""
    usual = after(fault)
    assert after(fault, elsewhere=True) is (Next.GIVE_UP if fault is Fault.CIRCUIT_OPEN else usual)


def otherwise(**facts: object) -> Otherwise:
    """What follows the end of a route, but for these facts."""
    usual = {
        "given_up": Next.GIVE_UP,
        "leaving": False,
        "routes_left": 1,
        "next_affordable": True,
        "parks": True,
    }
    return OTHERWISE.decide(OtherwiseFacts.model_validate({**usual, **facts}), NO_LIMITS).outcome


@pytest.mark.parametrize("given_up", [Next.GIVE_UP, Next.NO_MONEY, Next.NO_TIME])
def test_a_route_that_is_left_and_can_be_paid_is_next(given_up: Next) -> None:
    """Also when money or time ended the one before: it may be cheaper, and it begins at once."""
    assert otherwise(given_up=given_up) is Otherwise.NEXT_ROUTE
    assert otherwise(given_up=given_up, leaving=True) is Otherwise.FAIL


def test_a_step_is_parked_only_where_neither_money_nor_time_is_missing() -> None:
    """A person can mend neither."""
    assert otherwise(routes_left=0) is Otherwise.PARK
    assert otherwise(next_affordable=False) is Otherwise.PARK
    assert otherwise(routes_left=0, parks=False) is Otherwise.FAIL
    assert otherwise(routes_left=0, given_up=Next.NO_MONEY) is Otherwise.FAIL
    assert otherwise(routes_left=0, given_up=Next.NO_TIME) is Otherwise.FAIL
