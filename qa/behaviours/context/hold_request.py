"""`hold_request`: the agent announces a hold; whether they asked leave, gave a reason and said how long."""

from __future__ import annotations

from dataclasses import replace

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading
from qa.values import Finding


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Announced holds with the facts that make them good ones."""
    return tuple(_with_facts(reading, card, f) for f in phrase.detect(reading, card))


def _with_facts(reading: Reading, card: Card, f: Finding) -> Finding:
    text = reading.texts[f.turn or 0].plain
    facts = {name: card.says(name, text) for name in ("asked_leave", "gave_reason", "said_how_long")}
    told = [name.replace("_", " ") for name, value in facts.items() if value]
    reason = f"{f.reason} {('The agent ' + ', '.join(told) + '.') if told else 'No leave, reason or length was given.'}"
    details = tuple((name, "yes" if value else "no") for name, value in facts.items())
    return replace(f, reason=reason, details=details)
