"""A calibration round read: the raters and the program beside them, as statistics.

Conventions: the program's answers are its own latest ones, whatever people decided since. A total score is
worked out from a rater's answers by the same rules as any other, so that raters and program are comparable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from qa.calibration import DRAWS, Calibration, Rating, calibrate
from qa.errors import InputError
from qa.review.rescoring import Judge
from qa.scoring import Form, Mark, evaluate
from qa.store.calibrations import (
    PROGRAM,
    NewRating,
    RatingRow,
    RoundRow,
    load_round,
    rate,
    ratings_of,
)
from qa.store.calls import load_machine_call
from qa.store.engine import Store
from qa.store.rows import StoredCall
from qa.store.standing import standing_of
from qa.values import Outcome, Principal

RATED: tuple[Outcome, ...] = ("met", "missed", "not_applicable")
"""What a person can answer; what the program could not tell takes no part in the comparison."""


def round_result(
    store: Store, principal: Principal, judge: Judge, round_id: str, *, draws: int = DRAWS
) -> Calibration:
    """Agreement in a round: of a closed one, or of an open one for leads who do not rate in it.

    Raises
    ------
    NotAllowed
        There is no such round, or the principal takes no part in it.
    InputError
        The round is open and the principal still rates, or nobody has rated yet.
    """
    row = load_round(store, principal, round_id)
    rows = ratings_of(store, principal, round_id)
    seen = {r.rater for r in rows}
    if row.state == "open" and len(seen) < 2:
        raise InputError(f"round {round_id} is open; its results are shown once it is closed")
    calls = {call: load_machine_call(store, principal, call) for call in row.calls}
    forms = {call: _form(store, stored) for call, stored in calls.items()}
    ratings = [_rating(r, forms[r.call_id]) for r in rows if r.outcome in RATED]
    ratings += [r for call, stored in calls.items() for r in _of_program(stored, forms[call])]
    return calibrate(ratings, scores=_scores(rows, calls, forms, judge), draws=draws)


def rate_call(
    store: Store,
    principal: Principal,
    round_id: str,
    call_id: str,
    answers: Mapping[str, tuple[Outcome, float | None]],
    *,
    notes: Mapping[str, str] | None = None,
    rater: str | None = None,
) -> None:
    """Keep a rater's answers, given as question to outcome and share of the points (None: all or none).

    Raises
    ------
    NotAllowed
        There is no such round, or the principal is no rater of it.
    InputError
        The form has no such question, or an answer is none that a person can give.
    """
    row = load_round(store, principal, round_id)
    if call_id not in row.calls:
        raise InputError(f"{call_id} is not in round {round_id}; it has {', '.join(row.calls)}")
    points = _form(store, load_machine_call(store, principal, call_id)).points()
    ratings = []
    for criterion, (outcome, share) in answers.items():
        if criterion not in points:
            raise InputError(f"{row.form} has no question '{criterion}'")
        if outcome not in RATED:
            raise InputError(f"{criterion}: a rater answers met, missed or not_applicable, not {outcome}")
        part = share if share is not None else float(outcome == "met")
        ratings.append(
            NewRating(
                criterion=criterion,
                outcome=outcome,
                points=None if outcome == "not_applicable" else part * points[criterion],
                note=(notes or {}).get(criterion, ""),
            )
        )
    rate(store, principal, round_id, call_id, ratings, rater=rater)


def questions(store: Store, principal: Principal, row: RoundRow) -> Form:
    """The form of a round, as its calls were scored with it."""
    return _form(store, load_machine_call(store, principal, row.calls[0]))


def _form(store: Store, stored: StoredCall) -> Form:
    with store.reading() as connection:
        return standing_of(connection, stored.call).form


def _rating(row: RatingRow, form: Form) -> Rating:
    share = None if row.points is None else row.points / form.points()[row.criterion]
    return Rating(row.call_id, row.criterion, row.rater, row.outcome, share)


def _of_program(stored: StoredCall, form: Form) -> list[Rating]:
    points = form.points()
    return [
        Rating(
            stored.row.call_id,
            a.criterion,
            PROGRAM,
            a.outcome,
            a.points / points[a.criterion] if a.outcome in ("met", "missed") else None,
        )
        for a in stored.evaluation.answers
        if a.outcome in RATED
    ]


def _scores(
    rows: Sequence[RatingRow], calls: Mapping[str, StoredCall], forms: Mapping[str, Form], judge: Judge
) -> dict[str, dict[str, float | None]]:
    """Total scores by rater and call."""
    marks: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for row in rows:
        rating = _rating(row, forms[row.call_id])
        marks[row.rater, row.call_id].append(Mark(criterion=row.criterion, share=rating.share, by=row.rater))
    scores: dict[str, dict[str, float | None]] = defaultdict(dict)
    for (rater, call_id), given in marks.items():
        stored = calls[call_id]
        evaluation = evaluate(
            stored.call, stored.detections, forms[call_id], options=judge.options, marks=given
        )
        scores[rater][call_id] = evaluation.score
    for call_id, stored in calls.items():
        scores[PROGRAM][call_id] = stored.evaluation.score
    return dict(scores)
