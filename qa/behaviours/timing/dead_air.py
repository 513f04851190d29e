"""`dead_air`: nobody speaks for five seconds or more and no hold was announced.

A hold that was announced, hold music, ringing before the greeting and masked time are not dead air. Where the
customer asked for a moment the silence is theirs, and counts for less.
"""

from __future__ import annotations

from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading, finding
from qa.values import Finding, Span

AFTER = ("hold_request", "hold_return")


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """One finding per silence, on the turn that ends it."""
    least_s = card.setting("min_silence_s")
    found = []
    for gap in _gaps(reading, least_s):
        i = _turn_after(reading, gap)
        if i is None or i == 0:
            continue
        cause, p = _cause(reading, card, i)
        if p < 0.05:
            continue
        found.append(
            finding(
                reading,
                card,
                turn=i,
                chars=(0, 0),
                probability=p,
                reason=f"Nobody spoke for {gap.duration_s:.0f} s and no hold had been announced ({cause}).",
                span=gap,
                details=(("silence_s", f"{gap.duration_s:.1f}"), ("cause", cause)),
            )
        )
    return tuple(found)


def _gaps(reading: Reading, least_s: float) -> list[Span]:
    """Silences long enough: measured on the sound where there is sound, else between the turns."""
    timing = reading.call.timing
    if timing.source == "sound":
        return [
            Span(s.start, s.end)
            for s in timing.silences
            if s.kind == "silence" and s.end - s.start >= least_s
        ]
    gaps, reached = [], 0.0
    for turn in sorted(reading.turns, key=lambda t: t.start):
        if turn.start - reached >= least_s - 1e-6:
            gaps.append(Span(reached, turn.start))
        reached = max(reached, turn.end)
    return gaps


def _turn_after(reading: Reading, gap: Span) -> int | None:
    """The turn that ends the silence: the first that starts around the gap's end."""
    later = [i for i, t in enumerate(reading.turns) if t.end > gap.end]
    return min(later, key=lambda i: reading.turns[i].start) if later else None


def _cause(reading: Reading, card: Card, i: int) -> tuple[str, float]:
    """Why it was silent, as far as the words tell, and how surely it is dead air."""
    held = _announced_hold(reading, i)
    if held >= 0.5:
        return "a hold had been announced", max(0.0, 0.95 * (1 - held))
    before = reading.texts[i - 1].plain
    if reading.turns[i - 1].speaker == "customer" and card.says("customer_asked_for_a_moment", before):
        return "the customer had asked for a moment", 0.5
    asked = reading.turns[i - 1].speaker == "agent" and before.rstrip().endswith("?")
    if asked and reading.turns[i].speaker == "customer":
        return "the customer was slow to answer", 0.75 * (1 - held)
    return "no reason was given", 0.95 * (1 - held)


def _announced_hold(reading: Reading, i: int) -> float:
    """Probability that a hold was announced in the two agent turns before turn ``i`` and not ended since."""
    agents = [j for j in range(max(0, i - 4), i) if reading.turns[j].speaker == "agent"][-2:]
    returned = {f.turn: f.probability for f in reading.findings if f.behaviour == "hold_return"}
    best = 0.0
    for f in reading.findings:
        if f.behaviour == "hold_request" and f.turn in agents:
            ended = max((p for t, p in returned.items() if t is not None and f.turn < t < i), default=0.0)
            best = max(best, f.probability * (1 - ended))
    return best
