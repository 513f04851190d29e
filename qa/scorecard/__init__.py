"""Scorecards: evaluations of many calls in, one card per agent out.

The parts: :mod:`records` (what goes in), :mod:`pooling` (means with honest intervals), :mod:`case_mix`
(like with like), :mod:`trend`, :mod:`cards` (the card), :mod:`coaching` (what to listen to and work on),
:mod:`difficulty` (how hard a call was),
:mod:`replay` (what a new form would change).
"""

from qa.scorecard.cards import (
    Comparison,
    CriterionCard,
    CriterionTally,
    Scorecard,
    SectionCard,
    as_json,
    scorecards,
)
from qa.scorecard.case_mix import MixRow
from qa.scorecard.coaching import Coaching, Example, Progress, Theme, coaching, progress
from qa.scorecard.difficulty import difficulty
from qa.scorecard.records import ScoredCall
from qa.scorecard.replay import AgentChange, CallChange, Replay, replay
from qa.scorecard.trend import Trend, TrendPoint

__all__ = [
    "AgentChange",
    "CallChange",
    "Coaching",
    "Comparison",
    "CriterionCard",
    "CriterionTally",
    "Example",
    "MixRow",
    "Progress",
    "Replay",
    "Scorecard",
    "ScoredCall",
    "SectionCard",
    "Theme",
    "Trend",
    "TrendPoint",
    "as_json",
    "coaching",
    "difficulty",
    "progress",
    "replay",
    "scorecards",
]
