"""`refusal`: a no with nothing put in its place, in the same turn or in the agent's next one."""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import any_of, weighed
from qa.behaviours.reading import Reading
from qa.values import Finding

AFTER = ("solution_offer", "options_offer", "escalation_offer")


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Refusals, weighed by how surely no alternative followed."""
    found = []
    for f in phrase.detect(reading, card):
        offered = _offered_next(reading, f.turn or 0)
        because = "No other way was offered here or in the agent's next turn." if offered < 0.5 else ""
        found.append(weighed(f, 1 - offered, because))
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)


def _offered_next(reading: Reading, turn: int) -> float:
    """Probability that the agent's next turn holds an alternative; the own turn is the classifier's to see."""
    following = set(reading.next_of("agent", turn))
    return any_of(f.probability for f in reading.findings if f.behaviour in AFTER and f.turn in following)
