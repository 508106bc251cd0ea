"""What workers tell each other of providers: circuits, and tokens a minute."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "circuits",
        sa.Column("route", sa.String(64), primary_key=True),
        sa.Column("fault", sa.String(40), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT),
        sa.Column("until", MOMENT),
    )
    op.create_table(
        "token_windows",
        sa.Column("route", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(120), primary_key=True),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
    )
    op.create_index("token_windows_by_slot", "token_windows", ["route", "slot"])


def downgrade() -> None:
    op.drop_table("token_windows")
    op.drop_table("circuits")
