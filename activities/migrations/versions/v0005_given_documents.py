"""When each record's document was given: the one that was given last has the row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("records", "record_versions"):
        op.add_column(table, sa.Column("given_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back; restore the copy from before the upgrade")
