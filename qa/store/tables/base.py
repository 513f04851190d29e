"""What all tables share: naming of constraints, column kinds, and the marks for append-only tables.

Conventions: ids are integers that never leave the machine; what the outside sees (a call, a dispute) has a
public text id. Every time is an integer of milliseconds: since 1970 (UTC) for ``*_at``, since the start of
the recording for ``start_ms``/``end_ms``. An enumeration is text with a CHECK. JSON columns work on SQLite and
PostgreSQL alike.
"""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Integer, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

# SQLite only numbers rows by itself in a column that is INTEGER to the letter.
BigId = BigInteger().with_variant(Integer, "sqlite")

Id = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]
Ms = Annotated[int, mapped_column(BigInteger)]
Str = Annotated[str, mapped_column(Text)]
Json = Annotated[Any, mapped_column(JSON(none_as_null=True))]

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of all tables."""

    metadata = MetaData(naming_convention=NAMES)


def one_of(column: str, *values: str) -> CheckConstraint:
    """An enumeration as text: ``column`` holds one of ``values``."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
