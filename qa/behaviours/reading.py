"""What a detector may look at, and how it writes down what it found.

Conventions: a ``Reading`` is one call prepared once for all detectors. ``probabilities[behaviour][turn]`` is
the classifier's calibrated probability that the turn carries the behaviour; 0 for turns of the other speaker.
``findings`` are those of the detectors that ran before, so that a context detector builds on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa.behaviours.cards import Card, Cards
from qa.text import normalise, sentences
from qa.values import Call, Finding, Span, Speaker, Turn, Word

UNSURE_WORD = 0.5
"""A word that the recogniser gave less is as likely wrong as right: it lowers what rests on it."""


@dataclass(frozen=True, slots=True)
class TurnText:
    """A turn's text in normal form (same offsets) and its sentences as character spans."""

    plain: str
    sentences: tuple[tuple[int, int], ...]

    @staticmethod
    def of(text: str) -> TurnText:
        return TurnText(normalise(text), sentences(text))


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern hit: characters of the turn, and of the sentence around it."""

    start: int
    end: int
    sentence: tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """One call, ready to be judged."""

    call: Call
    cards: Cards
    texts: tuple[TurnText, ...]
    probabilities: Mapping[str, tuple[float, ...]]
    quotes: Mapping[tuple[str, int], tuple[int, int]]
    """Per behaviour and turn that the classifier gave some weight: the sentence that carries it."""
    findings: tuple[Finding, ...] = ()
    hits: Mapping[tuple[str, int], Hit] | None = None
    """Pattern hits by behaviour and turn, of every behaviour in ``probabilities``; None: nobody looked yet."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self.call.turns

    def probability(self, behaviour: str, turn: int) -> float:
        row = self.probabilities.get(behaviour)
        return row[turn] if row else 0.0

    def of(self, behaviour: str, *, at_least: float = 0.5) -> tuple[Finding, ...]:
        """Findings so far of one behaviour, by time."""
        found = [f for f in self.findings if f.behaviour == behaviour and f.probability >= at_least]
        return tuple(sorted(found, key=lambda f: (f.start, f.end)))

    def turns_with(self, behaviour: str, *, at_least: float = 0.5) -> frozenset[int]:
        return frozenset(f.turn for f in self.of(behaviour, at_least=at_least) if f.turn is not None)

    def next_of(self, speaker: Speaker, after: int, *, count: int = 1) -> tuple[int, ...]:
        """Indices of the next ``count`` turns of ``speaker`` after turn ``after``."""
        later = [i for i in range(after + 1, len(self.turns)) if self.turns[i].speaker == speaker]
        return tuple(later[:count])


def word_spans(turn: Turn) -> tuple[tuple[int, int], ...]:
    """Character span of each word in the turn's text; (-1, -1) for a word that is not found there."""
    spans: list[tuple[int, int]] = []
    plain, cursor = normalise(turn.text), 0
    for word in turn.words:
        form = normalise(word.word.strip())
        at = plain.find(form, cursor) if form else -1
        if at < 0:
            spans.append((-1, -1))
            continue
        spans.append((at, at + len(form)))
        cursor = at + len(form)
    return tuple(spans)


def words_within(turn: Turn, start: int, end: int) -> tuple[Word, ...]:
    """The words of the turn that touch the characters ``start``..``end``."""
    pairs = zip(turn.words, word_spans(turn), strict=True)
    return tuple(word for word, (left, right) in pairs if left >= 0 and left < end and right > start)


def time_of(turn: Turn, start: int, end: int) -> Span:
    """Seconds covered by ``text[start:end]``: from the words if there are any, else spread over the turn."""
    words = words_within(turn, start, end)
    if words:
        return Span(words[0].start, max(words[-1].end, words[0].start))
    length = max(len(turn.text), 1)
    per_char = (turn.end - turn.start) / length
    return Span(turn.start + per_char * start, turn.start + per_char * max(end, start))


def heard_well(turn: Turn, start: int, end: int) -> float:
    """How far the words under a quote can be relied on: 1.0 where the recogniser gave no reason to doubt.

    The mean probability of the words, counted only below ``UNSURE_WORD``: a recogniser's 0.8 on each word is
    ordinary and must not take a fifth off every finding.
    """
    words = words_within(turn, start, end)
    known = [w.probability for w in words if w.probability is not None]
    if any(w.doubtful for w in words):
        return 0.5
    if not known:
        return 1.0
    mean = sum(known) / len(known)
    return 1.0 if mean >= UNSURE_WORD else mean / UNSURE_WORD


def finding(
    reading: Reading,
    card: Card,
    *,
    turn: int,
    chars: tuple[int, int],
    probability: float,
    reason: str,
    span: Span | None = None,
    details: tuple[tuple[str, str], ...] = (),
) -> Finding:
    """A finding on ``chars`` of a turn, with its times, lowered where the words were doubtful."""
    said = reading.turns[turn]
    start, end = chars
    trust = heard_well(said, start, end)
    when = span or time_of(said, start, end)
    if trust < 1.0:
        reason = f"{reason} The recogniser was unsure of these words, so this counts for less."
    return Finding(
        call=reading.call.call_id,
        turn=turn,
        behaviour=card.id,
        speaker=card.speaker,
        start=round(when.start, 3),
        end=round(when.end, 3),
        quote=said.text[start:end],
        probability=round(min(max(probability * trust * said.confidence, 0.0), 1.0), 4),
        reason=reason,
        char_start=start,
        char_end=end,
        details=details,
    )


def whole(reading: Reading, turn: int) -> tuple[int, int]:
    """Character span of the whole turn."""
    return (0, len(reading.turns[turn].text))
