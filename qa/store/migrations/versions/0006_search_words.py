"""PostgreSQL finds the words that SQLite finds: kept without accents and signs, which it takes for parts of them."""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return
    ids = connection.execute(sa.text("SELECT rowid FROM call_text ORDER BY rowid")).scalars().all()
    for row_id in ids:
        said = connection.execute(
            sa.text("SELECT text FROM call_text WHERE rowid = :id"), {"id": row_id}
        ).scalar_one()
        connection.execute(
            sa.text("UPDATE call_text SET text = :words WHERE rowid = :id"),
            {"id": row_id, "words": _bare_words(said)},
        )


def downgrade() -> None:
    """The words as they were said are in the turns; calls that are scored again get them back."""


def _bare_words(said: str) -> str:
    apart = unicodedata.normalize("NFD", said.lower())
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[^\W_]+", plain))
