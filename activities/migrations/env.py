"""Run by alembic: every version in the caller's own transaction, SQLite's too."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
