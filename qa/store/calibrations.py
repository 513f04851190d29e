"""Calibration rounds: which calls, who rates them, and what each said without seeing the others.

Conventions: while a round is open each rater sees own answers only, and the program's answers are shown to
nobody who still has to rate. The latest answer of a rater counts until the round is closed. The program takes
part under the name ``program``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from qa.errors import InputError, NotAllowed
from qa.store.accounts import principal_from
from qa.store.audit import write
from qa.store.calls import load_machine_call
from qa.store.codec import from_ms, moment_of
from qa.store.engine import Store, now_ms
from qa.store.scope import account_or_none, no_such, require, visible
from qa.store.tables import Account, CalibrationLabel, CalibrationSession, Call
from qa.values import Outcome, Principal

PROGRAM = "program"
LEADS = ("admin", "lead")
RATERS = ("admin", "lead", "reviewer", "supervisor")


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round. ``done`` is how many calls each rater has begun; only leads and, once closed, all see it."""

    round: str
    name: str
    form: str
    state: Literal["open", "closed"]
    calls: tuple[str, ...]
    raters: tuple[str, ...]
    done: Mapping[str, int]
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RatingRow:
    """One rater's answer to one question of one call; ``points`` are the form's own."""

    call_id: str
    criterion: str
    rater: str
    outcome: Outcome
    points: float | None
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRating:
    """An answer to be kept."""

    criterion: str
    outcome: Outcome
    points: float | None = None
    note: str = ""


def new_round(
    store: Store,
    principal: Principal,
    *,
    name: str,
    form: str,
    calls: Sequence[str],
    raters: Sequence[str],
) -> str:
    """Begin a round over calls scored by ``form`` and give its public id; raters are named by login.

    Raises
    ------
    NotAllowed
        Only leads and admins begin rounds; or a call does not exist.
    InputError
        Too few calls or raters, or a login that may not rate.
    """
    require(principal, *LEADS)
    calls, raters = list(dict.fromkeys(calls)), [r.strip().lower() for r in dict.fromkeys(raters)]
    if len(raters) < 2 or not calls:
        raise InputError("a round needs at least one call and two raters")
    scored_by = {call: load_machine_call(store, principal, call).evaluation.form for call in calls}
    other = [call for call, by in scored_by.items() if by != form]
    if other:
        raise InputError(f"{', '.join(other)}: not scored by {form}; a round has one form")
    public_id = f"r{secrets.token_hex(4)}"
    with store.writing() as connection:
        found = connection.execute(select(Account.__table__).where(Account.login.in_(raters)))
        known = {row.login: principal_from(row) for row in found}
        wrong = [login for login in raters if login not in known or known[login].role not in RATERS]
        if wrong:
            raise InputError(f"{', '.join(wrong)}: no account that may rate; `qa accounts list` shows them")
        for login in raters:
            hidden = _hidden(connection, known[login], calls)
            if hidden:
                raise InputError(f"{login} may not see {', '.join(hidden)}; name another rater")
        connection.execute(
            insert(CalibrationSession).values(
                public_id=public_id,
                name=name,
                form=form,
                state="open",
                calls=calls,
                raters=raters,
                created_by=account_or_none(principal),
                created_at=now_ms(),
            )
        )
        after = {"calls": calls, "raters": raters, "form": form}
        write(connection, principal, "begin round", object="calibration", object_id=public_id, after=after)
    return public_id


def list_rounds(store: Store, principal: Principal) -> tuple[RoundRow, ...]:
    """Rounds, newest first: all for leads and admins; for other raters those they rate in.

    A round with a call that one may no longer see, since its agent changed the team, is not shown either.
    """
    if principal.role not in (*RATERS, "system"):
        return ()
    with store.reading() as connection:
        login = _login(connection, principal)
        rows = connection.execute(
            select(CalibrationSession.__table__).order_by(CalibrationSession.id.desc())
        ).all()
        leads = principal.role in (*LEADS, "system")
        return tuple(
            _round(connection, row, only=None if leads or row.state == "closed" else login)
            for row in rows
            if leads or (login in row.raters and not _hidden(connection, principal, row.calls))
        )


def load_round(store: Store, principal: Principal, round_id: str) -> RoundRow:
    """One round.

    Raises
    ------
    NotAllowed
        There is none of that id, or the principal takes no part in it.
    """
    found = next((row for row in list_rounds(store, principal) if row.round == round_id), None)
    if found is None:
        raise no_such("round", round_id)
    return found


