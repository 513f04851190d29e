"""What a desk shows at a glance: what waits for somebody, what calls are about, what is already known.

Every query takes the principal; counts are of what may be seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from qa.store.codec import from_ms
from qa.store.engine import Store, now_ms
from qa.store.scope import require, visible
from qa.store.tables import Call, Dispute, Finding, Job, Promise, Turn, WebhookDelivery
from qa.values import Principal

BEGINNING_TURNS = 12
SAYS_SOMETHING = 25
"""Letters; shorter turns are greetings and signs of listening."""

HANDS_IN = frozenset({"admin", "lead", "reviewer", "system"})
READS_MESSAGES = frozenset({"admin", "system"})


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for somebody.

    ``overdue_disputes`` are those of the open ones whose time to decide is over. ``failed_files`` is None for
    those who don't hand calls in, ``failed_deliveries`` for those who don't see messages to other programs.
    """

    open_disputes: int
    overdue_disputes: int
    oldest_dispute_at: datetime | None
    overdue_promises: int
    auto_failed: int
    not_scored: int
    failed_files: int | None
    failed_deliveries: int | None = None


def attention(store: Store, principal: Principal, *, since: datetime | None = None) -> Attention:
    """Count what waits; auto-fails and calls without a total only of calls since ``since``."""
    mine = visible(principal)
    recent = [mine, Call.evaluation_id.is_not(None)]
    if since is not None:
        recent.append(Call.started_ms >= round(since.timestamp() * 1000))
    with store.reading() as connection:
        disputes = connection.execute(
            select(
                func.count(),
                func.count().filter(Dispute.due_at < now_ms()),
                func.min(Dispute.opened_at),
            )
            .select_from(Dispute)
            .join(Call, Call.id == Dispute.call_id)
            .where(Dispute.state == "open", mine)
        ).one()
        overdue = connection.execute(
            select(func.count())
            .select_from(Promise)
            .join(Call, Call.id == Promise.call_id)
            .where(Promise.status == "open", Promise.due_ms < now_ms(), mine)
        ).scalar_one()
        counted = select(func.count()).select_from(Call).where(*recent)
        auto_failed = connection.execute(counted.where(Call.auto_failed_by.is_not(None))).scalar_one()
        not_scored = connection.execute(counted.where(Call.status == "not_scored")).scalar_one()
        failed = undelivered = None
        if principal.role in HANDS_IN:
            failed = connection.execute(
                select(func.count()).select_from(Job).where(Job.state == "failed")
            ).scalar_one()
        if principal.role in READS_MESSAGES:
            undelivered = connection.execute(
                select(func.count()).select_from(WebhookDelivery).where(WebhookDelivery.state == "failed")
            ).scalar_one()
    waiting, late, oldest = disputes
    return Attention(
        waiting,
        late,
        from_ms(oldest),
        overdue,
        auto_failed,
        not_scored,
        failed,
        failed_deliveries=undelivered,
    )


def matters(
    store: Store,
    principal: Principal,
    call_ids: Sequence[str],
    *,
    behaviour: str = "customer_problem",
    min_probability: float = 0.5,
) -> dict[str, str]:
    """What each call is about, in the customer's words: the first problem named, else how they began."""
    query = (
        select(Call.call_id, Finding.quote)
        .join(Finding, Finding.detection_id == Call.detection_id)
        .where(
            Call.call_id.in_(call_ids),
            visible(principal),
            Finding.behaviour == behaviour,
            Finding.probability >= min_probability,
        )
        .order_by(Finding.start_ms.desc())
    )
    with store.reading() as connection:
        named = {row.call_id: row.quote for row in connection.execute(query)}
        return {**_beginnings(connection, principal, set(call_ids) - set(named)), **named}


def _beginnings(connection: Connection, principal: Principal, call_ids: Collection[str]) -> dict[str, str]:
    """The customer's first turn that says something, of each call."""
    query = (
        select(Call.call_id, Turn.text)
        .join(Turn, Turn.transcript_id == Call.transcript_id)
        .where(
            Call.call_id.in_(call_ids),
            visible(principal),
            Turn.speaker == "customer",
            Turn.n < BEGINNING_TURNS,
            func.length(Turn.text) >= SAYS_SOMETHING,
        )
        .order_by(Turn.n.desc())
    )
    return {row.call_id: row.text for row in connection.execute(query)}


def known_contents(store: Store, principal: Principal, contents: Collection[str]) -> dict[str, str]:
    """Which of these contents (by hash) are calls already: hash to call id.

    Raises
    ------
    NotAllowed
        Only those who hand in calls may ask.
    """
    require(principal, "admin", "lead", "reviewer")
    query = select(Call.content_sha256, Call.call_id).where(
        Call.content_sha256.in_(contents), visible(principal)
    )
    with store.reading() as connection:
        return {row.content_sha256: row.call_id for row in connection.execute(query)}


def newest_call_at(store: Store, principal: Principal) -> datetime | None:
    """When the newest dated call was; None where there is none."""
    query = select(func.max(Call.started_ms)).where(visible(principal), Call.evaluation_id.is_not(None))
    with store.reading() as connection:
        return from_ms(connection.execute(query).scalar())


def revision(store: Store) -> tuple[int, int]:
    """Changes whenever any call changes: what was computed from calls is good until then."""
    with store.reading() as connection:
        newest = connection.execute(select(func.max(Call.changed_at))).scalar()
        last = connection.execute(select(func.max(Call.id))).scalar()
    return newest or 0, last or 0
