"""Sign-in by the firm's provider: what was begun there, who gives an account its role, the hint for signing out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "sign_in",
        sa.Column("id", big, autoincrement=True, nullable=False),
        sa.Column("state_sha256", sa.Text(), nullable=False),
        sa.Column("browser_sha256", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("state_sha256", name=op.f("uq_sign_in_state_sha256")),
    )
    op.create_index(op.f("ix_sign_in_created_at"), "sign_in", ["created_at"])
    op.create_index(op.f("ix_sign_in_ip"), "sign_in", ["ip"])
    op.add_column("session", sa.Column("id_token", sa.Text(), nullable=True))
    # In plain SQL: a rebuilt table would need the rows that point to it taken away.
    op.execute(
        "ALTER TABLE account ADD COLUMN role_from TEXT DEFAULT 'hand' NOT NULL "
        "CONSTRAINT ck_account_role_from CHECK (role_from IN ('hand', 'claims'))"
    )


def downgrade() -> None:
    op.drop_column("account", "role_from")
    op.drop_column("session", "id_token")
    op.drop_table("sign_in")
