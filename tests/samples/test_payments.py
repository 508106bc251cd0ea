"""The sample payment service: its promises, over HTTP and across restarts."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples.build_shop import ORDERS
from samples.payments import PaymentServer, serving
from samples.refund_book import Done, JournalError, RefundBook, Refused

CLIENT = httpx2.Client(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
CHARGES = {"AB-10001": 5_000, "AB-10002": 700}
REFUND = {"order_number": "AB-10001", "amount": "50.00"}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def service(journal: Path) -> Iterator[PaymentServer]:
    with serving(journal, CHARGES) as server:
        yield server


def test_it_listens_where_it_is_told(journal: Path) -> None:
    """On loopback unless somebody wants it elsewhere."""
    with serving(journal, CHARGES) as service:
        assert service.server_address[0] == "127.0.0.1"
    with serving(journal, CHARGES, host="localhost") as service:
        assert service.url == f"http://localhost:{service.server_port}"
        assert CLIENT.get(f"{service.url}/health").json()["ok"]


def post(
    service: PaymentServer, body: object, key: str | None = "k-1", path: str = "/refunds", **headers: str
) -> httpx2.Response:
    sent = headers if key is None else {"Idempotency-Key": key, **headers}
    return CLIENT.post(service.url + path, json=body, headers=sent)


def test_the_same_key_and_body_get_the_same_answer(service: PaymentServer) -> None:
    first, second = post(service, REFUND), post(service, {"amount": "50", "order_number": "AB-10001"})

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(service.book.refunds()) == 1


def test_the_same_key_with_another_body_is_refused(service: PaymentServer) -> None:
    post(service, REFUND)

    assert post(service, {**REFUND, "amount": "49.99"}).status_code == 422
    assert (
        post(service, {"order_number": "AB-10001", "refund_key": "x"}, path="/refunds/void").status_code
        == 422
    )
    assert len(service.book.refunds()) == 1


def test_twenty_requests_at_once_with_one_key_make_one_refund(service: PaymentServer) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(service, REFUND), range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(service.book.refunds()) == 1


def test_twenty_requests_at_once_with_twenty_keys_make_one_refund(service: PaymentServer) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: post(service, REFUND, f"k-{number}"), range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


def test_a_void_of_nothing_keeps_a_late_refund_from_coming(service: PaymentServer) -> None:
    voiding = {"order_number": "AB-10001", "refund_key": "k-1"}

    assert post(service, voiding, "v-1", "/refunds/void").json() == {"existed": False}
    assert post(service, REFUND).status_code == 409
    assert post(service, voiding, "v-1", "/refunds/void").json() == {"existed": False}
    assert post(service, REFUND, "k-2").status_code == 201


def test_a_voided_refund_stays_voided_under_its_key_and_may_be_made_anew_under_another(
    service: PaymentServer,
) -> None:
    post(service, REFUND)

    assert post(
        service, {"order_number": "AB-10001", "refund_key": "k-1"}, "v-1", "/refunds/void"
    ).json() == {"existed": True}
    assert post(service, REFUND).status_code == 409
    assert post(service, REFUND, "k-2").status_code == 201


def test_a_void_for_another_order_is_refused(service: PaymentServer) -> None:
    post(service, REFUND)

    answer = post(service, {"order_number": "AB-10002", "refund_key": "k-1"}, "v-1", "/refunds/void")

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"order_number": "AB-10001"},
        {"order_number": "AB-10001", "amount": 50},
        {"order_number": "AB-10001", "amount": "fifty"},
        {"order_number": "AB-10001", "amount": "0"},
        {"order_number": "AB-10001", "amount": "-5"},
        {"order_number": "AB-10001", "amount": "nan"},
        {"order_number": "AB-10001", "amount": "0.001"},
        {"order_number": "AB-10001", "amount": "1e999999999"},
    ],
)
def test_a_request_that_is_none_is_refused(service: PaymentServer, body: object) -> None:
    assert post(service, body).status_code == 400


def test_a_request_without_a_key_is_refused(service: PaymentServer) -> None:
    assert post(service, REFUND, key=None).status_code == 400


def test_a_fault_can_be_arranged_for_later_or_asked_for_at_once(service: PaymentServer) -> None:
    arranged = post(service, {"do": "status_before", "status": 503, "times": 2}, path="/faults")

    assert arranged.status_code == 200
    assert [post(service, REFUND).status_code for _ in range(3)] == [503, 503, 201]
    failing = post(service, REFUND, **{"X-Fault": json.dumps({"do": "status_after", "status": 500})})
    assert failing.status_code == 500
    assert post(service, {"do": "explode"}, path="/faults").status_code == 400


def test_the_book_can_be_read(service: PaymentServer) -> None:
    post(service, REFUND, **{"X-Client-Request-Id": "run/1/refund/1"})
    post(service, {"order_number": "AB-10001", "refund_key": "k-1"}, "v-1", "/refunds/void")

    book: dict[str, Any] = CLIENT.get(service.url + "/refunds").json()

    (refund,) = book["refunds"]
    assert (refund["key"], refund["attempt_id"], refund["voided"]) == ("k-1", "run/1/refund/1", True)
    assert book["voids"] == [{"order_number": "AB-10001", "refund_key": "k-1", "existed": True}]
    assert CLIENT.get(service.url + "/health").json() == {"ok": True, "refunds": 1}


def test_what_was_answered_survives_a_kill_and_a_torn_last_line(journal: Path) -> None:
    command = [sys.executable, "-m", "samples.payments", "--port", "0", "--journal", str(journal)]
    order = ORDERS[0]
    body = {"order_number": order.number, "amount": str(order.total_cents / 100)}
    answers = []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            url = process.stdout.readline().split()[-1]
            answers.append(CLIENT.post(url + "/refunds", json=body, headers={"Idempotency-Key": "k"}))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        with journal.open("ab") as file:
            file.write(b'{"kind": "refund", "key": "torn')

    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_journal_that_is_none_or_in_use_is_refused_in_one_line(journal: Path) -> None:
    book = RefundBook(journal, CHARGES)
    with pytest.raises(JournalError, match="in use by another"):
        RefundBook(journal, CHARGES)
    book.close()
    journal.write_text('{"kind": "refund", "key": 1}\n')
    with pytest.raises(JournalError, match="line 1: not an entry"):
        RefundBook(journal, CHARGES)


KEYS = st.sampled_from(["k-1", "k-2", "k-3"])
ACTS = st.one_of(
    st.tuples(st.just("refund"), KEYS, st.sampled_from(sorted(CHARGES)), st.sampled_from([100, 700, 5_000])),
    st.tuples(st.just("void"), st.sampled_from(["v-1", "v-2"]), st.sampled_from(sorted(CHARGES)), KEYS),
    st.just(("restart",)),
)


@settings(max_examples=60)
@given(st.lists(ACTS, max_size=12))
def test_whatever_is_asked_no_order_is_paid_back_twice_and_a_restart_forgets_nothing(
    acts: list[tuple[Any, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        book = RefundBook(journal, CHARGES)
        for kind, *act in acts:
            before = (book.refunds(), book.voids())
            if kind == "restart":
                book.close()
                book = RefundBook(journal, CHARGES)
                assert (book.refunds(), book.voids()) == before
            else:
                repeated(book, kind, act)
            standing = [refund.order_number for refund, voided in book.refunds() if not voided]
            assert len(standing) == len(set(standing))
        book.close()


def repeated(book: RefundBook, kind: str, act: list[Any]) -> None:
    """Ask twice: the second time changes nothing and says the same."""
    ask: Callable[..., Done] = book.refund if kind == "refund" else book.void
    try:
        first = ask(*act, "attempt-1")
    except Refused:
        return
    assert ask(*act, "attempt-2").entry == first.entry
