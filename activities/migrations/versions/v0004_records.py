"""Extracted records: the latest of each document's name, and every version of it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table("records", *name(), sa.Column("version", sa.Integer, nullable=False), *content())
    op.create_index("records_by_digest", "records", ["tenant", "record_type", "digest"])
    op.create_table(
        "record_versions", *name(), sa.Column("version", sa.Integer, primary_key=True), *content()
    )


def name() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("record_type", sa.String(40), primary_key=True),
        sa.Column("source", sa.String(250), primary_key=True),
    ]


def content() -> list[sa.Column[Any]]:
    return [
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("places", sa.JSON, nullable=False),
        sa.Column("doubts", sa.JSON, nullable=False),
        sa.Column("written_by", sa.String(1000), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    ]


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back; restore the copy from before the upgrade")
