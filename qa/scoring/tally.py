"""From shares to a score: weights after what did not apply, section fails, bonus, cap, auto-fail.

Two readings of the same rules: :func:`totals` for thousands of worlds at once, :func:`waterfall` for the one
that stands, step by step. A law holds between them and is tested: the steps before ``total`` add up to the
score to the cent, and the score is what :func:`totals` gives for that world.

Conventions: points are of 100; a criterion is a column in the order of the form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.scoring.form import Form
from qa.values import Step

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form's numbers as arrays, one entry per criterion in the form's order."""

    form: Form
    ids: tuple[str, ...]
    questions: tuple[str, ...]
    points: Floats
    bonus: Bools
    section: NDArray[np.int_]
    fails_section: Bools
    fails_evaluation: Bools


def sheet_of(form: Form) -> Sheet:
    points, rows = form.points(), list(form.criteria())
    order = {section.id: index for index, section in enumerate(form.sections)}
    return Sheet(
        form=form,
        ids=tuple(c.id for _, c in rows),
        questions=tuple(c.question for _, c in rows),
        points=np.array([points[c.id] for _, c in rows]),
        bonus=np.array([c.bonus for _, c in rows]),
        section=np.array([order[s.id] for s, _ in rows]),
        fails_section=np.array([c.fails == "section" for _, c in rows]),
        fails_evaluation=np.array([c.fails == "evaluation" for _, c in rows]),
    )


def effective(sheet: Sheet, counted: Bools) -> Floats:
    """Points of 100 that each criterion can earn, shape (samples, criteria), given which are counted.

    The weight of what is not counted goes to all that is, or stays within its section where the form says
    ``unanswered: section`` and something in the section is counted.
    """
    regular = counted & ~sheet.bonus
    points = np.where(regular, sheet.points, 0.0)
    if sheet.form.unanswered == "section":
        for index in range(len(sheet.form.sections)):
            columns = (sheet.section == index) & ~sheet.bonus
            asked, left = sheet.points[columns].sum(), points[:, columns].sum(axis=1, keepdims=True)
            points[:, columns] *= np.divide(asked, left, out=np.zeros_like(left), where=left > 0)
    whole = points.sum(axis=1, keepdims=True)
    scaled = np.divide(100.0 * points, whole, out=np.zeros_like(points), where=whole > 0)
    return np.asarray(np.where(counted & sheet.bonus, sheet.points, scaled))


def totals(sheet: Sheet, counted: Bools, share: Floats, failing: Bools) -> Floats:
    """The score in each world, shape (samples,); NaN where nothing is counted.

    Parameters
    ----------
    counted, share, failing : arrays of shape (samples, criteria)
        Which criteria are answered, what share of their points they earn, and which are missed surely
        enough to take with them what the form says.
    """
    worth = effective(sheet, counted)
    earned = worth * share * counted
    kept = np.ones_like(earned, dtype=np.bool_)
    down: Bools = np.asarray(failing & counted)
    sections_down: Bools = np.asarray(down & sheet.fails_section)
    for index in range(len(sheet.form.sections)):
        columns = sheet.section == index
        lost: Bools = np.asarray(sections_down[:, columns].any(axis=1))
        kept[:, columns & ~sheet.bonus] &= ~lost[:, None]
    score = np.minimum((earned * kept).sum(axis=1), 100.0)
    cap = sheet.form.cap
    if cap is not None:
        failed = (down & sheet.fails_evaluation).any(axis=1)
        score = np.where(failed, np.minimum(score, cap), score)
    return np.where((counted & ~sheet.bonus).any(axis=1), score, np.nan)


def waterfall(sheet: Sheet, counted: Bools, share: Floats, failing: Bools) -> tuple[Step, ...]:
    """The score of one world step by step; arrays of shape (criteria,).

    Begins at 100 (``base``), takes off what each criterion lost, then failed sections, adds bonus, caps at
    100, applies the auto-fail. Every step but the last is a movement; the last, ``total``, is their sum.
    Rounding is done on the running total, so the cents always add up.
    """
    worth = effective(sheet, counted[None, :])[0]
    moves: list[tuple[str, str, float, str | None]] = [("base", _base_label(sheet, counted), 100.0, None)]
    order = [i for i in range(len(sheet.ids)) if counted[i]]
    regular = [i for i in order if not sheet.bonus[i]]
    moves += [("criterion", sheet.questions[i], -worth[i] * (1.0 - share[i]), sheet.ids[i]) for i in regular]
    for index, section in enumerate(sheet.form.sections):
        by = next(
            (i for i in order if failing[i] and sheet.fails_section[i] and sheet.section[i] == index), None
        )
        if by is not None:
            left = sum(worth[i] * share[i] for i in regular if sheet.section[i] == index)
            label = f"{section.title}: failed by “{sheet.questions[by]}”"
            moves.append(("section_fail", label, -left, sheet.ids[by]))
    moves += [
        ("bonus", sheet.questions[i], worth[i] * share[i], sheet.ids[i])
        for i in order
        if sheet.bonus[i] and share[i] > 0
    ]
    so_far = sum(points for _, _, points, _ in moves)
    if so_far > 100.0 + 1e-9:
        moves.append(("cap", "No score is over 100", 100.0 - so_far, None))
        so_far = 100.0
    by = next((i for i in order if failing[i] and sheet.fails_evaluation[i]), None)
    if by is not None:
        cap = sheet.form.cap
        off = 0.0 if cap is None else min(0.0, cap - so_far)
        moves.append(("auto_fail", f"Auto-fail by “{sheet.questions[by]}”", off, sheet.ids[by]))
    return _in_cents(moves)


def _in_cents(moves: Sequence[tuple[str, str, float, str | None]]) -> tuple[Step, ...]:
    steps, exact, cents = [], 0.0, 0
    for kind, label, points, criterion in moves:
        exact += points
        now = round(max(0.0, exact) * 100)
        steps.append(Step(label, kind, (now - cents) / 100, criterion))  # type: ignore[arg-type]
        cents = now
    return (*steps, Step("Score", "total", cents / 100))


def _base_label(sheet: Sheet, counted: Bools) -> str:
    asked = sheet.points[~sheet.bonus].sum()
    left = sheet.points[counted & ~sheet.bonus].sum()
    if left == asked:
        return f"All {asked:g} points of the form"
    return f"The {left:.4g} of {asked:.4g} points that this call could answer, taken as 100"
