"""What is said: patterns and the classifier together, for every card whose detector is ``phrase``.

Conventions
-----------
- Where a classifier gives a probability, that is the finding's: it was trained with the pattern hits among
  its features and calibrated on calls it had not seen.
- Without a classifier a pattern hit counts ``PATTERN_ALONE``. A hit in a sentence that a ``never`` pattern
  hits too, or in a scope that spoils the words, is none.
- One finding per turn and behaviour, on the sentence that proves it best.
"""

from __future__ import annotations

import re

from qa.behaviours.cards import Card
from qa.behaviours.reading import Hit, Reading, TurnText, finding
from qa.behaviours.scope import scopes
from qa.values import Finding

PATTERN_ALONE = 0.8
"""Probability of a pattern hit with no classifier to weigh it: sure enough to count, and shown as unsure."""
KEEP_FROM = 0.05
"""Findings below this are not worth keeping: they answer nothing and blur the uncertainty."""


def pattern_hit(card: Card, text: TurnText) -> Hit | None:
    """The first hit of the card's patterns that is the speaker's own act, None where there is none."""
    if not card.patterns:
        return None
    allowed = frozenset(card.allow)
    for begin, end in text.sentences:
        sentence = text.plain[begin:end]
        if not card.any_pattern.search(sentence) or silenced(card, sentence):
            continue
        for pattern in card.compiled:
            match = pattern.search(sentence)
            if match and not (scopes(sentence, match.start()) - allowed):
                return Hit(begin + match.start(), begin + match.end(), (begin, end))
    return None


def silenced(card: Card, sentence: str) -> bool:
    """Whether a ``never`` pattern of the card stands in the sentence."""
    return any(pattern.search(sentence) for pattern in card.compiled_never)


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """One finding per turn of the card's speaker that carries the behaviour with some probability."""
    judged = (
        _judge(reading, card, i) for i, turn in enumerate(reading.turns) if turn.speaker == card.speaker
    )
    return tuple(f for f in judged if f is not None)


def _judge(reading: Reading, card: Card, turn: int) -> Finding | None:
    if reading.hits is None or card.id not in reading.probabilities:
        hit = pattern_hit(card, reading.texts[turn])
    else:
        hit = reading.hits.get((card.id, turn))
    if card.id in reading.probabilities:
        probability = reading.probability(card.id, turn)
        # A sentence that a pattern names is better evidence to a reader than the one the encoder leans on.
        chars = hit.sentence if hit else reading.quotes.get((card.id, turn))
    else:
        probability = PATTERN_ALONE if hit else 0.0
        chars = hit.sentence if hit else None
    if probability < KEEP_FROM or chars is None:
        return None
    return finding(
        reading, card, turn=turn, chars=chars, probability=probability, reason=_reason(card, probability, hit)
    )


def _reason(card: Card, probability: float, hit: Hit | None) -> str:
    """In the words of a supervisor: what was done, and how sure the program is of it."""
    how = "in so many words" if hit else "in other words than the usual ones"
    if probability >= 0.8:
        sure = "clearly"
    elif probability >= 0.5:
        sure = "probably"
    else:
        sure = "possibly, though more likely not"
    return f"{card.because} ({how}; {sure})."


_SPACE = re.compile(r"\s+")


def one_line(text: str) -> str:
    """The text without line breaks, as a reason or a table shows it."""
    return _SPACE.sub(" ", text).strip()
