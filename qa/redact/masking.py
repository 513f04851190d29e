"""Putting the mask on: text and words of a call, and the stretches of sound that go silent with them.

Conventions: all masked words of one stretch become one word that holds the label and keeps the stretch's times.
Masked time is a silence of its own kind, so that nobody takes it for dead air, and the listening copy is silent
exactly there (:func:`muted_spans`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from qa.redact.dates import find_dates
from qa.redact.digits import find_numbers
from qa.redact.letters import find_letters
from qa.redact.places import Contexts, Sensitive
from qa.redact.rules import LABELS, MASK, Rules
from qa.text import normalise
from qa.turns import MIN_SILENCE_KEPT_S, gaps_between, spread_words
from qa.values import Call, Silence, Span, Timing, Turn, Word

COARSE_TIMES_S = 1.0  # transcripts with times per turn round them to the second
NO_TIMES_TO_MUTE_BY = "The transcript has no times to find what is masked in the sound: all of it is muted."


def find_sensitive(turns: Sequence[Turn], rules: Rules) -> tuple[Sensitive, ...]:
    """Everything that the rules mask, in order; of two that overlap the longer stays, with the room of both."""
    contexts = Contexts.of(turns, rules)
    found = [*find_numbers(turns, contexts, rules), *find_letters(turns, contexts, rules)]
    found += find_dates(turns, contexts, found)
    joined: list[Sensitive] = []
    for one in sorted(s for s in found if rules.masks(s.kind)):
        last = joined[-1] if joined else None
        if last is None or one.turn != last.turn or one.start >= last.end:
            joined.append(one)
            continue
        kind = last.kind if last.end - last.start >= one.end - one.start else one.kind
        joined[-1] = Sensitive(last.turn, last.start, max(last.end, one.end), kind)
    return tuple(joined)


def redact(call: Call, rules: Rules) -> Call:
    """The call with everything masked that the rules name."""
    found = find_sensitive(call.turns, rules)
    if not found:
        return call
    turns, spans = list(call.turns), []
    for number in sorted({s.turn for s in found}):
        here = _joined(call.turns[number].text, [s for s in found if s.turn == number])
        turns[number], masked = _masked(call.turns[number], here)
        spans += _padded(masked, rules, call.duration)
    note = _note(found)
    if call.recording == "none":
        return replace(call, turns=tuple(turns), notes=(*call.notes, note))
    timed = any(turn.end > turn.start for turn in call.turns)
    if not timed:
        spans, note = [Span(0.0, call.duration)], f"{note} {NO_TIMES_TO_MUTE_BY}"
    return replace(
        call, turns=tuple(turns), timing=_with_masked(call.timing, spans), notes=(*call.notes, note)
    )


def muted_spans(call: Call) -> tuple[Span, ...]:
    """The stretches that the copy to listen to must not let hear."""
    return tuple(Span(s.start, s.end) for s in call.timing.silences if s.kind == "masked")


def _joined(text: str, found: Sequence[Sensitive]) -> list[Sensitive]:
    """Neighbours of one kind with nothing but filler between them, as one."""
    joined: list[Sensitive] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and last.kind == one.kind and len(text[last.end : one.start].split()) <= 2:
            joined[-1] = replace(last, end=one.end)
        else:
            joined.append(one)
    return joined


def _masked(turn: Turn, found: Sequence[Sensitive]) -> tuple[Turn, list[Span]]:
    """The turn with its masks, and when they were said."""
    spread = turn.words == spread_words(replace(turn, words=())).words
    words, spans = _masked_words(turn, found)
    parts, at = [], 0
    for one in found:
        parts += [turn.text[at : one.start], LABELS[one.kind]]
        at = one.end
    text = "".join([*parts, turn.text[at:]])
    if not turn.words or spread or len(spans) < len(found):
        margin_s = COARSE_TIMES_S  # only the turn's own times are known
        spans = [Span(max(0.0, turn.start - margin_s), turn.end + margin_s)]
    return replace(turn, text=text, words=words), spans


def _masked_words(turn: Turn, found: Sequence[Sensitive]) -> tuple[tuple[Word, ...], list[Span]]:
    words: list[Word] = []
    spans: list[Span] = []
    places = _places(turn)
    if places is None:
        return (), []
    masked_by: list[int | None] = []
    for start, end in places:
        hit = [n for n, s in enumerate(found) if s.start < end and s.end > start]
        masked_by.append(hit[0] if hit else None)
    for number, (word, by) in enumerate(zip(turn.words, masked_by, strict=True)):
        if by is None:
            words.append(word)
        elif number and masked_by[number - 1] == by:
            label = words[-1]
            words[-1] = replace(label, end=max(label.end, word.end))
            spans[-1] = Span(label.start, max(label.end, word.end))
        else:
            before = turn.text[places[number][0] : found[by].start]
            words.append(replace(word, word=before + LABELS[found[by].kind], probability=None))
            spans.append(Span(word.start, word.end))
        if by is not None and (number + 1 == len(places) or masked_by[number + 1] != by):
            words[-1] = replace(words[-1], word=words[-1].word + turn.text[found[by].end : places[number][1]])
    return tuple(words), spans


def _places(turn: Turn) -> list[tuple[int, int]] | None:
    """Where each word stands in the text; None where the words are not the text's."""
    places, at, plain = [], 0, normalise(turn.text)
    for word in turn.words:
        form = normalise(word.word.strip())
        start = plain.find(form, at)
        if start < 0 or not form:
            return None
        places.append((start, start + len(form)))
        at = start + len(form)
    return places


def _padded(spans: Sequence[Span], rules: Rules, duration_s: float) -> list[Span]:
    before, after = rules.settings.mute_before_s, rules.settings.mute_after_s
    longest = max(duration_s, *(span.end for span in spans)) if spans else duration_s
    return [Span(round(max(0.0, s.start - before), 3), round(min(longest, s.end + after), 3)) for s in spans]


def _with_masked(timing: Timing, spans: Sequence[Span]) -> Timing:
    """The timing with masked stretches among its silences; what another silence shares with them is theirs."""
    everything = [*spans, *(Span(s.start, s.end) for s in timing.silences if s.kind == "masked")]
    merged: list[Span] = []
    for span in sorted(everything):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    masked = [Silence(span.start, span.end, "masked") for span in merged]
    others = [rest for s in timing.silences if s.kind != "masked" for rest in _outside(s, merged)]
    silences = sorted([*masked, *others], key=lambda s: (s.start, s.end))
    return replace(timing, silences=tuple(silences))


def _outside(silence: Silence, masked: Sequence[Span]) -> list[Silence]:
    """What is left of a silence outside masked stretches, pieces too short to keep left out."""
    inside = [s for s in masked if s.end > silence.start and s.start < silence.end]
    if not inside:
        return [silence]
    before = Span(0.0, silence.start)
    gaps = gaps_between([before, *inside], silence.end, at_least_s=MIN_SILENCE_KEPT_S)
    return [replace(silence, start=gap.start, end=gap.end) for gap in gaps]


def _note(found: Sequence[Sensitive]) -> str:
    counts = Counter(LABELS[s.kind].strip("[]") for s in found)
    told = ", ".join(f"{kind} ({n})" if n > 1 else kind for kind, n in sorted(counts.items()))
    return f"Masked in text and sound: {told}."


def without_masks(text: str) -> str:
    """The text with every mask blanked to the same length, for patterns that must not read the labels."""
    return MASK.sub(lambda match: " " * len(match.group()), text)
