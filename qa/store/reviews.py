"""What people answered beside the program: reviews of answers, and their word on single findings.

Conventions: nothing here is ever rewritten; the latest review per call and criterion is in force, so is the
latest label per finding. Points are the form's own. Functions that take a connection belong to a larger
change; whoever calls them has checked the rights and writes the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from qa.store.codec import moment_of, to_ms
from qa.store.engine import Store, now_ms
from qa.store.scope import account_or_none, no_such, require, visible
from qa.store.tables import Account, Answer, Call, Dispute, Evaluation, FindingLabel, Review
from qa.values import Finding, Outcome, Principal

REVIEWERS = ("admin", "lead", "reviewer")
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One answer that a person gave; ``dispute`` names the dispute whose decision it was."""

    review_id: int
    call_id: str
    criterion: str
    outcome: Outcome
    points: float | None
    reason: str
    by: str
    created_at: datetime
    dispute: str | None = None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A person's word on a finding (``finding`` given) or on a behaviour that the program did not find."""

    label_id: int
    call_id: str
    behaviour: str
    present: bool
    finding: str | None
    turn: int | None
    start_s: float | None
    end_s: float | None
    reason: str
    by: str
    created_at: datetime
    dispute: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerBeside:
    """One criterion: what the program said, and beside it what people said, the latest last."""

    criterion: str
    section: str
    program: Outcome
    program_points: float
    max_points: float
    program_reason: str
    people: tuple[ReviewRow, ...]

    @property
    def in_force(self) -> Outcome:
        return self.people[-1].outcome if self.people else self.program

    @property
    def agree(self) -> bool | None:
        """Whether the person in force says what the program said; None where nobody looked."""
        return None if not self.people else self.people[-1].outcome == self.program


def list_reviews(
    store: Store, principal: Principal, *, call_id: str | None = None, limit: int = 1000
) -> tuple[ReviewRow, ...]:
    """Reviews of the calls that a principal may see, oldest first."""
    query = _reviews().where(visible(principal)).order_by(Review.id.desc()).limit(limit)
    if call_id is not None:
        query = query.where(Call.call_id == call_id)
    with store.reading() as connection:
        return tuple(reversed([_review_row(row) for row in connection.execute(query)]))


def list_labels(
    store: Store, principal: Principal, *, call_id: str | None = None, limit: int = 10_000
) -> tuple[LabelRow, ...]:
    """Labels of findings of the calls that a principal may see, oldest first.

    Raises
    ------
    NotAllowed
        Only those who review see all labels.
    """
    require(principal, *REVIEWERS)
    query = _labels().order_by(FindingLabel.id.desc()).limit(limit)
    if call_id is not None:
        query = query.where(Call.call_id == call_id)
    with store.reading() as connection:
        return tuple(reversed([_label_row(row) for row in connection.execute(query)]))


def answers_beside(store: Store, principal: Principal, call_id: str) -> tuple[AnswerBeside, ...]:
    """Every criterion of a call with the program's latest own answer and the people's beside it.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it.
    """
    by_itself = (
        select(func.max(Evaluation.id))
        .join(Call, Call.id == Evaluation.call_id)
        .where(Call.call_id == call_id, Evaluation.origin == "machine", visible(principal))
    ).scalar_subquery()
    with store.reading() as connection:
        answers = connection.execute(
            select(Answer.__table__).where(Answer.evaluation_id == by_itself).order_by(Answer.n)
        ).all()
        rows = connection.execute(_reviews().where(Call.call_id == call_id).order_by(Review.id))
        people = [_review_row(row) for row in rows]
    if not answers:
        raise no_such("call", call_id)
    return tuple(
        AnswerBeside(
            criterion=row.criterion,
            section=row.section,
            program=row.outcome,
            program_points=row.points,
            max_points=row.max_points,
            program_reason=row.reason,
            people=tuple(review for review in people if review.criterion == row.criterion),
        )
        for row in answers
    )


def reviews_in_force(connection: Connection, row_id: int) -> tuple[ReviewRow, ...]:
    """The latest review of each criterion of a call."""
    rows = connection.execute(_reviews().where(Review.call_id == row_id).order_by(Review.id))
    return tuple({row.criterion: _review_row(row) for row in rows}.values())


