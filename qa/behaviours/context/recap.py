"""`recap`: near the end, what was agreed is summed up, with at least one action.

A summary in the first third of a call is a paraphrase of the problem, whatever its form.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import weighed
from qa.behaviours.reading import Reading
from qa.values import Finding

EARLY_SHARE = 1 / 3
FEWEST_TURNS = 6
"""A shorter exchange has no beginning and no end to tell apart."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Summaries, weighed down where they come too early."""
    n = len(reading.turns)
    found = (
        weighed(f, 0.3 if n >= FEWEST_TURNS and (f.turn or 0) < EARLY_SHARE * n else 1.0)
        for f in phrase.detect(reading, card)
    )
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)
