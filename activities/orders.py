"""Looking up orders in the shop's database, which this code cannot change."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio import activity

from activities.failures import failed
from contracts.attempts import Cost, Fault
from contracts.orders import FindOrder, Order, OrderSearch, find_order

__all__ = ["OrderActivities"]

COLUMNS = """
    SELECT orders.number, orders.customer_email, customers.name, orders.item, orders.total_cents,
           orders.promised_on, orders.delivered_on, orders.refunded_cents
    FROM orders JOIN customers ON customers.email = orders.customer_email
"""
# The columns collate without case, so "ab-12345" finds AB-12345 and an address matches however it is written.
BY_NUMBER = COLUMNS + "WHERE orders.number = ?"
BY_CUSTOMER = COLUMNS + "WHERE orders.customer_email = ?"

# How long a reader waits for a writer; well below the step's timeout, so that the error names the cause.
BUSY_S = 2.0


class OrderActivities:
    """Orders of one shop, kept in one SQLite file."""

    def __init__(self, database_path: Path | str) -> None:
        self._path = Path(database_path).resolve()

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.find_order]

    @activity.defn(name=find_order.name)
    async def find_order(self, request: FindOrder) -> OrderSearch:
        """The one order of that number, whoever's it is; without a number, the customer's orders.

        Fails as `not_found` when there is no database. A database that is only busy is an ordinary error,
        which the server retries: a lookup is free.
        """
        if not self._path.is_file():
            raise failed(Fault.NOT_FOUND, Cost.NONE, f"there is no shop database at {self._path}")
        try:
            rows = await asyncio.to_thread(self._search, request)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            reason = f"{self._path} is not a readable shop database: {error}"
            raise failed(Fault.REJECTED, Cost.NONE, reason) from error
        return OrderSearch(matches=len(rows), order=order_of(rows[0]) if len(rows) == 1 else None)

    def _search(self, request: FindOrder) -> list[tuple[Any, ...]]:
        if request.number is not None:
            return self._rows(BY_NUMBER, request.number.strip())
        return self._rows(BY_CUSTOMER, request.customer_email.strip())

    def _rows(self, query: str, value: str) -> list[tuple[Any, ...]]:
        address = f"{self._path.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as database:
            # mode=ro protects this file; query_only also any that a query might attach.
            database.execute("PRAGMA query_only = ON")
            return database.execute(query, (value,)).fetchall()


def order_of(row: tuple[Any, ...]) -> Order:
    """A row of `COLUMNS` as an order; cents become dollars."""
    number, email, name, item, total_cents, promised_on, delivered_on, refunded_cents = row
    return Order(
        number=number,
        customer_email=email.lower(),
        customer_name=name[:120],  # what a letter may open with
        item=item,
        total=Decimal(total_cents).scaleb(-2),
        promised_on=date.fromisoformat(promised_on),
        delivered_on=None if delivered_on is None else date.fromisoformat(delivered_on),
        refunded=Decimal(refunded_cents).scaleb(-2),
    )
