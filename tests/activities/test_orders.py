"""The order lookup, against the sample shop's real database."""

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.orders import OrderActivities
from contracts.attempts import Cost, Failure
from contracts.orders import FindOrder, OrderSearch
from contracts.tickets import DraftReply
from samples.build_shop import build_shop

TODAY = date(2027, 3, 1)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    # Characters that mean something in a URI must mean nothing in a path.
    path = tmp_path / "a shop?mode=rw#1.sqlite"
    build_shop(path, TODAY)
    return path


async def find(shop: Path, number: str | None, email: str = "nobody@nowhere.example") -> OrderSearch:
    orders = OrderActivities(shop)
    return await ActivityEnvironment().run(orders.find_order, FindOrder(number=number, customer_email=email))


@pytest.mark.parametrize("number", ["KM-20417", "km-20417", " Km-20417 "])
async def test_an_order_is_found_by_its_number_however_it_is_written_and_whoever_asks(
    shop: Path, number: str
) -> None:
    found = await find(shop, number)

    assert found.matches == 1
    assert found.order is not None
    assert found.order.number == "KM-20417"
    assert found.order.customer_email == "b.okafor@mailbox.example"
    assert found.order.customer_name == "Blessing Okafor"
    assert found.order.total == Decimal("24.80")
    assert found.order.refunded == 0
    assert found.order.delivered_on == TODAY - timedelta(days=5)


async def test_an_order_that_has_not_arrived_has_no_delivery_date(shop: Path) -> None:
    found = await find(shop, "KM-20733")

    assert found.order is not None
    assert found.order.delivered_on is None
    assert found.order.promised_on == TODAY - timedelta(days=12)


async def test_a_customers_only_order_is_found_by_address(shop: Path) -> None:
    found = await find(shop, None, "M.Tanaka@Postbox.example")

    assert found.order is not None
    assert found.order.number == "BL-30240"


async def test_of_several_orders_none_is_guessed(shop: Path) -> None:
    assert await find(shop, None, "nora.doyle@inbox.example") == OrderSearch(matches=3)


@pytest.mark.parametrize("number", ["ZZ-99999", "", "' OR 1=1 --", "%", "KM-2041_", "K" * 20])
async def test_an_unknown_number_finds_nothing_even_if_it_looks_like_sql(shop: Path, number: str) -> None:
    assert await find(shop, number, "nora.doyle@inbox.example") == OrderSearch(matches=0)


async def test_a_missing_database_is_named_and_not_created(tmp_path: Path) -> None:
    missing = tmp_path / "missing.sqlite"

    with pytest.raises(ApplicationError, match=r"no shop database at .*missing\.sqlite") as caught:
        await find(missing, "KM-20417")

    assert caught.value.type == "not_found"
    assert caught.value.non_retryable
    assert not missing.exists()


async def test_a_file_that_is_no_database_is_rejected(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    other.write_text("not a database at all, " * 100)

    with pytest.raises(ApplicationError, match="not a readable shop database") as caught:
        await find(other, "KM-20417")

    failure = caught.value.details[0]
    assert isinstance(failure, Failure)
    assert failure.cost is Cost.NONE


async def test_a_locked_database_is_an_error_that_the_server_may_retry(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.orders.BUSY_S", 0.05)
    writer = sqlite3.connect(shop)
    try:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await find(shop, "KM-20417")
    finally:
        writer.close()


def test_the_lookup_cannot_write(shop: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        OrderActivities(shop)._rows("DELETE FROM orders WHERE number = ? RETURNING number", "KM-20417")


def test_the_shop_is_the_same_for_the_same_day(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_shop(tmp_path / name, TODAY)
        build_shop(tmp_path / name, TODAY)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


async def test_a_name_is_as_long_as_a_letter_may_open_with(shop: Path) -> None:
    """Whatever the shop has: a longer one would fit no request for a reply."""
    with sqlite3.connect(shop) as writer:
        writer.execute("UPDATE customers SET name = ?", ["Ada " * 100])
    writer.close()
    order = (await find(shop, "KM-20417")).order
    assert order is not None
    assert len(order.customer_name) == 120
    assert DraftReply(customer=order.customer_name, summary="", remedy="denied")
