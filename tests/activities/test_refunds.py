"""Refunds against the real payment service, over real HTTP."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.refunds import RefundActivities
from contracts.attempts import Cost, EffectCall, Failure, Fault
from contracts.refunds import IssueRefund, Refund, VoidedRefund, VoidRefund
from samples import payment_faults
from samples.payments import PaymentServer, serving

CHARGES = {"AB-12345": 4_990, "AB-54321": 12_000}
REQUEST = IssueRefund(order_number="AB-12345", amount=Decimal("49.90"))
CALL = EffectCall(
    attempt_id="resolve/shop/1/refund/1", key="resolve/shop/1/issue_refund/AB-12345", timeout_s=5
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PaymentServer]:
    with serving(tmp_path / "journal", CHARGES) as server:
        yield server


@pytest.fixture
async def refunds(service: PaymentServer) -> AsyncIterator[RefundActivities]:
    activities = RefundActivities(service.url)
    yield activities
    await activities.close()


async def issue(refunds: RefundActivities, request: IssueRefund = REQUEST, call: EffectCall = CALL) -> Refund:
    return await ActivityEnvironment().run(refunds.issue_refund, request, call)


async def void(refunds: RefundActivities, refund_key: str = CALL.key) -> VoidedRefund:
    request = VoidRefund(order_number="AB-12345", refund_key=refund_key)
    call = EffectCall(attempt_id="a-1", key="resolve/shop/1/void_refund/AB-12345", timeout_s=5)
    return await ActivityEnvironment().run(refunds.void_refund, request, call)


async def failure_of(
    refunds: RefundActivities, request: IssueRefund = REQUEST, call: EffectCall = CALL
) -> Failure:
    with pytest.raises(ApplicationError) as caught:
        await issue(refunds, request, call)
    (failure,) = caught.value.details
    assert isinstance(failure, Failure)
    assert caught.value.type == failure.fault.value
    assert caught.value.non_retryable
    assert "\n" not in failure.reason
    return failure


async def test_a_refund_is_paid_once_however_often_it_is_asked_for(
    service: PaymentServer, refunds: RefundActivities
) -> None:
    first = await issue(refunds)
    second = await issue(refunds, call=CALL.model_copy(update={"attempt_id": "resolve/shop/1/refund/2"}))

    assert first == second
    assert (first.order_number, first.amount) == ("AB-12345", Decimal("49.90"))
    ((made, voided),) = service.book.refunds()
    assert (made.key, made.attempt_id, made.cents, voided) == (CALL.key, CALL.attempt_id, 4_990, False)


async def test_a_key_that_no_header_can_carry_still_names_one_refund(
    service: PaymentServer, refunds: RefundActivities
) -> None:
    call = CALL.model_copy(update={"key": "läuft/\r\nX-Evil: 1/" + "k" * 370})

    assert await issue(refunds, call=call) == await issue(refunds, call=call)
    assert len(service.book.refunds()) == 1
    assert await void(refunds, call.key) == VoidedRefund(existed=True)


@pytest.mark.parametrize(
    ("fault", "expected", "cost", "happened"),
    [
        ({"do": "status_before", "status": 503}, Fault.OVERLOADED, Cost.NONE, False),
        ({"do": "status_before", "status": 429}, Fault.RATE_LIMITED, Cost.NONE, False),
        ({"do": "status_before", "status": 401}, Fault.UNAUTHORISED, Cost.NONE, False),
        ({"do": "status_before", "status": 400}, Fault.DECLINED, Cost.NONE, False),
        ({"do": "status_before", "status": 307}, Fault.REDIRECTED, Cost.UNKNOWN, False),
        ({"do": "status_after", "status": 408}, Fault.TIMED_OUT, Cost.UNKNOWN, True),
        ({"do": "status_after", "status": 500}, Fault.SERVER_ERROR, Cost.UNKNOWN, True),
        ({"do": "status_after", "status": 502}, Fault.SERVER_ERROR, Cost.UNKNOWN, True),
        ({"do": "status_after", "status": 504}, Fault.SERVER_ERROR, Cost.UNKNOWN, True),
        ({"do": "reset_before"}, Fault.CONNECTION_LOST, Cost.UNKNOWN, False),
        ({"do": "reset_after"}, Fault.CONNECTION_LOST, Cost.UNKNOWN, True),
        ({"do": "cut_after"}, Fault.CONNECTION_LOST, Cost.UNKNOWN, True),
        ({"do": "garbage_after"}, Fault.BROKEN_BODY, Cost.UNKNOWN, True),
    ],
    ids=lambda value: value["do"] + str(value.get("status", "")) if isinstance(value, dict) else None,
)
async def test_a_fault_proves_no_more_than_it_does_and_the_next_attempt_pays_once(
    service: PaymentServer,
    refunds: RefundActivities,
    fault: dict[str, object],
    expected: Fault,
    cost: Cost,
    happened: bool,
) -> None:
    service.faults.arrange(payment_faults.Fault.parse(fault))

    failure = await failure_of(refunds)

    assert (failure.fault, failure.cost) == (expected, cost)
    assert bool(service.book.refunds()) == happened
    await issue(refunds)
    assert len(service.book.refunds()) == 1


async def test_what_the_service_asks_to_wait_is_passed_on(
    service: PaymentServer, refunds: RefundActivities
) -> None:
    service.faults.arrange(payment_faults.Fault(do="status_before", status=429, retry_after="7"))

    assert (await failure_of(refunds)).retry_after_s == 7


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (REQUEST.model_copy(update={"amount": Decimal("49.91")}), "409.*more than the 4990 cents"),
        (IssueRefund(order_number="ZZ-99999", amount=Decimal(1)), "404.*no charge is known"),
        (REQUEST.model_copy(update={"amount": Decimal("1.005")}), "400.*whole cents"),
    ],
)
async def test_a_refund_that_cannot_be_is_declined_with_the_services_own_words(
    refunds: RefundActivities, request_: IssueRefund, reason: str
) -> None:
    failure = await failure_of(refunds, request_)

    assert (failure.fault, failure.cost) == (Fault.DECLINED, Cost.NONE)
    with pytest.raises(ApplicationError, match=reason):
        await issue(refunds, request_)


async def test_a_second_refund_of_an_order_is_declined(refunds: RefundActivities) -> None:
    await issue(refunds)

    failure = await failure_of(refunds, call=CALL.model_copy(update={"key": "another/key"}))

    assert (failure.fault, failure.cost) == (Fault.DECLINED, Cost.NONE)
    assert "already refunded" in failure.reason


async def test_a_service_that_is_not_there_was_sent_nothing() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as bound:
        port = bound.getsockname()[1]
    refunds = RefundActivities(f"http://127.0.0.1:{port}")

    failure = await failure_of(refunds)
    await refunds.close()

    assert (failure.fault, failure.cost) == (Fault.CONNECTION_REFUSED, Cost.NONE)


async def test_a_slow_answer_is_given_up_at_the_deadline_and_its_outcome_is_unknown(
    service: PaymentServer, refunds: RefundActivities
) -> None:
    service.faults.arrange(payment_faults.Fault(do="delay", seconds=0.4))

    failure = await failure_of(refunds, call=CALL.model_copy(update={"timeout_s": 0.15}))

    assert (failure.fault, failure.cost) == (Fault.TIMED_OUT, Cost.UNKNOWN)


async def test_an_answer_that_trickles_ends_at_the_same_deadline() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=trickle, args=(listening,))
        thread.start()
        refunds = RefundActivities(f"http://127.0.0.1:{listening.getsockname()[1]}")
        failure = await failure_of(refunds, call=CALL.model_copy(update={"timeout_s": 0.2}))
        await refunds.close()
        await asyncio.to_thread(thread.join)

    assert (failure.fault, failure.cost) == (Fault.TIMED_OUT, Cost.UNKNOWN)


def trickle(listening: socket.socket) -> None:
    """Answer one request with a byte every 20 ms until the client has had enough."""
    connection, _ = listening.accept()
    with closing(connection):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        connection.settimeout(0.02)
        try:
            while True:
                connection.sendall(b" ")
                try:
                    if connection.recv(100) == b"":
                        return
                except TimeoutError:
                    continue
        except ConnectionError:
            return


async def test_a_long_wait_shows_signs_of_life(
    service: PaymentServer, refunds: RefundActivities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.heartbeats.INTERVAL_S", 0.02)
    service.faults.arrange(payment_faults.Fault(do="delay", seconds=0.2))
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: beats.append(None)

    await environment.run(refunds.issue_refund, REQUEST, CALL)

    assert len(beats) >= 3


async def test_a_void_takes_a_refund_back_once(service: PaymentServer, refunds: RefundActivities) -> None:
    await issue(refunds)

    assert await void(refunds) == VoidedRefund(existed=True)
    assert await void(refunds) == VoidedRefund(existed=True)
    ((_, voided),) = service.book.refunds()
    assert voided


async def test_a_refund_that_arrives_after_its_void_is_declined(
    service: PaymentServer, refunds: RefundActivities
) -> None:
    service.faults.arrange(replace(payment_faults.Fault(), do="delay", seconds=0.3))
    unknown = await failure_of(refunds, call=CALL.model_copy(update={"timeout_s": 0.1}))
    assert unknown.cost is Cost.UNKNOWN

    assert await void(refunds) == VoidedRefund(existed=False)
    late = await failure_of(refunds)
    await asyncio.sleep(0.3)

    assert (late.fault, late.cost) == (Fault.DECLINED, Cost.NONE)
    assert service.book.refunds() == []
