"""`repeat_question`: the agent asks for a fact that the customer gave earlier in this call.

Two ways to see it: the classifier, which reads the question with the turns before it, and the facts themselves:
the agent asks for a kind of datum (a name, a reference, a date of birth, ...) and the customer had given one of
that kind. Reading a datum back, and asking again because the line was bad, are not it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading, finding
from qa.numbers import numbers
from qa.text import normalise
from qa.values import Finding

_ASKED_FOR: Mapping[str, re.Pattern[str]] = {
    "name": re.compile(
        r"\b(?:your|the|customer|full|last|first|sur) ?name\b|\bwho am i (?:speaking|talking)\b"
    ),
    "reference": re.compile(
        r"\b(?:account|order|reference|ref|booking|tracking|customer|policy|card|membership|ticket|case|claim|meter|consignment|"
        r"member|reservation|confirmation|serial) ?(?:number|no|code|id)?\b"
    ),
    "postcode": re.compile(r"\b(?:post ?code|zip(?: code)?|eir ?code)\b"),
    "birth": re.compile(r"\b(?:date of birth|d\.?o\.?b|birthday|born)\b"),
    "phone": re.compile(r"\b(?:phone|mobile|contact|telephone|cell) ?(?:number|no)?\b|\bbest number\b"),
    "address": re.compile(r"\b(?:address|door number|house number|flat number|street|which flat)\b"),
    "email": re.compile(r"\be-?mail\b"),
}
_GIVEN_WORDS: Mapping[str, re.Pattern[str]] = {
    "name": re.compile(
        r"\b(?:my name(?:'s| is)|i'm (?:mr|mrs|ms|miss|dr)|it's (?:mr|mrs|ms|miss|dr)|name's|this is [a-z]+)\b"
    ),
    "postcode": re.compile(r"\b(?:post ?code|zip|eir ?code)\b|\b[a-z]{1,2}\d{1,2}[a-z]? ?\d[a-z]{2}\b"),
    "address": re.compile(r"\b(?:street|road|avenue|lane|drive|close|court|terrace|flat|house|apartment)\b"),
    "email": re.compile(r"@|\bat [a-z]+ dot\b|\bdot (?:com|co)\b"),
}
_QUESTION = re.compile(
    r"\?|\b(?:what(?:'s| is| was)|can i (?:take|get|have)|could i (?:take|get|have)|may i have|remind me|give me|confirm)\b"
)
_READ_BACK = re.compile(
    r"\b(?:is that|that's|was that|so that's|did you say|you said|correct|spell|repeat|say (?:that|it) again|didn't catch|missed that|"
    r"pardon|broke up|breaking up|line|still the|same)\b"
)
_AGAIN = re.compile(r"\b(?:again|once more|one more time|already)\b")
BY_FACTS, BY_FACTS_AGAIN = 0.45, 0.75


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Questions asked twice: one finding per agent turn."""
    judged = {f.turn: f for f in phrase.detect(reading, card)}
    found = []
    for i, turn in enumerate(reading.turns):
        if turn.speaker != "agent":
            continue
        by_facts = _by_facts(reading, card, i)
        best = max((f for f in (judged.get(i), by_facts) if f), key=lambda f: f.probability, default=None)
        if best is not None and best.probability >= phrase.KEEP_FROM:
            found.append(best)
    return tuple(found)


def _by_facts(reading: Reading, card: Card, i: int) -> Finding | None:
    text = reading.texts[i]
    for begin, end in text.sentences:
        sentence = text.plain[begin:end]
        if not _QUESTION.search(sentence) or _READ_BACK.search(sentence):
            continue
        for kind, asked in _ASKED_FOR.items():
            before = _given_at(reading, kind, i) if asked.search(sentence) else None
            if before is None:
                continue
            p = BY_FACTS_AGAIN if _AGAIN.search(sentence) else BY_FACTS
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


def _given_at(reading: Reading, kind: str, i: int) -> int | None:
    """The customer's turn in which a datum of this kind was given, at least one exchange before turn ``i``."""
    for j in range(i - 1):
        turn = reading.turns[j]
        if turn.speaker != "customer":
            continue
        if kind in _GIVEN_WORDS and _GIVEN_WORDS[kind].search(normalise(turn.text)):
            return j
        asked = j > 0 and _ASKED_FOR[kind].search(reading.texts[j - 1].plain)
        digits = max((len(n.digits) for n in numbers(turn.text)), default=0)
        if asked and reading.turns[j - 1].speaker == "agent" and (digits >= 3 or kind in {"name", "address"}):
            return j
    return None


def _clock(time_s: float) -> str:
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
