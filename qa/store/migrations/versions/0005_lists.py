"""Lists and scorecards read calls alone: the form and the sections' scores stand there; a choice can be the default."""

import sqlalchemy as sa
from alembic import op

# The names of columns below are this file's own, never anybody's input.
# ruff: noqa: S608

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("form", sa.Text(), nullable=True))
    op.add_column("call", sa.Column("sections", sa.JSON(none_as_null=True), nullable=True))
    for name in ("form", "sections"):
        op.execute(
            f"UPDATE call SET {name} = (SELECT {name} FROM evaluation WHERE evaluation.id = call.evaluation_id) "
            "WHERE evaluation_id IS NOT NULL"
        )
    op.add_column("call", sa.Column("worth", sa.Float(precision=53), nullable=True))
    op.execute(
        "UPDATE call SET worth = (SELECT sum(max_points) FROM answer WHERE answer.evaluation_id = "
        "call.evaluation_id) WHERE evaluation_id IS NOT NULL"
    )
    op.create_index("ix_call_form_started", "call", ["form", "started_ms", "id"])
    op.add_column(
        "saved_filter", sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("saved_filter", "is_default")
    op.drop_index("ix_call_form_started", "call")
    op.drop_column("call", "worth")
    op.drop_column("call", "sections")
    op.drop_column("call", "form")
