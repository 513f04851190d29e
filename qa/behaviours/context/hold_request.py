"""`hold_request`: the agent announces a hold; whether they asked leave, gave a reason and said how long."""

from __future__ import annotations

import re
from dataclasses import replace

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading
from qa.values import Finding

_LEAVE = re.compile(
    r"\b(?:may i|can i|could i|can you|could you|is it (?:ok|okay|alright|all right)|would you mind|do you mind|"
    r"mind if|if you don't mind|shall i|are you (?:ok|okay|happy))\b|\?$"
)
_REASON = re.compile(
    r"\b(?:while|whilst|so (?:that )?i|to (?:check|see|find|ask|speak|ring|get|look)|because|just going to)\b"
)
_LENGTH = re.compile(r"\b(?:second|sec|secs|moment|minute|minutes|mo|tick|jiffy|couple of|two ticks)s?\b")


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Announced holds with the facts that make them good ones."""
    return tuple(_with_facts(reading, f) for f in phrase.detect(reading, card))


def _with_facts(reading: Reading, f: Finding) -> Finding:
    text = reading.texts[f.turn or 0].plain
    facts = {
        "asked_leave": bool(_LEAVE.search(text)),
        "gave_reason": bool(_REASON.search(text)),
        "said_how_long": bool(_LENGTH.search(text)),
    }
    told = [name.replace("_", " ") for name, value in facts.items() if value]
    reason = f"{f.reason} {('The agent ' + ', '.join(told) + '.') if told else 'No leave, reason or length was given.'}"
    details = tuple((name, "yes" if value else "no") for name, value in facts.items())
    return replace(f, reason=reason, details=details)
