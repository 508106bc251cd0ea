"""What workers tell each other of providers, as tables; activities/migrations makes them."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from activities.ledger_tables import Moment, metadata

__all__ = ["circuits", "token_windows"]

# A route that failed and has not answered since. It is left alone until `until`, if there is one.
circuits = Table(
    "circuits",
    metadata,
    Column("route", String(64), primary_key=True),
    Column("fault", String(40), nullable=False),
    Column("in_a_row", Integer, nullable=False),
    Column("failed_at", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("until", Moment),
)

# Tokens that were sent to a route, or may be from a moment on. One row a route, of the place "", is locked
# by whoever looks for a place.
token_windows = Table(
    "token_windows",
    metadata,
    Column("route", String(64), primary_key=True),
    Column("place", String(120), primary_key=True),
    Column("slot", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)
