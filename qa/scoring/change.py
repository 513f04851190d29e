"""The smallest change that would have passed a call: what to tell an agent who asks "what did I miss by?".

Smallest means fewest criteria first, then fewest points. A change is one that the agent could have made: an
event fewer, an opportunity taken, something said that was not. Answers that are uncertain or did not apply
are left as they are. But doing one thing may raise the next question (who offers a solution is asked whether it
suits), and leaving one undone may drop one that was met: a change counts as enough only if the call passes
however those turn out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qa.scoring.form import Absence, Bands, Criterion, Form, PerEvent, PerOpportunity
from qa.scoring.measure import share_of_count
from qa.scoring.tally import Bools, Floats, Sheet, sheet_of, totals
from qa.values import Answer, Evaluation

MOST_TOUCHED = 4
"""Of so many questions that a change touches every outcome is tried; forms have two or three."""


@dataclass(frozen=True, slots=True)
class Change:
    """One criterion done better: what would have had to be different, and its new share of points."""

    criterion: str
    question: str
    says: str
    share: float


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """The changes that together would have passed the call, and the least score it would have had."""

    changes: tuple[Change, ...]
    score: float

    def __str__(self) -> str:
        told = "; ".join(f"“{change.question}” {change.says}" for change in self.changes)
        return (
            f"The smallest change that would have passed it, with {self.score:.0f} points at least: {told}."
        )


def smallest_change(evaluation: Evaluation, form: Form) -> SmallestChange | None:
    """The smallest change that would have passed.

    Returns None where the call passed, has no score, or no change of what was missed would be enough.

    Raises
    ------
    ValueError
        The evaluation was made with another form.
    """
    if evaluation.form != form.id:
        raise ValueError(f"the evaluation was made with {evaluation.form}, not with {form.id}")
    if evaluation.score is None or evaluation.passed:
        return None
    if {c.id for _, c in form.criteria()} - {a.criterion for a in evaluation.answers}:
        return None  # an erased or partly kept call: what was asked is not all known
    state = _State.of(evaluation, form)
    options = state.options()
    forced = [max(o, key=lambda c: c.share) for i, o in options.items() if state.must_mend(i)]
    free = [c for i, o in options.items() if not state.must_mend(i) for c in o]
    for more in (0, 1, 2):
        best = state.best([(*forced, *extra) for extra in _sets(free, more)])
        if best is not None:
            return best
    return state.by_steps(forced, free)


def _sets(free: list[Change], size: int) -> list[tuple[Change, ...]]:
    return [s for s in combinations(free, size) if len({c.criterion for c in s}) == size]


@dataclass(frozen=True, slots=True)
class _State:
    """The call's answers as rows of numbers, to be scored again with changes."""

    sheet: Sheet
    answers: tuple[Answer, ...]
    criteria: tuple[Criterion, ...]
    counted: Bools
    share: Floats
    failing: Bools
    column: dict[str, int]

    @classmethod
    def of(cls, evaluation: Evaluation, form: Form) -> _State:
        answers = {a.criterion: a for a in evaluation.answers}
        criteria = tuple(c for _, c in form.criteria())
        rows = tuple(answers[c.id] for c in criteria)
        points = form.points()
        return cls(
            sheet=sheet_of(form),
            answers=rows,
            criteria=criteria,
            counted=np.array([a.outcome in ("met", "missed") for a in rows]),
            share=np.array([a.points / points[a.criterion] for a in rows]),
            failing=np.array([fails(c, a) for c, a in zip(criteria, rows, strict=True)]),
            column={c.id: i for i, c in enumerate(criteria)},
        )

    def must_mend(self, index: int) -> bool:
        """Whether the call can't pass while this criterion fails the evaluation, whatever its points."""
        return bool(self.failing[index]) and self.criteria[index].fails == "evaluation"

    def options(self) -> dict[int, list[Change]]:
        """Per criterion with points to gain, the ways it could have gone better."""
        return {
            i: _ways(c, a, float(self.share[i]), must_meet=self.must_mend(i))
            for i, (c, a) in enumerate(zip(self.criteria, self.answers, strict=True))
            if self.counted[i] and not c.bonus and self.share[i] < 1
        }

    def scores(self, sets: list[tuple[Change, ...]]) -> Floats:
        """The least score of each set of changes, shape (sets,), whatever becomes of the questions they touch."""
        owner: list[int] = []
        rows: list[tuple[Bools, Floats, Bools]] = []
        for number, changes in enumerate(sets):
            share, failing = self.share.copy(), self.failing.copy()
            for change in changes:
                column = self.column[change.criterion]
                share[column] = change.share
                failing[column] &= change.share < self.criteria[column].met_from
            touched = self.touched(changes)
            for size in range(len(touched) + 1):
                for turned in combinations(touched, size):
                    rows.append(self._turned(turned, share, failing))
                    owner.append(number)
        counted, shares, fails_ = (np.array(part) for part in zip(*rows, strict=True))
        least = np.full(len(sets), np.inf)
        np.minimum.at(least, np.array(owner), totals(self.sheet, counted, shares, fails_))
        return least

    def touched(self, changes: tuple[Change, ...]) -> tuple[int, ...]:
        """Columns of the questions that may be asked, or asked no more, once the changes are made."""
        changed = {self.column[c.criterion] for c in changes}
        more, less = set[str](), set[str]()
        for column in changed:
            criterion = self.criteria[column]
            undone = isinstance(criterion, Absence | PerEvent | Bands)
            (less if undone else more).update(criterion.needed)
        found = [
            i
            for i, c in enumerate(self.criteria)
            if not c.bonus
            and (
                (self.counted[i] and less & _asked_by(c))
                or (self.answers[i].outcome == "not_applicable" and i not in changed and more & _asked_by(c))
            )
        ]
        return tuple(found[:MOST_TOUCHED])

    def _turned(self, columns: tuple[int, ...], share: Floats, failing: Bools) -> tuple[Bools, Floats, Bools]:
        """A world in which those questions are asked no more, or asked and missed."""
        counted, share, failing = self.counted.copy(), share.copy(), failing.copy()
        for column in columns:
            counted[column] = not self.counted[column]
            if counted[column]:
                share[column], failing[column] = 0.0, self.criteria[column].fails is not None
        return counted, share, failing

    def best(self, sets: list[tuple[Change, ...]]) -> SmallestChange | None:
        """Of the sets that pass, the one that asks for the fewest points."""
        if not sets:
            return None
        scores: NDArray[np.float64] = np.round(self.scores(sets), 2)
        enough = np.flatnonzero(scores >= self.sheet.form.pass_mark)
        if not enough.size:
            return None
        row = int(enough[np.argmin(scores[enough])])
        return SmallestChange(sets[row], float(scores[row])) if sets[row] else None

    def by_steps(self, forced: list[Change], free: list[Change]) -> SmallestChange | None:
        """Where two changes are not enough: the largest gain first, the last one no larger than needed."""
        chosen, left = list(forced), list(free)
        while left:
            last = self.best([(*chosen, c) for c in left])
            if last is not None:
                return last
            gains = np.nan_to_num(self.scores([(*chosen, c) for c in left]), nan=-1.0)
            best = left[int(np.argmax(gains))]
            chosen.append(best)
            left = [c for c in left if c.criterion != best.criterion]
        return None


