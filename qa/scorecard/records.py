"""What a scorecard is made from: one record per scored call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from qa.values import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCall:
    """One call's evaluation with what is needed to compare like with like.

    ``started_at`` None: the call takes part in everything but trends and progress. ``difficulty`` is a word
    such as ``plain``, ``usual``, ``hard`` (:func:`qa.scorecard.difficulty.difficulty`).
    """

    agent: str
    evaluation: Evaluation
    team: str | None = None
    queue: str | None = None
    started_at: datetime | None = None
    difficulty: str | None = None

    @property
    def score(self) -> float | None:
        return self.evaluation.score

    @property
    def week(self) -> date | None:
        """The Monday of its week, by the clock that the call's time was written in."""
        if self.started_at is None:
            return None
        day = self.started_at.date()
        return day - timedelta(days=day.weekday())


def when(record: ScoredCall) -> tuple[bool, datetime]:
    """A sort key: undated calls first, then by time as written."""
    if record.started_at is None:
        return False, datetime.min  # noqa: DTZ901 - a sort key, never shown
    return True, record.started_at.replace(tzinfo=None)
