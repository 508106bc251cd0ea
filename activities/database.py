"""The ledger's database: SQLite in a file, or PostgreSQL by its URL. Short transactions, one at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

__all__ = ["Database", "DatabaseError", "database_url"]

# A writer waits for another this long: far longer than a transaction takes, below an attempt's timeout.
BUSY_S = 4
# PostgreSQL's own bounds, so that a worker that is frozen in a transaction holds nobody up for long.
POSTGRES = {
    "connect_timeout": 3,
    "options": f"-c lock_timeout={BUSY_S}s -c statement_timeout={BUSY_S}s "
    f"-c idle_in_transaction_session_timeout={BUSY_S}s",
}
# Whoever only reads holds nobody up, and may add up years.
POSTGRES_READING = {"connect_timeout": 3, "options": "-c statement_timeout=60s"}
# Workers that start at the same moment upgrade one after the other; the number is only ours.
UPGRADE_LOCK = text("SELECT pg_advisory_xact_lock(7364886)")
NO_BOUND = text("SET LOCAL lock_timeout = 0")
REMEDY = "check TENUTO_DATABASE_URL and that the database runs"


class DatabaseError(RuntimeError):
    """The database cannot be used. One line with the remedy; never a password."""


def database_url(text: str) -> URL:
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`. Raises DatabaseError for any other."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise DatabaseError(f"TENUTO_DATABASE_URL is no URL; {FORMS}") from error
    match url.drivername:
        case "sqlite" if url.database and url.database != ":memory:":
            return url
        case "postgresql" | "postgres" | "postgresql+psycopg" if url.database:
            return url.set(drivername="postgresql+psycopg")
    raise DatabaseError(f"TENUTO_DATABASE_URL: {url.render_as_string()} cannot hold the ledger; {FORMS}")


FORMS = "give sqlite:////FOLDER/ledger.db or postgresql://USER:PASSWORD@HOST/NAME"


class Database:
    """Nothing is opened before it is used, so a worker starts without it and says what is wrong."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self._engine = engine_for(self.url)

    @property
    def name(self) -> str:
        """For a person; without the password."""
        return self.url.render_as_string().replace("+psycopg", "")

    @property
    def file(self) -> Path | None:
        """Of an SQLite database."""
        return Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it or nothing. Raises DatabaseError when the database is away, busy or not the ledger's."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise DatabaseError(f"{self.name}: {said_by(error)}; {REMEDY}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view that holds nobody up and can change nothing. Raises DatabaseError.

        Also where there is no ledger, or one of another release: nothing is made or brought up to date here.
        """
        if self.file is not None and not self.file.exists():
            raise DatabaseError(f"{self.name}: there is no ledger yet; the first worker or `cap` makes it")
        engine = reading_engine_for(self.url)
        try:
            with engine.connect() as connection:
                self._refuse_others(connection)
                yield connection
        except SQLAlchemyError as error:
            raise DatabaseError(f"{self.name}: {said_by(error)}; {REMEDY}") from error
        finally:
            engine.dispose()

    def _refuse_others(self, connection: Connection) -> None:
        from activities import ledger_releases

        release = ledger_releases.release_of(connection)
        if release is None:
            raise DatabaseError(f"{self.name}: there is no ledger yet; the first worker or `cap` makes it")
        if not ledger_releases.is_known(release):
            raise DatabaseError(f"{self.name} belongs to a newer release; update this one")
        if release != ledger_releases.head():
            words = "belongs to an older release; a worker, or `cap`, brings it up to date"
            raise DatabaseError(f"{self.name} {words}")

    def upgrade(self) -> None:
        """Bring the tables to this release. Raises DatabaseError; safe when several do it at once."""
        from activities import ledger_releases

        if self.file is not None:
            make_folder(self.file)
        with self.transaction() as connection:
            if self.url.get_backend_name() == "postgresql":
                connection.execute(NO_BOUND)
                connection.execute(UPGRADE_LOCK)
            if ledger_releases.head() != (release := ledger_releases.release_of(connection)):
                if release is not None and not ledger_releases.is_known(release):
                    raise DatabaseError(f"{self.name} belongs to a newer release; update this one")
                ledger_releases.bring_to_head(connection)

    def is_current(self) -> bool:
        """Whether `upgrade` has nothing to do. Raises DatabaseError."""
        from activities import ledger_releases

        with self.transaction() as connection:
            return ledger_releases.release_of(connection) == ledger_releases.head()

    def close(self) -> None:
        """Let every connection go."""
        self._engine.dispose()


def engine_for(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, connect_args=POSTGRES, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", begin_immediately)
    return engine


def reading_engine_for(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, connect_args=POSTGRES_READING, isolation_level="REPEATABLE READ")
        return engine.execution_options(postgresql_readonly=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", only_read_sqlite)
    event.listen(engine, "begin", begin_reading)
    return engine


def only_read_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")


def begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the module would begin transactions of its own
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def begin_immediately(connection: Connection) -> None:
    # A transaction that first reads and then writes would fail where another wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"{file.parent}: {error.strerror}; set TENUTO_HOME or TENUTO_DATABASE_URL"
        ) from error


def said_by(error: SQLAlchemyError) -> str:
    """The driver's own first line."""
    inner = getattr(error, "orig", None) or error
    return " ".join(str(inner).partition("\n")[0].split())[:200] or type(inner).__name__
