"""The tenant's ledger: caps, budgets, leases, settlements, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Whole numbers of 10^-12 US dollars.
MONEY = sa.BigInteger()
MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What was written down stays as it was written.
APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "caps",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("per", sa.String(8), primary_key=True),
        sa.Column("cap", MONEY, nullable=False),
    )
    op.create_table(
        "budgets",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("period", sa.String(10), primary_key=True),
        sa.Column("leased", MONEY, nullable=False),
        sa.Column("settled", MONEY, nullable=False),
        sa.Column("unknown", MONEY, nullable=False),
        sa.CheckConstraint("leased >= 0 AND settled >= 0 AND unknown >= 0", name="nothing_is_negative"),
    )
    op.create_table(
        "leases",
        sa.Column("lease", sa.String(80), primary_key=True),
        sa.Column("workflow", sa.String(200), nullable=False),
        sa.Column("workflow_id", sa.String(1000), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("rest", MONEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
    )
    op.create_index("leases_by_state", "leases", ["closed_at", "opened_at"])
    op.create_table(
        "settlements",
        sa.Column("lease", sa.String(80), sa.ForeignKey("leases.lease"), primary_key=True),
        sa.Column("attempt_id", sa.String(80), primary_key=True),
        sa.Column("step", sa.String(200), nullable=False),
        sa.Column("step_number", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("end", sa.String(16), nullable=False),
        sa.Column("usd", MONEY, nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(40)),
        sa.Column("booked_at", MOMENT, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("lease", sa.String(80)),
        sa.Column("amount", MONEY),
        sa.Column("free_before", MONEY),
        sa.Column("free_after", MONEY),
    )
    op.create_index("audit_by_tenant", "audit", ["tenant", "number"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back; restore the copy from before the upgrade")
