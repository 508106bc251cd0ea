"""What tokens proven later cost, their proof in the audit, and attempts by id, leases by time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Whole numbers of 10^-12 US dollars.
MONEY = sa.BigInteger()


def upgrade() -> None:
    op.add_column("settlements", sa.Column("price_input", MONEY))
    op.add_column("settlements", sa.Column("price_output", MONEY))
    op.add_column("audit", sa.Column("attempt_id", sa.String(80)))
    op.add_column("audit", sa.Column("source", sa.String(64)))
    op.create_index("settlements_by_attempt", "settlements", ["attempt_id"])
    op.create_index("leases_by_opening", "leases", ["opened_at"])
    op.create_index("leases_by_workflow_id", "leases", ["workflow_id"])
    op.create_index("leases_by_tenant", "leases", ["tenant", "opened_at"])


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back; restore the copy from before the upgrade")