def _asked_by(criterion: Criterion) -> frozenset[str]:
    """The behaviours that make a question be asked."""
    condition = criterion.applies_when.behaviours if criterion.applies_when else ()
    chances = criterion.opportunities if isinstance(criterion, PerOpportunity) else ()
    return frozenset((*condition, *chances))


def fails(criterion: Criterion, answer: Answer) -> bool:
    """Whether an answer takes its section or the evaluation with it: missed, and surely enough."""
    sure = answer.probability is not None and 1.0 - answer.probability >= criterion.fail_when_sure
    return criterion.fails is not None and answer.outcome == "missed" and sure


def _ways(criterion: Criterion, answer: Answer, share: float, *, must_meet: bool) -> list[Change]:
    count = len(answer.evidence)
    by_count = isinstance(criterion, PerEvent) or (
        isinstance(criterion, Bands) and criterion.measure == "count"
    )
    if by_count and count:
        shares = share_of_count(criterion, np.arange(count), minutes=1.0)
        ways = [
            Change(criterion.id, criterion.question, _fewer(count - left, count), float(shares[left]))
            for left in range(count - 1, -1, -1)
            if shares[left] > share + 1e-9
        ]
    else:
        says = "done each time" if isinstance(criterion, PerOpportunity) else "done"
        if isinstance(criterion, Absence | PerEvent | Bands):
            says = "not once"
        ways = [Change(criterion.id, criterion.question, says, 1.0)]
    return [w for w in ways if w.share >= criterion.met_from] if must_meet else ways


def _fewer(fewer: int, count: int) -> str:
    return "not once" if fewer == count else f"{fewer} time{'s' if fewer > 1 else ''} fewer, of {count}"
