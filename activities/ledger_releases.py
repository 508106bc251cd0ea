"""The release of a ledger's tables, and how they come to this one.

Apart from database.py, since alembic takes longer to load than most commands take for all that they do.
"""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

__all__ = ["bring_to_head", "head", "is_known", "release_of"]

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str | None:
    """This release."""
    return scripts().get_current_head()


def is_known(release: str) -> bool:
    """Whether it is this release or one before it."""
    return release in {each.revision for each in scripts().walk_revisions()}


def release_of(connection: Connection) -> str | None:
    """That of a database; None when it has no ledger."""
    return MigrationContext.configure(connection).get_current_revision()


def bring_to_head(connection: Connection) -> None:
    """Make every change that the tables lack, in the caller's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())


def configuration() -> Config:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
