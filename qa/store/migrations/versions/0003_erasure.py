"""Calls whose content was erased: the only ones whose kept words may be blanked; their figures stay."""

import sqlalchemy as sa
from alembic import op

# The names of tables and columns below are this file's own, never anybody's input.
# ruff: noqa: S608

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OF_CALL = {
    "evaluation": "OLD.call_id",
    "answer": "(SELECT call_id FROM evaluation WHERE id = OLD.evaluation_id)",
    "review": "OLD.call_id",
    "finding_label": "OLD.call_id",
    "dispute_event": "(SELECT call_id FROM dispute WHERE id = OLD.dispute_id)",
}
"""Append-only tables that hold words about a call, and how a row finds its call."""

FIGURES = {
    "evaluation": ("score", "low", "high", "passed", "auto_failed_by", "form", "origin", "created_at"),
    "answer": ("criterion", "outcome", "points", "max_points"),
    "review": ("criterion", "outcome", "points", "account_id", "created_at"),
    "finding_label": ("behaviour", "present", "account_id", "created_at"),
    "dispute_event": ("event", "account_id", "created_at"),
}
"""What stays as it was even in an erased call."""


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "erasure",
        sa.Column("id", big, autoincrement=True, nullable=False),
        sa.Column("call_id", big, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", big, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_erasure_account_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_erasure_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_call_id"), "erasure", ["call_id"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in OF_CALL:
        if sqlite:
            op.execute(f"DROP TRIGGER {table}_no_update")
            op.execute(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        else:
            op.execute(f"DROP TRIGGER {table}_no_update ON {table}")
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION qa_append_only()"
            )
    op.drop_table("erasure")


def _guard_sqlite() -> None:
    for what in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER erasure_no_{what} BEFORE {what.upper()} ON erasure "
            "BEGIN SELECT RAISE(ABORT, 'erasure is append-only'); END"
        )
    for table, call in OF_CALL.items():
        changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIGURES[table])
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE call_id = {call}) OR {changed} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure "
        "FOR EACH STATEMENT EXECUTE FUNCTION qa_append_only()"
    )
    for table, call in OF_CALL.items():
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIGURES[table])
        op.execute(
            f"CREATE FUNCTION qa_{table}_blanked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NOT EXISTS (SELECT 1 FROM erasure WHERE call_id = {call}) OR {changed} "
            "THEN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN NEW; END $$"
        )
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION qa_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION qa_{table}_blanked()"
        )
