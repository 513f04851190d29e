"""`repeat_question`: the agent asks for a fact that the customer gave earlier in this call.

Two ways to see it: the classifier, which reads the question with the turns before it, and the facts themselves:
the agent asks for a kind of datum (a name, a reference, a date of birth, ...) and the customer had given one of
that kind. Reading a datum back, and asking again because the line was bad, are not it.
"""

from __future__ import annotations

from dataclasses import replace

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading, finding
from qa.numbers import numbers
from qa.redact import without_masks
from qa.text import normalise
from qa.values import Finding

_KINDS = ("name", "reference", "postcode", "birth", "phone", "address", "email")
BY_FACTS, BY_FACTS_AGAIN = 0.15, 0.75
"""Of the labelled questions that the facts alone spoke for, 8 in 9 with an "again" were repetitions and 1 in 14
without one: there the facts give the reason, and the classifier, which sees the answer too, decides."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Questions asked twice: one finding per agent turn."""
    judged = {f.turn: f for f in phrase.detect(reading, card)}
    found = []
    for i, turn in enumerate(reading.turns):
        if turn.speaker != "agent":
            continue
        by_facts = _by_facts(reading, card, i)
        head = judged.get(i)
        if by_facts and head:
            found.append(replace(by_facts, probability=max(by_facts.probability, head.probability)))
        elif by_facts or head:
            found += [f for f in (by_facts, head) if f and f.probability >= phrase.KEEP_FROM]
    return tuple(found)


def _by_facts(reading: Reading, card: Card, i: int) -> Finding | None:
    text = reading.texts[i]
    for begin, end in text.sentences:
        sentence = without_masks(text.plain[begin:end])  # "[phone number]?" asks for nothing
        if not card.says("asks", sentence) or card.says("reads_back", sentence):
            continue
        for kind in _KINDS:
            asked = card.says(f"asks_for_{kind}", sentence)
            before = _given_at(reading, card, kind, i) if asked else None
            if before is None:
                continue
            p = BY_FACTS_AGAIN if card.says("again", sentence) else BY_FACTS
            return finding(
                reading,
                card,
                turn=i,
                chars=(begin, end),
                probability=p,
                reason=f"The customer had given this ({kind}) before, at {_clock(reading.turns[before].start)}.",
                details=(("fact", kind), ("given_in_turn", str(before))),
            )
    return None


def _given_at(reading: Reading, card: Card, kind: str, i: int) -> int | None:
    """The customer's turn in which a datum of this kind was given, at least one exchange before turn ``i``."""
    for j in range(i - 1):
        turn = reading.turns[j]
        if turn.speaker != "customer":
            continue
        if f"gives_{kind}" in card.phrases and card.says(f"gives_{kind}", normalise(turn.text)):
            return j
        asked = j > 0 and card.says(f"asks_for_{kind}", reading.texts[j - 1].plain)
        digits = max((len(n.digits) for n in numbers(turn.text)), default=0)
        if asked and reading.turns[j - 1].speaker == "agent" and (digits >= 3 or kind in {"name", "address"}):
            return j
    return None


def _clock(time_s: float) -> str:
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
