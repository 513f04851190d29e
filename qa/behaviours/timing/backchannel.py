"""`backchannel`: a short sign of listening during or right after the customer's talk, the floor left to them.

"Okay" that opens the agent's own turn is none; so the customer has to go on, and the agent's turn has to hold
nothing else.
"""

from __future__ import annotations

from qa.behaviours.cards import Card
from qa.behaviours.entries import is_listening
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding

_MOST_WORDS = 6


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Short agent turns between two stretches of the customer's talk."""
    found = []
    for i, turn in enumerate(reading.turns):
        if turn.speaker != "agent" or len(turn.text.split()) > _MOST_WORDS:
            continue
        p = _probability(reading, card, i)
        if p >= 0.05:
            found.append(
                finding(
                    reading,
                    card,
                    turn=i,
                    chars=whole(reading, i),
                    probability=p,
                    reason=f"{card.because}; the customer went on speaking.",
                )
            )
    return tuple(found)


def _probability(reading: Reading, card: Card, i: int) -> float:
    words = is_listening(reading.turns[i].text)
    judged = reading.probability(card.id, i) if card.id in reading.probabilities else (0.9 if words else 0.0)
    if i and reading.turns[i - 1].text.strip().endswith("?"):
        return 0.3 * judged  # an answer
    between = _customer_goes_on(reading, i)
    overlapping = _inside_talk(reading, i)
    if reading.turns[i].text.strip().endswith("?"):
        return 0.0
    if overlapping and words:
        return max(judged, 0.9)
    return judged if between else 0.5 * judged if overlapping else 0.2 * judged


def _customer_goes_on(reading: Reading, i: int) -> bool:
    turns = reading.turns
    before = i > 0 and turns[i - 1].speaker == "customer"
    after = i + 1 < len(turns) and turns[i + 1].speaker == "customer"
    return before and after


def _inside_talk(reading: Reading, i: int) -> bool:
    """Whether the customer was speaking when this turn began."""
    turn = reading.turns[i]
    return any(t.speaker == "customer" and t.start < turn.start < t.end for t in reading.turns)
