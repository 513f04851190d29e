"""The course of a dispute between its opening and its end: given to somebody, remarked on, taken back."""

from __future__ import annotations

from sqlalchemy import Connection, select

from qa.errors import InputError, NotAllowed
from qa.store.audit import write
from qa.store.disputes import (
    DisputeKey,
    DisputeRow,
    add_event,
    assign,
    deciders,
    end_dispute,
    key_of,
    load_dispute,
)
from qa.store.engine import Store
from qa.store.scope import require
from qa.store.tables import Account, Review
from qa.values import Principal

DECIDERS = ("lead", "admin")


def withdraw_dispute(store: Store, principal: Principal, dispute: str, *, text: str = "") -> DisputeRow:
    """Take one's own dispute back.

    Raises
    ------
    NotAllowed
        There is no such dispute, or somebody else opened it.
    InputError
        It is no longer open.
    """
    load_dispute(store, principal, dispute)
    with store.writing() as connection:
        key = key_of(connection, dispute)
        if key is None or (principal.role != "system" and key.opened_by != principal.account_id):
            raise NotAllowed(f"dispute {dispute}: only who opened it may take it back")
        if not end_dispute(connection, principal, key.row_id, state="withdrawn", text=text):
            raise InputError(f"dispute {dispute} is no longer open; look at how it ended")
        write(connection, principal, "withdraw dispute", object="dispute", object_id=dispute)
    return load_dispute(store, principal, dispute)


def assign_dispute(store: Store, principal: Principal, dispute: str, login: str) -> DisputeRow:
    """Give an open dispute to somebody who may decide it.

    Raises
    ------
    NotAllowed
        Only leads and admins assign; or that person may not decide this dispute.
    InputError
        There is no such account, or the dispute is no longer open.
    """
    require(principal, *DECIDERS)
    row = load_dispute(store, principal, dispute)
    with store.writing() as connection:
        account = connection.execute(
            select(Account.id, Account.name, Account.role).where(
                Account.login == login.strip().lower(), Account.active
            )
        ).one_or_none()
        key = key_of(connection, dispute)
        if account is None or account.role not in DECIDERS:
            raise InputError(f"{login}: there is no account of that login that may decide disputes")
        if key is None or row.state != "open":
            raise InputError(f"dispute {dispute} is no longer open; look at how it ended")
        if account.id in barred(connection, key, row):
            raise NotAllowed(f"{account.name} has had a part in this before; give it to somebody else")
        assign(connection, principal, key.row_id, account.id, account.name)
        write(
            connection,
            principal,
            "assign dispute",
            object="dispute",
            object_id=dispute,
            after={"to": account.id},
        )
    return load_dispute(store, principal, dispute)


def who_may_decide(store: Store, principal: Principal, dispute: str) -> dict[str, str]:
    """Login to name of everybody who may decide a dispute: leads and admins who had no part in it before.

    Raises
    ------
    NotAllowed
        Only leads and admins choose; or there is no such dispute.
    """
    require(principal, *DECIDERS)
    row = load_dispute(store, principal, dispute)
    query = (
        select(Account.id, Account.login, Account.name)
        .where(Account.active, Account.role.in_(DECIDERS))
        .order_by(Account.name, Account.login)
    )
    with store.reading() as connection:
        key = key_of(connection, dispute)
        out = frozenset() if key is None else barred(connection, key, row)
        return {one.login: one.name for one in connection.execute(query) if one.id not in out}


def comment(store: Store, principal: Principal, dispute: str, text: str) -> None:
    """Add a remark to a dispute's course.

    Raises
    ------
    NotAllowed
        There is no such dispute, or it is not for this principal.
    """
    load_dispute(store, principal, dispute)
    with store.writing() as connection:
        key = key_of(connection, dispute)
        assert key is not None  # noqa: S101 - it was just loaded
        add_event(connection, principal, key.row_id, "comment", " ".join(text.split()))
        write(connection, principal, "comment dispute", object="dispute", object_id=dispute)


def barred(connection: Connection, key: DisputeKey, row: DisputeRow) -> frozenset[int]:
    """Accounts that may not decide a dispute: who opened it, decided it before, or gave the answer."""
    barred = set(deciders(connection, key.earlier_id))
    if key.opened_by is not None:
        barred.add(key.opened_by)
    if row.criterion is not None:
        by = connection.execute(
            select(Review.account_id)
            .where(Review.call_id == key.call_row_id, Review.criterion == row.criterion)
            .order_by(Review.id.desc())
            .limit(1)
        ).scalar()
        if by is not None:
            barred.add(by)
    return frozenset(barred)
