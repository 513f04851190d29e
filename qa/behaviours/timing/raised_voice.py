"""`raised_voice`: the agent is much louder than their own level in the rest of the call.

A fact about loudness, never about feeling. Each stretch of the agent's speech is compared with the median of
the others; a noisy line raises all of them alike and so shows nothing.
"""

from __future__ import annotations

from statistics import median

from qa.behaviours.cards import Card
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding, Span

_FEWEST_REGIONS = 6


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """One finding per agent turn that holds a much louder stretch."""
    levels = {start: level for who, start, level in reading.call.timing.loudness_db if who == "agent"}
    if len(levels) < _FEWEST_REGIONS:
        return ()
    usual_db = median(levels.values())
    least_db, least_s = card.setting("above_own_level_db"), card.setting("min_stretch_s")
    found: dict[int, Finding] = {}
    for region in reading.call.timing.agent:
        above_db = levels.get(region.start, usual_db) - usual_db
        if above_db < least_db or region.duration_s < least_s:
            continue
        i = _turn_of(reading, region)
        if i is not None and i not in found:
            found[i] = finding(
                reading,
                card,
                turn=i,
                chars=whole(reading, i),
                probability=min(0.95, 0.5 + 0.1 * (above_db - least_db)),
                reason=f"For {region.duration_s:.1f} s the agent was {above_db:.0f} dB louder than usual in this call.",
                span=region,
                details=(("above_own_level_db", f"{above_db:.1f}"),),
            )
    return tuple(found.values())


def _turn_of(reading: Reading, region: Span) -> int | None:
    """The agent's turn that shares most time with the region."""
    shares = [
        (turn.span.overlap_s(region), -i) for i, turn in enumerate(reading.turns) if turn.speaker == "agent"
    ]
    best = max(shares, default=(0.0, 0))
    return -best[1] if best[0] > 0 else None
