"""`interruption`: the agent takes the floor while the customer is in the middle of a clause.

Nine in ten overlaps are not interruptions: signs of listening, answers begun a little early, helpful word
suggestions, two people starting together. So the clock alone decides nothing. What counts is whether the
customer's clause was open, whether both spoke long enough for a collision or the customer broke off, and
whether the agent's words are more than a sign of listening. Kindly meant entries count as well.
"""

from __future__ import annotations

from qa.behaviours.cards import Card
from qa.behaviours.entries import OPEN, Entry, entries
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding, Span

SURE, LIKELY, UNTOLD, HARDLY = 0.92, 0.65, 0.45, 0.08
"""A clause left open; a finished sentence entered well before its end; words that do not tell; none."""
_HOW = {
    "customer": "the customer broke off",
    "agent": "the agent gave way again",
    "nobody": "both went on speaking",
}


def probability(entry: Entry, card: Card) -> float:
    """How likely a person would call this entry an interruption."""
    tail_s = card.setting("finished_tail_s")
    collided = entry.overlap_s >= card.setting("min_overlap_s")
    broke_off = entry.after_s <= card.setting("break_off_s") and entry.unfinished >= OPEN
    if entry.listening:
        return HARDLY
    if entry.unfinished < OPEN and entry.overlap_s <= tail_s:
        return HARDLY
    if entry.asked and entry.after_s <= tail_s:
        return HARDLY
    if entry.unfinished >= OPEN and (collided or broke_off):
        return SURE
    if not collided:
        return HARDLY
    return LIKELY if entry.unfinished == 0.0 else UNTOLD


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """One finding per agent turn that takes the floor."""
    found = []
    for e in entries(reading):
        p = probability(e, card)
        if p <= HARDLY:
            continue
        found.append(
            finding(
                reading,
                card,
                turn=e.turn,
                chars=_opening(reading, e),
                probability=p,
                reason=_reason(e),
                span=Span(e.start, e.start + max(e.overlap_s, 0.3)),
                details=(
                    ("overlap_ms", str(round(1000 * e.overlap_s))),
                    ("customer_had_spoken_ms", str(round(1000 * e.held_s))),
                    ("who_gave_way", e.yielded),
                    ("interrupted_turn", str(e.floor)),
                ),
            )
        )
    return tuple(found)


def _opening(reading: Reading, entry: Entry) -> tuple[int, int]:
    """The first sentence of the agent's turn: the words that came in."""
    sentences = reading.texts[entry.turn].sentences
    return sentences[0] if sentences else whole(reading, entry.turn)


def _reason(entry: Entry) -> str:
    clause = "in the middle of a clause" if entry.unfinished >= OPEN else "before the customer had finished"
    both = f"both spoke for {entry.overlap_s:.1f} s; " if entry.overlap_s else ""
    return f"The agent came in {clause}; {both}{_HOW[entry.yielded]}."
