"""Samples for human review: which calls were drawn, with what chance, for whom, and how far it is.

Conventions: ``probability`` is the chance that a call had to be drawn in its round; None for a call that was
chosen (for doubt) and not drawn. What was drawn is never changed; only its state is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, insert, select, update

from qa.errors import InputError
from qa.store.audit import write
from qa.store.calls import EVERY_CALL
from qa.store.choice import matching
from qa.store.codec import from_ms, moment_of
from qa.store.engine import Store, now_ms
from qa.store.rows import CallFilter
from qa.store.scope import no_such, require, visible
from qa.store.tables import Account, Agent, Answer, Call, Evaluation, Sample
from qa.values import Principal

State = Literal["waiting", "done", "skipped"]
LEADS = ("admin", "lead")
REVIEWERS = ("admin", "lead", "reviewer")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that may be drawn; ``doubt`` grows with how unsure the program is of its score."""

    call_id: str
    agent: str | None
    team: str | None
    queue: str | None
    doubt: float


@dataclass(frozen=True, slots=True)
class NewSample:
    """A call that was drawn or chosen."""

    call_id: str
    stratum: str
    probability: float | None
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sampled call, with the program's own score and the one in force."""

    round: str
    call_id: str
    agent: str | None
    stratum: str
    probability: float | None
    assigned_to: str | None
    state: State
    program_score: float | None
    score: float | None
    created_at: datetime
    done_at: datetime | None


def candidates(store: Store, principal: Principal, which: CallFilter = EVERY_CALL) -> tuple[Candidate, ...]:
    """The calls with a score that match, in a fixed order.

    Raises
    ------
    NotAllowed
        Only leads and admins draw samples.
    """
    require(principal, *LEADS)
    unsure = (
        select(func.count())
        .select_from(Answer)
        .where(Answer.evaluation_id == Call.evaluation_id, Answer.outcome == "uncertain")
        .scalar_subquery()
    )
    query = (
        select(
            Call.call_id,
            Agent.name,
            Agent.team,
            Call.queue,
            (func.coalesce(Call.high - Call.low, 0.0) + unsure).label("doubt"),
        )
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(*matching(store, principal, which), Call.score.is_not(None))
        .order_by(Call.call_id)
    )
    with store.reading() as connection:
        return tuple(
            Candidate(row.call_id, row.name, row.team, row.queue, float(row.doubt))
            for row in connection.execute(query)
        )


def keep_sample(
    store: Store, principal: Principal, *, round_name: str, seed: int, samples: Sequence[NewSample]
) -> None:
    """Keep what was drawn, under a name that was not used before.

    Raises
    ------
    NotAllowed
        Only leads and admins draw samples.
    InputError
        The name was used already, or a login is unknown.
    """
    require(principal, *LEADS)
    with store.writing() as connection:
        if connection.execute(select(Sample.id).where(Sample.round == round_name).limit(1)).first():
            raise InputError(
                f"there is already a sample '{round_name}'; a sample is never changed, name another"
            )
        logins = dict(
            connection.execute(
                select(Account.login, Account.id).where(Account.active, Account.role.in_(REVIEWERS))
            ).tuples().all()
        )  # fmt: skip
        ids = dict(connection.execute(select(Call.call_id, Call.id)).tuples().all())
        wrong = sorted({s.assigned_to for s in samples if s.assigned_to} - logins.keys())
        if wrong:
            raise InputError(f"{', '.join(wrong)}: no account that may review")
        if samples:
            connection.execute(
                insert(Sample),
                [
                    {
                        "round": round_name,
                        "call_id": ids[s.call_id],
                        "stratum": s.stratum,
                        "probability": s.probability,
                        "seed": seed,
                        "assigned_to": logins[s.assigned_to] if s.assigned_to else None,
                        "state": "waiting",
                        "created_at": now_ms(),
                    }
                    for s in samples
                ],
            )
        after = {"n": len(samples), "seed": seed}
        write(connection, principal, "draw sample", object="sample", object_id=round_name, after=after)


def list_samples(
    store: Store,
    principal: Principal,
    *,
    round_name: str | None = None,
    state: State | None = None,
    mine: bool = False,
    newest_rounds: int | None = None,
) -> tuple[SampleRow, ...]:
    """Sampled calls in the order they were drawn; ``mine``: only those given to the principal.

    ``newest_rounds``: only of so many rounds, the last ones.

    Raises
    ------
    NotAllowed
        Only those who review see them.
    """
    require(principal, *REVIEWERS)
    by_itself = (
        select(func.max(Evaluation.id))
        .where(Evaluation.call_id == Call.id, Evaluation.origin == "machine")
        .correlate(Call)
        .scalar_subquery()
    )
    machine = select(Evaluation.score).where(Evaluation.id == by_itself).scalar_subquery()
    query = (
        select(
            Sample.__table__,
            Call.call_id.label("public_call"),
            Call.score,
            Agent.name.label("agent"),
            Account.login,
            machine.label("program_score"),
        )
        .join(Call, Call.id == Sample.call_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .outerjoin(Account, Account.id == Sample.assigned_to)
        .where(visible(principal))
        .order_by(Sample.id)
    )
    if round_name is not None:
        query = query.where(Sample.round == round_name)
    if state is not None:
        query = query.where(Sample.state == state)
    if newest_rounds is not None:
        last = func.max(Sample.id)
        rounds = select(Sample.round).group_by(Sample.round).order_by(last.desc()).limit(newest_rounds)
        # A sub-query of its own: some databases allow no limit inside IN.
        query = query.where(Sample.round.in_(select(rounds.subquery().c.round)))
    if mine:
        query = query.where(Sample.assigned_to == principal.account_id)
    with store.reading() as connection:
        return tuple(_row(row) for row in connection.execute(query))


def end_sample(store: Store, principal: Principal, round_name: str, call_id: str, *, state: State) -> None:
    """Mark a sampled call as done, skipped or waiting again.

    Raises
    ------
    NotAllowed
        Only those who review may; or the sample has no such call.
    """
    require(principal, *REVIEWERS)
    with store.writing() as connection:
        row_id = connection.execute(
            select(Call.id).where(Call.call_id == call_id, visible(principal))
        ).scalar()
        changed = connection.execute(
            update(Sample)
            .where(Sample.round == round_name, Sample.call_id == (row_id or 0))
            .values(state=state, done_at=now_ms() if state != "waiting" else None)
        )
        if changed.rowcount != 1:
            raise no_such("sampled call", call_id)
        after = {"round": round_name, "state": state}
        write(connection, principal, "sampled call", object="call", object_id=call_id, after=after)


def _row(row: Any) -> SampleRow:
    return SampleRow(
        round=row.round,
        call_id=row.public_call,
        agent=row.agent,
        stratum=row.stratum,
        probability=row.probability,
        assigned_to=row.login,
        state=row.state,
        program_score=row.program_score,
        score=row.score,
        created_at=moment_of(row.created_at),
        done_at=from_ms(row.done_at),
    )
