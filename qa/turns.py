"""Words to turns, and what lies between them: overlaps and gaps.

Conventions
-----------
- An utterance is what one speaker says without a pause; a turn joins the utterances of one speaker between
  which the other did not begin to speak.
- Turns are ordered by start and may overlap: somebody who says "mm-hm" into a sentence does not cut it.
- Times are seconds. Texts are the words joined by one space.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from qa.values import Span, Speaker, Turn, Word

UTTERANCE_PAUSE_S = 0.6  # a longer pause within one speaker's words ends the utterance
MIN_SILENCE_KEPT_S = 0.5  # shorter pauses are part of talking
TURN_PAUSE_S = 3.0  # a speaker who goes on after a longer silence begins a new turn


@dataclass(frozen=True, slots=True)
class Overlap:
    """Both speak during ``span``; ``second`` is the one who came in later."""

    span: Span
    second: Speaker


def text_of(words: Iterable[Word]) -> str:
    """The words as one line of text."""
    return " ".join(word.word.strip() for word in words if word.word.strip())


def utterances(words: Sequence[Word], *, pause_s: float = UTTERANCE_PAUSE_S) -> tuple[tuple[Word, ...], ...]:
    """One speaker's words, split where a pause is longer than ``pause_s``."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.start, w.end)):
        if found and word.start - found[-1][-1].end <= pause_s:
            found[-1].append(word)
        else:
            found.append([word])
    return tuple(tuple(one) for one in found)


def turns_from_words(
    agent_words: Sequence[Word],
    customer_words: Sequence[Word],
    *,
    pause_s: float = UTTERANCE_PAUSE_S,
    turn_pause_s: float = TURN_PAUSE_S,
) -> tuple[Turn, ...]:
    """The turns of a call from the words of each side.

    Utterances are put in order of their start; the next one joins the turn before when it is the same
    speaker's, nobody else began in between and the pause is no longer than ``turn_pause_s``.
    """
    said: list[tuple[Speaker, tuple[Word, ...]]] = [
        *(("agent", one) for one in utterances(agent_words, pause_s=pause_s)),
        *(("customer", one) for one in utterances(customer_words, pause_s=pause_s)),
    ]
    said.sort(key=lambda item: (item[1][0].start, item[1][0].end, item[0]))
    joined: list[tuple[Speaker, tuple[Word, ...]]] = []
    for speaker, words in said:
        if joined and joined[-1][0] == speaker and words[0].start - joined[-1][1][-1].end <= turn_pause_s:
            joined[-1] = (speaker, joined[-1][1] + words)
        else:
            joined.append((speaker, words))
    return tuple(turn_of(speaker, words) for speaker, words in joined)


def turn_of(speaker: Speaker, words: Sequence[Word], *, confidence: float = 1.0) -> Turn:
    """One turn out of its words."""
    return Turn(
        speaker=speaker,
        start=words[0].start,
        end=max(word.end for word in words),
        text=text_of(words),
        words=tuple(words),
        confidence=confidence,
    )


def join_neighbours(turns: Sequence[Turn], *, turn_pause_s: float = TURN_PAUSE_S) -> tuple[Turn, ...]:
    """Neighbouring turns of one speaker as one, as sentence-wise transcripts need it."""
    joined: list[Turn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last is None or last.speaker != turn.speaker or turn.start - last.end > turn_pause_s:
            joined.append(turn)
            continue
        words = last.words + turn.words if last.words and turn.words else ()
        joined[-1] = replace(
            last,
            end=max(last.end, turn.end),
            text=f"{last.text} {turn.text}".strip(),
            words=words,
            confidence=min(last.confidence, turn.confidence),
        )
    return tuple(joined)


def spread_words(turn: Turn) -> Turn:
    """The turn with word times spread over it by length, where it has none of its own.

    A word's share is its number of letters plus one for the pause after it: an estimate good enough to find
    the place to listen to, never to judge timing by.
    """
    if turn.words:
        return turn
    texts = turn.text.split()
    if not texts:
        return turn
    shares = [len(text) + 1 for text in texts]
    step = (turn.end - turn.start) / sum(shares)
    words, at = [], turn.start
    for number, (text, share) in enumerate(zip(texts, shares, strict=True)):
        end = turn.end if number == len(texts) - 1 else min(turn.end, at + share * step)
        words.append(Word(text, at, end))
        at = end
    return replace(turn, words=tuple(words))


def spans_of_words(turns: Iterable[Turn], speaker: Speaker) -> tuple[Span, ...]:
    """Where one side speaks by its word times: words closer than ``UTTERANCE_PAUSE_S`` make one span."""
    words = [word for turn in turns if turn.speaker == speaker for word in turn.words]
    return tuple(Span(one[0].start, max(word.end for word in one)) for one in utterances(words))


def gaps_between(spans: Sequence[Span], duration_s: float, *, at_least_s: float) -> tuple[Span, ...]:
    """Stretches of ``[0, duration_s]`` that no span covers and that last long enough."""
    gaps, reached = [], 0.0
    for span in sorted(spans):
        if span.start - reached >= at_least_s:
            gaps.append(Span(reached, span.start))
        reached = max(reached, span.end)
    if duration_s - reached >= at_least_s:
        gaps.append(Span(reached, duration_s))
    return tuple(gaps)


def overlaps(agent: Sequence[Span], customer: Sequence[Span]) -> tuple[Overlap, ...]:
    """Every stretch in which both speak, in order; both inputs are in order."""
    found = []
    i = j = 0
    while i < len(agent) and j < len(customer):
        start, end = max(agent[i].start, customer[j].start), min(agent[i].end, customer[j].end)
        if end > start:
            second: Speaker = "agent" if agent[i].start >= customer[j].start else "customer"
            found.append(Overlap(Span(start, end), second))
        if agent[i].end <= customer[j].end:
            i += 1
        else:
            j += 1
    return tuple(found)


def overlap_s(agent: Sequence[Span], customer: Sequence[Span]) -> float:
    """Seconds in which both speak."""
    return sum(one.span.duration_s for one in overlaps(agent, customer))


def gap_before_s(turns: Sequence[Turn], index: int) -> float | None:
    """Seconds from the latest end of all earlier turns to this turn's start; negative when it overlaps."""
    if index == 0:
        return None
    return turns[index].start - max(turn.end for turn in turns[:index])
