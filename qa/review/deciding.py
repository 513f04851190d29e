"""Deciding: a person's answer beside the program's, each one a new evaluation beside those before it.

Conventions: every function takes the principal who decides. A decision, its evaluation and its line in the
audit log are kept in one transaction; where the call was scored otherwise meanwhile, it is scored once more.
The audit log never holds a reason or a word of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, select

import qa
from qa.errors import InputError, StoreError
from qa.review.rescoring import AnswerChange, Change, Judge, Rescored, differences, rescore
from qa.scoring import Form, Mark
from qa.store import load_call
from qa.store.audit import write
from qa.store.codec import dump, fingerprint, moment_of
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.reviews import REVIEWERS, LabelRow, add_label, add_review
from qa.store.rows import Prints, Scored, SourceFacts, StoredCall
from qa.store.saving import save_scored
from qa.store.scope import account_or_none, no_such, require
from qa.store.standing import Standing, standing_of
from qa.store.tables import Call
from qa.values import Evaluation, Finding, Outcome, Principal

TRIES = 5
Decision = Literal["met", "missed", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Decided:
    """A call before and after a decision; ``evaluation_id`` is None for a preview."""

    call_id: str
    before: Evaluation
    after: Evaluation
    changed: tuple[AnswerChange, ...]
    evaluation_id: int | None = None

    @property
    def by_points(self) -> float | None:
        """Points of 100 gained; None where one of the two has no total."""
        if self.before.score is None or self.after.score is None:
            return None
        return round(self.after.score - self.before.score, 2)


@dataclass(frozen=True, slots=True)
class Case:
    """A call loaded for a decision."""

    stored: StoredCall
    standing: Standing

    @property
    def form(self) -> Form:
        return self.standing.form


Keep = Callable[[Connection, Case], None]
"""Writes what was decided."""


def load_case(store: Store, principal: Principal, call_id: str) -> Case:
    """A call with everything that stands.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it.
    """
    stored = load_call(store, principal, call_id)
    with store.reading() as connection:
        return Case(stored, standing_of(connection, stored.call))


def preview(case: Case, change: Change, judge: Judge) -> Decided:
    """What a change would make of a call; nothing is kept."""
    made = rescore(case.stored, case.standing, change, judge)
    before = case.stored.evaluation
    return Decided(case.stored.row.call_id, before, made.evaluation, differences(before, made.evaluation))


def review_answer(
    store: Store,
    principal: Principal,
    judge: Judge,
    call_id: str,
    *,
    criterion: str,
    outcome: Decision,
    reason: str,
    share: float | None = None,
) -> Decided:
    """Answer one question of the form beside the program.

    Parameters
    ----------
    share
        Part of the points, 0 to 1, for an answer in between; None: all for ``met``, none for ``missed``.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not review it.
    InputError
        The form has no such question, the reason is missing, or share and outcome contradict each other.
    """
    require(principal, *REVIEWERS)
    reason = _reason(reason)
    mark = mark_for(
        load_case(store, principal, call_id), criterion, outcome, share, by=principal.name, note=reason
    )

    def keep(connection: Connection, case: Case) -> None:
        keep_mark(connection, principal, case, mark)

    return decide(store, principal, judge, call_id, Change(marks=(mark,)), keep, origin="review")


def confirm_answers(
    store: Store, principal: Principal, judge: Judge, call_id: str, *, reason: str = "Listened to; agreed."
) -> Decided:
    """Agree with every answer that is met or missed and that nobody has answered yet: a whole review.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not review it.
    """
    require(principal, *REVIEWERS)
    case = load_case(store, principal, call_id)
    answered, points = {m.criterion for m in case.standing.marks}, case.form.points()
    marks = tuple(
        Mark(
            criterion=a.criterion,
            share=None if a.outcome == "not_applicable" else a.points / points[a.criterion],
            by=principal.name,
            note=reason,
        )
        for a in case.stored.evaluation.answers
        if a.criterion not in answered and a.outcome in ("met", "missed", "not_applicable")
    )

    def keep(connection: Connection, case: Case) -> None:
        for mark in marks:
            keep_mark(connection, principal, case, mark)

    return decide(store, principal, judge, call_id, Change(marks=marks), keep, origin="review")


def label_finding(
    store: Store,
    principal: Principal,
    judge: Judge,
    call_id: str,
    *,
    present: bool,
    reason: str,
    finding: str | None = None,
    behaviour: str | None = None,
    turn: int | None = None,
) -> Decided:
    """Say that a finding is right or wrong, or that a behaviour is in a turn where nothing was found.

    Parameters
    ----------
    finding
        Id of one of the call's findings; else ``behaviour`` and ``turn`` are needed.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not review it.
    InputError
        There is no such finding, behaviour or turn, or the reason is missing.
    """
    require(principal, *REVIEWERS)
    reason = _reason(reason)
    case = load_case(store, principal, call_id)
    if finding is not None:
        found = find_in(case, finding)
        change = Change(confirm=(found,)) if present else Change(drop=(found,))
        label: dict[str, Any] = {"behaviour": found.behaviour, "finding": finding, "found": found}
    else:
        if behaviour is None or turn is None or behaviour not in judge.cards:
            raise InputError(
                "name a finding of the call, or a behaviour that has a card and the turn it is in"
            )
        if not present:
            raise InputError(f"{behaviour} was not found in turn {turn}, so there is nothing to take back")
        if not 0 <= turn < len(case.stored.call.turns):
            raise InputError(f"turn {turn}: the call has turns 0 to {len(case.stored.call.turns) - 1}")
        change = Change(add=(proposed(call_id, behaviour, turn, principal.name, reason),))
        label = {"behaviour": behaviour, "turn": turn}

    def keep(connection: Connection, case: Case) -> None:
        add_label(connection, principal, row_id=case.standing.row_id, present=present, reason=reason, **label)
        write(
            connection,
            principal,
            "label finding",
            object="call",
            object_id=call_id,
            after={"behaviour": label["behaviour"], "finding": finding, "turn": turn, "present": present},
        )

    return decide(store, principal, judge, call_id, change, keep, origin="review")


def decide(
    store: Store,
    principal: Principal,
    judge: Judge,
    call_id: str,
    change: Change,
    keep: Keep,
    *,
    origin: Literal["review", "dispute"],
    decided: dict[str, Any] | None = None,
    then: Callable[[Connection, Decided], None] = lambda _connection, _decided: None,
) -> Decided:
    """Score a call with a change and keep both in one transaction; ``then`` is its last part.

    Raises
    ------
    StoreError
        The call was scored anew again and again meanwhile.
    """
    for _ in range(TRIES):
        case = load_case(store, principal, call_id)
        made = rescore(case.stored, case.standing, change, judge)
        with store.writing() as connection:
            take_turns(connection, TurnTaking.SAVING)
            in_force = connection.execute(
                select(Call.evaluation_id).where(Call.id == case.standing.row_id).with_for_update()
            ).scalar()
            if not in_force == case.standing.evaluation_id == case.stored.row.evaluation_id:
                continue
            keep(connection, case)
            scored = _to_keep(case, made, change, principal, origin=origin, decided=decided or {})
            saved = save_scored(connection, scored)
            before = case.stored.evaluation
            changed = differences(before, made.evaluation)
            ended = Decided(call_id, before, made.evaluation, changed, saved.evaluation_id)
            then(connection, ended)
        return ended
    raise StoreError(f"call {call_id} is being scored by somebody else again and again; try once more")


def keep_mark(
    connection: Connection, principal: Principal, case: Case, mark: Mark, *, dispute_id: int | None = None
) -> int:
    """Add a mark as a review, with its line in the audit log; gives the review's id."""
    criterion = case.form.criterion(mark.criterion)
    assert criterion is not None  # noqa: S101 - made by mark_for
    points = None if mark.share is None else round(mark.share * case.form.points()[mark.criterion], 6)
    outcome: Outcome = "not_applicable"
    if mark.share is not None:
        outcome = "met" if mark.share >= criterion.met_from else "missed"
    before = next((a for a in case.stored.evaluation.answers if a.criterion == mark.criterion), None)
    review_id = add_review(
        connection,
        principal,
        row_id=case.standing.row_id,
        evaluation_id=case.standing.evaluation_id,
        criterion=mark.criterion,
        outcome=outcome,
        points=points,
        reason=mark.note,
        dispute_id=dispute_id,
    )
    write(
        connection,
        principal,
        "review answer",
        object="call",
        object_id=case.stored.row.call_id,
        before=None if before is None else {"outcome": before.outcome, "points": before.points},
        after={"criterion": mark.criterion, "outcome": outcome, "points": points, "review": review_id},
    )
    return review_id