def add_review(
    connection: Connection,
    principal: Principal,
    *,
    row_id: int,
    evaluation_id: int,
    criterion: str,
    outcome: Outcome,
    points: float | None,
    reason: str,
    dispute_id: int | None = None,
) -> int:
    """Add one answer, beside those before it; gives its id."""
    before = connection.execute(
        select(func.max(Review.id)).where(Review.call_id == row_id, Review.criterion == criterion)
    ).scalar()
    made: int = connection.execute(
        insert(Review)
        .values(
            call_id=row_id,
            evaluation_id=evaluation_id,
            criterion=criterion,
            outcome=outcome,
            points=points,
            reason=reason,
            account_id=account_or_none(principal),
            supersedes_id=before,
            dispute_id=dispute_id,
            created_at=now_ms(),
        )
        .returning(Review.id)
    ).scalar_one()
    return made


def add_label(
    connection: Connection,
    principal: Principal,
    *,
    row_id: int,
    behaviour: str,
    present: bool,
    reason: str,
    finding: str | None = None,
    found: Finding | None = None,
    turn: int | None = None,
    dispute_id: int | None = None,
) -> int:
    """Add one word on a finding (``finding`` its id, ``found`` its value) or on a turn; gives its id."""
    made: int = connection.execute(
        insert(FindingLabel)
        .values(
            call_id=row_id,
            finding=finding,
            behaviour=behaviour,
            present=present,
            turn=found.turn if found else turn,
            start_ms=to_ms(found.start) if found else None,
            end_ms=to_ms(found.end) if found else None,
            reason=reason,
            account_id=account_or_none(principal),
            dispute_id=dispute_id,
            created_at=now_ms(),
        )
        .returning(FindingLabel.id)
    ).scalar_one()
    return made


def labels_in_force(connection: Connection, row_id: int) -> tuple[LabelRow, ...]:
    """The latest label of each finding, and of each behaviour and turn without one."""
    rows = connection.execute(_labels().where(FindingLabel.call_id == row_id).order_by(FindingLabel.id))
    return tuple({_same_thing(row): _label_row(row) for row in rows}.values())


def _same_thing(row: Any) -> tuple[Any, ...]:
    return row.behaviour, row.turn, row.start_ms, row.end_ms


def _reviews() -> Any:
    return (
        select(
            Review.__table__,
            Call.call_id.label("public_call"),
            Account.name.label("by"),
            Dispute.public_id.label("dispute"),
        )
        .join(Call, Call.id == Review.call_id)
        .outerjoin(Account, Account.id == Review.account_id)
        .outerjoin(Dispute, Dispute.id == Review.dispute_id)
    )


def _labels() -> Any:
    return (
        select(
            FindingLabel.__table__,
            Call.call_id.label("public_call"),
            Account.name.label("by"),
            Dispute.public_id.label("dispute"),
        )
        .join(Call, Call.id == FindingLabel.call_id)
        .outerjoin(Account, Account.id == FindingLabel.account_id)
        .outerjoin(Dispute, Dispute.id == FindingLabel.dispute_id)
    )


def _review_row(row: Any) -> ReviewRow:
    return ReviewRow(
        review_id=row.id,
        call_id=row.public_call,
        criterion=row.criterion,
        outcome=row.outcome,
        points=row.points,
        reason=row.reason,
        by=row.by or COMMAND_LINE,
        created_at=moment_of(row.created_at),
        dispute=row.dispute,
    )


def _label_row(row: Any) -> LabelRow:
    return LabelRow(
        label_id=row.id,
        call_id=row.public_call,
        behaviour=row.behaviour,
        present=row.present,
        finding=row.finding,
        turn=row.turn,
        start_s=None if row.start_ms is None else row.start_ms / 1000,
        end_s=None if row.end_ms is None else row.end_ms / 1000,
        reason=row.reason,
        by=row.by or COMMAND_LINE,
        created_at=moment_of(row.created_at),
        dispute=row.dispute,
    )
