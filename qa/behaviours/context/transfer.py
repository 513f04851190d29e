"""`transfer`: the customer is passed on; warm or cold, as a fact on the finding.

Warm: the agent says to whom and why, and stays on the line or briefs the colleague. Cold otherwise.
"""

from __future__ import annotations

from dataclasses import replace

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading
from qa.values import Finding


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Transfers, each with ``warm`` or ``cold``."""
    return tuple(_with_kind(reading, card, f) for f in phrase.detect(reading, card))


def _with_kind(reading: Reading, card: Card, f: Finding) -> Finding:
    turn = f.turn or 0
    near = [turn, *reading.next_of("agent", turn)]
    text = " ".join(reading.texts[i].plain for i in near)
    warm = card.says("briefs", text)
    said_why = card.says("said_why", text)
    kind = "warm" if warm else "cold"
    how = "stays on the line or briefs the colleague" if warm else "does not brief the colleague"
    return replace(
        f,
        reason=f"{f.reason} It is a {kind} one: the agent {how}.",
        details=(("kind", kind), ("said_why", "yes" if said_why else "no")),
    )
