"""`transfer`: the customer is passed on; warm or cold, as a fact on the finding.

Warm: the agent says to whom and why, and stays on the line or briefs the colleague. Cold otherwise.
"""

from __future__ import annotations

import re
from dataclasses import replace

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading
from qa.values import Finding

_BRIEFS = re.compile(
    r"\b(?:stay(?:ing)? (?:on|with)|i'll (?:explain|tell|brief|fill|introduce|give (?:her|him|them))|i've (?:told|explained|briefed|"
    r"filled|put|given|written)|won't have to (?:repeat|explain|say)|no need to (?:repeat|explain)|on the (?:note|file)s?|"
    r"so you don't have to|i'll (?:just )?(?:pop|come|be) (?:on|with)|the whole story|she knows|he knows|they know|knows all about)\b"
)
_WHY = re.compile(
    r"\b(?:because|so that|since|who (?:can|could|will|deals|does|handles)|they (?:can|handle|deal)|that (?:can|deals|does)|he's the|she's the|for (?:the|your))\b"
)


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Transfers, each with ``warm`` or ``cold``."""
    return tuple(_with_kind(reading, f) for f in phrase.detect(reading, card))


def _with_kind(reading: Reading, f: Finding) -> Finding:
    turn = f.turn or 0
    near = [turn, *reading.next_of("agent", turn)]
    text = " ".join(reading.texts[i].plain for i in near)
    warm = bool(_BRIEFS.search(text))
    said_why = bool(_WHY.search(text))
    kind = "warm" if warm else "cold"
    how = "stays on the line or briefs the colleague" if warm else "does not brief the colleague"
    return replace(
        f,
        reason=f"{f.reason} It is a {kind} one: the agent {how}.",
        details=(("kind", kind), ("said_why", "yes" if said_why else "no")),
    )
