"""Signs that customers give, counted in the database; words and behaviours of a few calls to compare.

Conventions: only findings in force with at least the probability that is asked for count. Row ids of calls name
them between the functions of this module and are given only for calls that the principal may see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from qa.store import codec
from qa.store.calls import EVERY_CALL
from qa.store.choice import matching
from qa.store.engine import Store
from qa.store.records import chunks
from qa.store.rows import CallFilter
from qa.store.scope import visible
from qa.store.tables import Agent, Call, Finding, Turn
from qa.values import Principal


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A call with the signs that were found in it: behaviour and how often."""

    row_id: int
    call_id: str
    agent: str | None
    queue: str | None
    day: date | None
    score: float | None
    passed: bool | None
    signs: tuple[tuple[str, int], ...]


def signed_calls(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    behaviours: Collection[str],
    min_probability: float,
    without_too: bool = False,
) -> tuple[SignedCall, ...]:
    """The matching calls in which one of the behaviours was found, newest first; ``without_too``: all that match."""
    counted = (
        select(Call.id, Finding.behaviour, func.count().label("n"))
        .join(Finding, Finding.detection_id == Call.detection_id)
        .where(
            *matching(store, principal, which),
            Finding.behaviour.in_(behaviours),
            Finding.probability >= min_probability,
        )
        .group_by(Call.id, Finding.behaviour)
    )
    query = select(
        Call.id,
        Call.call_id,
        Call.agent_id,
        Call.queue,
        Call.started_iso,
        Call.score,
        Call.passed,
        Call.started_ms,
    )
    signs: dict[int, list[tuple[str, int]]] = defaultdict(list)
    with store.reading() as connection:
        names = dict(connection.execute(select(Agent.id, Agent.name)).tuples().all())
        for row_id, behaviour, n in connection.execute(counted):
            signs[row_id].append((behaviour, n))
        if without_too:
            every = select(Call.id).where(*matching(store, principal, which))
            signs.update({row.id: signs[row.id] for row in connection.execute(every)})
        rows = [
            row
            for some in chunks(list(signs))
            for row in connection.execute(query.where(Call.id.in_(some), visible(principal)))
        ]
    rows.sort(key=lambda row: (row.started_ms is None, -(row.started_ms or 0), -row.id))
    return tuple(_signed(row, names, signs[row.id]) for row in rows)


def last_of_customer(
    store: Store, principal: Principal, row_ids: Sequence[int], *, min_probability: float
) -> dict[int, str]:
    """The behaviour of the customer that was found last in each of these calls."""
    query = (
        select(Call.id, Finding.behaviour)
        .join(Finding, Finding.detection_id == Call.detection_id)
        .where(visible(principal), Finding.speaker == "customer", Finding.probability >= min_probability)
        .order_by(Finding.start_ms, Finding.n.desc())
    )
    return dict(_of(store, query, row_ids))


def words_of_customer(
    store: Store, principal: Principal, row_ids: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """What the customer said in each of these calls, turn by turn."""
    query = (
        select(Call.id, Turn.text)
        .join(Turn, Turn.transcript_id == Call.transcript_id)
        .where(visible(principal), Turn.speaker == "customer")
    )
    return _together(_of(store, query, row_ids))


def behaviours_of_agent(
    store: Store, principal: Principal, row_ids: Sequence[int], *, min_probability: float
) -> dict[int, tuple[str, ...]]:
    """What the agent did in each of these calls."""
    query = (
        select(Call.id, Finding.behaviour)
        .join(Finding, Finding.detection_id == Call.detection_id)
        .where(visible(principal), Finding.speaker == "agent", Finding.probability >= min_probability)
    )
    return _together(_of(store, query, row_ids))


def newest_ids(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL, *, most: int
) -> tuple[int, ...]:
    """Row ids of the newest matching calls."""
    query = (
        select(Call.id)
        .where(*matching(store, principal, which))
        .order_by(Call.started_ms.desc().nulls_last(), Call.id.desc())
        .limit(most)
    )
    with store.reading() as connection:
        return tuple(row.id for row in connection.execute(query))


def _of(store: Store, query: Any, row_ids: Sequence[int]) -> list[tuple[int, str]]:
    with store.reading() as connection:
        return [
            (row[0], row[1])
            for some in chunks(row_ids)
            for row in connection.execute(query.where(Call.id.in_(some)))
        ]


def _together(pairs: Iterable[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    for row_id, value in pairs:
        found[row_id].append(value)
    return {row_id: tuple(values) for row_id, values in found.items()}


def _signed(row: Any, names: dict[int, str], signs: list[tuple[str, int]]) -> SignedCall:
    started = codec.moment_from_iso(row.started_iso)
    return SignedCall(
        row_id=row.id,
        call_id=row.call_id,
        agent=names.get(row.agent_id),
        queue=row.queue,
        day=None if started is None else started.date(),
        score=row.score,
        passed=row.passed,
        signs=tuple(signs),
    )