def rate(
    store: Store,
    principal: Principal,
    round_id: str,
    call_id: str,
    ratings: Sequence[NewRating],
    *,
    rater: str | None = None,
) -> None:
    """Keep a rater's answers about one call.

    Parameters
    ----------
    rater
        The login rated for: only the command line may name another than its own.

    Raises
    ------
    NotAllowed
        There is no such round, or the principal is no rater of it.
    InputError
        The round is closed, or the call is not in it.
    """
    row = load_round(store, principal, round_id)
    with store.writing() as connection:
        login = rater if principal.role == "system" else _login(connection, principal)
        if login not in row.raters:
            raise NotAllowed(f"{principal.name} is no rater of round {round_id}")
        state = connection.execute(
            select(CalibrationSession.id, CalibrationSession.state).where(
                CalibrationSession.public_id == round_id
            )
        ).one()
        if state.state != "open":
            raise InputError(f"round {round_id} is closed; begin another one")
        if call_id not in row.calls:
            raise InputError(f"{call_id} is not in round {round_id}; it has {', '.join(row.calls)}")
        call_row = connection.execute(select(Call.id).where(Call.call_id == call_id)).scalar_one()
        connection.execute(
            insert(CalibrationLabel),
            [
                {
                    "session_id": state.id,
                    "call_id": call_row,
                    "rater": login,
                    "criterion": r.criterion,
                    "outcome": r.outcome,
                    "points": r.points,
                    "note": r.note,
                    "created_at": now_ms(),
                }
                for r in ratings
            ],
        )
        after = {"call": call_id, "n": len(ratings), "rater": login}
        write(connection, principal, "rate call", object="calibration", object_id=round_id, after=after)


def close_round(store: Store, principal: Principal, round_id: str) -> None:
    """Close a round: nothing can be added, and all its raters may see all of it.

    Raises
    ------
    NotAllowed
        There is none of that id, or the principal is neither lead nor admin.
    InputError
        It is closed already.
    """
    require(principal, *LEADS)
    load_round(store, principal, round_id)
    with store.writing() as connection:
        changed = connection.execute(
            update(CalibrationSession)
            .where(CalibrationSession.public_id == round_id, CalibrationSession.state == "open")
            .values(state="closed", closed_at=now_ms())
        )
        if changed.rowcount != 1:
            raise InputError(f"round {round_id} is closed already")
        write(connection, principal, "close round", object="calibration", object_id=round_id)


def ratings_of(
    store: Store, principal: Principal, round_id: str, *, call_id: str | None = None
) -> tuple[RatingRow, ...]:
    """The answers in force: all of a closed round, of an open one all for leads who don't rate, else one's own.

    Raises
    ------
    NotAllowed
        There is none of that id, or the principal takes no part in it.
    """
    row = load_round(store, principal, round_id)
    with store.reading() as connection:
        login = _login(connection, principal)
        newest = (
            select(func.max(CalibrationLabel.id))
            .join(CalibrationSession, CalibrationSession.id == CalibrationLabel.session_id)
            .where(CalibrationSession.public_id == round_id)
            .group_by(CalibrationLabel.call_id, CalibrationLabel.rater, CalibrationLabel.criterion)
        )
        query = (
            select(CalibrationLabel.__table__, Call.call_id.label("public_call"))
            .join(Call, Call.id == CalibrationLabel.call_id)
            .where(CalibrationLabel.id.in_(newest))
            .order_by(Call.call_id, CalibrationLabel.rater, CalibrationLabel.id)
        )
        if call_id is not None:
            query = query.where(Call.call_id == call_id)
        blind = row.state == "open" and login is not None and login in row.raters
        if blind:
            query = query.where(CalibrationLabel.rater == login)
        return tuple(_rating(found) for found in connection.execute(query))


def may_see_the_program(store: Store, principal: Principal, call_id: str) -> bool:
    """False while the principal still has to rate this call blind in an open round."""
    with store.reading() as connection:
        login = _login(connection, principal)
        if login is None:
            return True
        rows = connection.execute(
            select(CalibrationSession.calls, CalibrationSession.raters).where(
                CalibrationSession.state == "open"
            )
        )
        return not any(call_id in row.calls and login in row.raters for row in rows)


def _hidden(connection: Connection, principal: Principal, calls: Sequence[str]) -> list[str]:
    """Those of the calls that somebody may not see."""
    seen = select(Call.call_id).where(Call.call_id.in_(calls), visible(principal))
    return sorted(set(calls) - set(connection.execute(seen).scalars()))


def _login(connection: Connection, principal: Principal) -> str | None:
    if principal.role == "system":
        return None
    return connection.execute(select(Account.login).where(Account.id == principal.account_id)).scalar()


def _round(connection: Connection, row: Any, *, only: str | None) -> RoundRow:
    done = select(
        CalibrationLabel.rater, func.count(func.distinct(CalibrationLabel.call_id)).label("n")
    ).where(CalibrationLabel.session_id == row.id)
    if only is not None:
        done = done.where(CalibrationLabel.rater == only)
    counted = {r.rater: r.n for r in connection.execute(done.group_by(CalibrationLabel.rater))}
    return RoundRow(
        round=row.public_id,
        name=row.name,
        form=row.form,
        state=row.state,
        calls=tuple(row.calls),
        raters=tuple(row.raters),
        done=counted,
        created_at=moment_of(row.created_at),
        closed_at=from_ms(row.closed_at),
    )


def _rating(row: Any) -> RatingRow:
    return RatingRow(
        call_id=row.public_call,
        criterion=row.criterion,
        rater=row.rater,
        outcome=row.outcome,
        points=row.points,
        note=row.note,
        created_at=moment_of(row.created_at),
    )
