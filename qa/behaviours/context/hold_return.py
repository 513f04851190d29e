"""`hold_return`: back from a hold with thanks or a word about the wait; only where there was a hold."""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import any_of, weighed
from qa.behaviours.reading import Reading
from qa.values import Finding

AFTER = ("hold_request",)
LONG_SILENCE_S = 8.0
"""A pause that long before the turn was a wait, whether or not the announcement was recognised."""
_TURNS_BACK = 8
UNSEEN = 0.6


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Words of return, weighed by how surely a hold or a long wait came before."""
    found = (weighed(f, _waited(reading, f.turn or 0)) for f in phrase.detect(reading, card))
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)


def _waited(reading: Reading, turn: int) -> float:
    if turn == 0:
        return 0.2
    held = any_of(
        f.probability
        for f in reading.findings
        if f.behaviour == "hold_request" and turn - _TURNS_BACK <= (f.turn or 0) < turn
    )
    before = max(t.end for t in reading.turns[:turn])
    silent = reading.turns[turn].start - before
    if reading.call.timing.source != "none" and silent >= LONG_SILENCE_S:
        return 1.0
    return max(held, UNSEEN)
