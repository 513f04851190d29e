"""`boundary`: only after the customer abused the agent; before that the same words answer nothing."""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import any_of, weighed
from qa.behaviours.reading import Reading
from qa.values import Finding

AFTER = ("customer_abuse",)
UNSEEN = 0.1
"""Abuse that the words did not show: a boundary hardly ever comes without any."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Boundary phrases, weighed by how surely abuse came before them."""
    found = []
    for f in phrase.detect(reading, card):
        abused = any_of(
            a.probability
            for a in reading.findings
            if a.behaviour == "customer_abuse" and (a.turn or 0) < (f.turn or 0)
        )
        found.append(
            weighed(f, max(abused, UNSEEN), "It follows abuse by the customer." if abused > 0.5 else "")
        )
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)
