"""Messages to other programs: written with the change they tell of, delivered later, sent again on demand.

Conventions: a message holds ids, scores and states, never a word of a call nor a person's reason. It is kept
in the transaction of the change, so that none is lost and none tells of what did not happen. The same event
may arrive twice; ``event_id`` tells the receiver.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from qa.store.audit import write
from qa.store.codec import from_ms, moment_of
from qa.store.engine import Store, now_ms
from qa.store.scope import no_such, require
from qa.store.tables import WebhookDelivery
from qa.values import Principal

Event = Literal["call.scored", "call.auto_failed", "dispute.opened", "dispute.decided", "test"]
DeliveryState = Literal["waiting", "delivered", "failed"]

FIRST_WAIT_S = 30
LONGEST_WAIT_S = 6 * 3600
MAX_TRIES = 12
"""With doubling waits from half a minute to six hours: about a day."""
LEASE_S = 60


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message and how its delivery goes."""

    event_id: str
    event: str
    url: str
    body: dict[str, Any]
    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    next_try_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One address and how its messages go; ``in_settings``: it is told of what happens from now on."""

    url: str
    in_settings: bool
    n_delivered: int = 0
    n_waiting: int = 0
    n_failed: int = 0
    delivered_at: datetime | None = None


def announce(connection: Connection, store: Store, event: Event, body: dict[str, Any]) -> int:
    """Write one message per address of the settings; how many that are."""
    at = now_ms()
    for url in store.webhooks:
        event_id = f"e{secrets.token_hex(8)}"
        connection.execute(
            insert(WebhookDelivery).values(
                event_id=event_id,
                event=event,
                url=url,
                body={"event": event, "event_id": event_id, "at": moment_of(at).isoformat(), **body},
                state="waiting",
                attempts=0,
                next_try_at=at,
                created_at=at,
            )
        )
    return len(store.webhooks)


def announce_score(
    connection: Connection,
    store: Store,
    *,
    call_id: str,
    score: float | None,
    low: float | None,
    high: float | None,
    form: str,
    auto_failed_by: str | None,
    agent: str | None,
) -> None:
    """Tell of a score, and of an auto-fail where it is one."""
    body = {"call_id": call_id, "agent": agent, "form": form, "score": score, "range": [low, high]}
    announce(connection, store, "call.scored", body)
    if auto_failed_by is not None:
        announce(connection, store, "call.auto_failed", {**body, "auto_failed_by": auto_failed_by})


def claim_due(store: Store, *, limit: int = 20) -> tuple[DeliveryRow, ...]:
    """Take messages whose time has come; while they are being sent nobody else takes them.

    Only those to addresses that are still in the settings: one that was taken out gets nothing more.
    """
    if not store.webhooks:
        return ()
    query = (
        select(WebhookDelivery.__table__)
        .where(
            WebhookDelivery.state == "waiting",
            WebhookDelivery.next_try_at <= now_ms(),
            WebhookDelivery.url.in_(store.webhooks),
        )
        .order_by(WebhookDelivery.id)
        .limit(limit)
    )
    with store.reading() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return ()
    with store.writing() as connection:
        rows = connection.execute(query.with_for_update(skip_locked=True)).all()
        connection.execute(
            update(WebhookDelivery)
            .where(WebhookDelivery.id.in_([row.id for row in rows]))
            .values(next_try_at=now_ms() + LEASE_S * 1000, attempts=WebhookDelivery.attempts + 1)
        )
        return tuple(_row(row, attempts=row.attempts + 1) for row in rows)


def note_result(
    store: Store, delivery: DeliveryRow, *, status: int | None, error: str | None
) -> DeliveryState:
    """Write down how a try went; a failed one waits twice as long each time, until it is given up."""
    state: DeliveryState = "delivered"
    if status is None or not 200 <= status < 300:
        state = "failed" if delivery.attempts >= MAX_TRIES else "waiting"
    values: dict[str, Any] = {"state": state, "last_status": status, "last_error": error}
    if state == "delivered":
        values["delivered_at"] = now_ms()
    elif state == "waiting":
        values["next_try_at"] = now_ms() + 1000 * wait_s(delivery.attempts)
    with store.writing() as connection:
        connection.execute(
            update(WebhookDelivery).where(WebhookDelivery.event_id == delivery.event_id).values(**values)
        )
    return state


def wait_s(attempts: int) -> int:
    """Seconds until the next try after so many failed ones."""
    return int(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** max(0, attempts - 1)))


def list_deliveries(
    store: Store, principal: Principal, *, state: DeliveryState | None = None, limit: int = 100
) -> tuple[DeliveryRow, ...]:
    """Messages, newest first.

    Raises
    ------
    NotAllowed
        Only admins see them.
    """
    require(principal, "admin")
    query = select(WebhookDelivery.__table__).order_by(WebhookDelivery.id.desc()).limit(limit)
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    with store.reading() as connection:
        return tuple(_row(row) for row in connection.execute(query))


def list_endpoints(store: Store, principal: Principal) -> tuple[EndpointRow, ...]:
    """The addresses of the settings in their order, then those that messages went to before.

    Raises
    ------
    NotAllowed
        Only admins see them.
    """
    require(principal, "admin")
    query = select(
        WebhookDelivery.url,
        *(
            func.count().filter(WebhookDelivery.state == state).label(f"n_{state}")
            for state in ("delivered", "waiting", "failed")
        ),
        func.max(WebhookDelivery.delivered_at).label("delivered_at"),
    ).group_by(WebhookDelivery.url)
    with store.reading() as connection:
        known = {
            row.url: EndpointRow(
                row.url,
                row.url in store.webhooks,
                row.n_delivered,
                row.n_waiting,
                row.n_failed,
                from_ms(row.delivered_at),
            )
            for row in connection.execute(query)
        }
    order = [*store.webhooks, *sorted(url for url in known if url not in store.webhooks)]
    return tuple(known.get(url) or EndpointRow(url, True) for url in order)


def replay(
    store: Store,
    principal: Principal,
    *,
    event_id: str | None = None,
    state: DeliveryState = "failed",
    since: datetime | None = None,
) -> int:
    """Send messages again: one by its id, or all of a state since a moment; how many.

    Raises
    ------
    NotAllowed
        Only admins may; or there is no message of that id.
    """
    require(principal, "admin")
    change = update(WebhookDelivery).where(WebhookDelivery.url.in_(store.webhooks))
    if event_id is not None:
        change = change.where(WebhookDelivery.event_id == event_id)
    else:
        change = change.where(WebhookDelivery.state == state)
        if since is not None:
            change = change.where(WebhookDelivery.created_at >= round(since.timestamp() * 1000))
    with store.writing() as connection:
        changed = connection.execute(
            change.values(state="waiting", attempts=0, next_try_at=now_ms())
        ).rowcount
        if event_id is not None and not changed:
            raise no_such("message", event_id)
        what = {"event_id": event_id, "state": None if event_id else state, "n": changed}
        write(
            connection, principal, "replay webhooks", object="webhook", object_id=event_id or "*", after=what
        )
    return changed


def announce_test(store: Store, principal: Principal) -> int:
    """Queue a message that says nothing, to try the connection; how many addresses it goes to.

    Raises
    ------
    NotAllowed
        Only admins may.
    """
    require(principal, "admin")
    with store.writing() as connection:
        return announce(connection, store, "test", {})


def _row(row: Any, *, attempts: int | None = None) -> DeliveryRow:
    return DeliveryRow(
        event_id=row.event_id,
        event=row.event,
        url=row.url,
        body=row.body,
        state=row.state,
        attempts=row.attempts if attempts is None else attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        next_try_at=from_ms(row.next_try_at) if row.state == "waiting" else None,
        created_at=moment_of(row.created_at),
        delivered_at=from_ms(row.delivered_at),
    )
