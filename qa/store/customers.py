"""What the calls of one customer hold together: their promises, kept as they were last worked out.

Conventions: a *basis* is the calls and findings from which something was worked out; where it has changed when the
result is to be kept, the result is out of date and refused. For the program's own use: no principal asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from qa.promises import Promise
from qa.store.engine import Store, TurnTaking, take_turns
from qa.store.promises import promise_columns
from qa.store.tables import Call
from qa.store.tables import Promise as PromiseTable

Basis = frozenset[tuple[int, int | None]]
"""(row of the call, row of its findings)."""


def basis_of(store: Store, *, call_id: str, customer: str | None) -> Basis:
    """What the promises of a customer (of one call where there is none) are worked out from now."""
    with store.reading() as connection:
        return _basis(connection, _which(call_id, customer))


def keep_promises_of(
    store: Store,
    basis: Basis,
    promises: Sequence[Promise],
    *,
    call_id: str,
    customer: str | None,
    force: bool = False,
) -> bool:
    """Keep the promises of these calls in place of those before; False where the basis has changed meanwhile.

    ``force`` keeps them even then: the next call of the customer brings them up to date.
    """
    which = _which(call_id, customer)
    with store.writing() as connection:
        # No call may be kept between the look at the basis and the end.
        take_turns(connection, TurnTaking.SAVING)
        if not force and _basis(connection, which) != basis:
            return False
        ids = dict(connection.execute(select(Call.call_id, Call.id).where(which)).tuples().all())
        connection.execute(delete(PromiseTable).where(PromiseTable.call_id.in_(list(ids.values()))))
        rows = [promise_columns(p, ids[p.call_id]) for p in promises if p.call_id in ids]
        if rows:
            connection.execute(insert(PromiseTable), rows)
    return True


def _which(call_id: str, customer: str | None) -> ColumnElement[bool]:
    return Call.call_id == call_id if customer is None else Call.customer == customer


def _basis(connection: Connection, which: ColumnElement[bool]) -> Basis:
    rows = connection.execute(select(Call.id, Call.detection_id).where(which))
    return frozenset((row.id, row.detection_id) for row in rows)