def mark_for(
    case: Case, criterion: str, outcome: Decision, share: float | None, *, by: str, note: str
) -> Mark:
    """A person's answer as scoring takes it.

    Raises
    ------
    InputError
        The form has no such question, or share and outcome contradict each other.
    """
    asked = case.form.criterion(criterion)
    if asked is None:
        known = ", ".join(c.id for _, c in case.form.criteria())
        raise InputError(f"{case.form.id} has no question '{criterion}'; it has: {known}")
    if outcome == "not_applicable":
        if share is not None:
            raise InputError("what does not apply has no points; leave the share away")
        return Mark(criterion=criterion, share=None, by=by, note=note)
    if share is None:
        share = 1.0 if outcome == "met" else 0.0
    if not 0 <= share <= 1:
        raise InputError(f"share {share}: give a part of the points from 0 to 1")
    if (share >= asked.met_from) != (outcome == "met"):
        raise InputError(
            f"a share of {share:g} is {'met' if share >= asked.met_from else 'missed'} for '{criterion}' "
            f"(met from {asked.met_from:g}); change the share or the answer"
        )
    return Mark(criterion=criterion, share=share, by=by, note=note)


def find_in(case: Case, finding: str) -> Finding:
    """One of the call's findings by its id.

    Raises
    ------
    NotAllowed
        The call in force has no such finding.
    """
    by_id = dict(zip(case.stored.finding_ids, case.stored.detections.findings, strict=True))
    if finding not in by_id:
        raise no_such("finding", finding)
    return by_id[finding]


