"""`floor_yielded`: the agent notices a collision and gives the floor back.

"Go ahead" is also how an agent permits a task to begin; so there has to be a collision: talk on top of each
other, or a turn that broke off, in this turn or the two before.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.entries import OPEN, openness
from qa.behaviours.odds import weighed
from qa.behaviours.reading import Reading
from qa.values import Finding

UNSEEN = 0.7
"""A collision that neither times nor words show."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Yielding words, weighed by whether there was a collision."""
    found = []
    for f in phrase.detect(reading, card):
        seen = _collision(reading, f.turn or 0)
        found.append(weighed(f, 1.0 if seen else UNSEEN, "The two had just collided." if seen else ""))
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)


def _collision(reading: Reading, turn: int) -> bool:
    if reading.call.timing.source == "none":
        return True
    turns = reading.turns
    for i in range(max(1, turn - 2), turn + 1):
        before = turns[i - 1]
        if turns[i].start < before.end - 0.05 or openness(before.text) >= OPEN:
            return True
    return False