def proposed(call_id: str, behaviour: str, turn: int, by: str, reason: str) -> LabelRow:
    """A label that is not kept yet."""
    return LabelRow(0, call_id, behaviour, True, None, turn, None, None, reason, by, moment_of(now_ms()))


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) < 3:
        raise InputError("say why, in a few words: whoever reads the score later must be able to follow it")
    return reason


def _to_keep(
    case: Case,
    made: Rescored,
    change: Change,
    principal: Principal,
    *,
    origin: Literal["review", "dispute"],
    decided: dict[str, Any],
) -> Scored:
    standing, stored = case.standing, case.stored
    hearing, detection = standing.hearing_print, standing.detection_print
    if change.corrections:
        said = [[c.turn, c.text, c.speaker] for c in change.corrections]
        hearing = fingerprint([hearing, said])
    if made.detections != stored.detections or change.corrections:
        kept = [[f.behaviour, f.turn, f.start, f.end, f.probability] for f in made.detections.findings]
        detection = fingerprint([hearing, detection, kept])
    marks = [[m.criterion, m.share] for m in made.marks]
    manifest = {
        **stored.manifest,
        "version": qa.__version__,
        "decided": {
            "answers": sorted(m.criterion for m in made.marks),
            "corrected_turns": sorted(c.turn for c in change.corrections),
            **decided,
        },
    }
    return Scored(
        call=made.call,
        detections=made.detections,
        evaluation=made.evaluation,
        source=SourceFacts(standing.content_sha256, standing.source_name),
        prints=Prints(hearing, detection, fingerprint([dump(manifest.get("scoring")), marks, detection])),
        manifest=manifest,
        form_sha256=standing.form_sha256,
        form_yaml=standing.form_yaml,
        origin=origin,
        account_id=account_or_none(principal),
        meta=standing.meta,
    )
