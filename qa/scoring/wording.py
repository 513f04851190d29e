"""Reasons in plain words: what was found or not, and when.

Conventions: whole sentences; times of the recording as ``1:23``; behaviours as words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qa.scoring.form import Absence, Bands, PerEvent, PerOpportunity, Presence
from qa.scoring.scene import Window
from qa.values import Finding, Outcome, Span


def clock(seconds: float) -> str:
    """A time of the recording as people say it: ``1:23``, ``1:02:05``."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


def times(findings: Iterable[Finding], *, most: int = 4) -> str:
    """When the findings happened: ``at 0:14, 1:23 and 2:40``."""
    at = list(dict.fromkeys(clock(f.start) for f in findings))
    shown, more = at[:most], len(at) - most
    if more > 0:
        return f"at {', '.join(shown)} and {more} more"
    return f"at {', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else f"at {''.join(shown)}"


def plain(behaviours: Iterable[str], words: Mapping[str, str]) -> str:
    """Behaviours as words, joined with "or": ``empathy, apology or thanks``."""
    said = [words.get(b) or b.removeprefix("call:").replace("_", " ") for b in behaviours]
    return f"{', '.join(said[:-1])} or {said[-1]}" if len(said) > 1 else "".join(said)


def opportunity_reason(
    criterion: PerOpportunity,
    outcome: Outcome,
    count: int,
    open_ones: list[Window],
    opportunity: tuple[Finding, ...],
    *,
    met: float,
    words: Mapping[str, str],
) -> str:
    taken = count - len(open_ones)
    said = f"{taken} of {count} {'occasion was' if count == 1 else 'occasions were'} answered"
    if open_ones:
        turns = "turn" if criterion.within_turns == 1 else f"{criterion.within_turns} turns"
        said += (
            f"; not heard within the agent's next {turns} after {plain(criterion.opportunities, words)} "
            f"{times(opportunity)}: {plain(criterion.behaviours, words)}"
        )
    return f"{said}. {doubt(met)}" if outcome == "uncertain" else f"{said}."


def event_reason(
    criterion: Presence | Absence | PerEvent | Bands,
    outcome: Outcome,
    evidence: tuple[Finding, ...],
    opportunity: tuple[Finding, ...],
    searched: Span,
    *,
    met: float,
    share: float,
    words: Mapping[str, str],
) -> str:
    what = plain(dict.fromkeys(f.behaviour for f in evidence), words) or plain(criterion.needed, words)
    if outcome == "uncertain":
        seen = f"Possible {what} {times(evidence)}. " if evidence else ""
        return f"{seen}{doubt(met)}"
    if isinstance(criterion, Presence):
        if outcome == "met":
            return f"{sentence(what)[:-1]} {times(evidence)}."
        stretch = f"between {clock(searched.start)} and {clock(searched.end)}"
        chance = f" There was reason to {times(opportunity, most=3)}." if opportunity else ""
        wanted = plain(criterion.needed, words)
        if criterion.at_least > 1:
            heard = times(evidence) if evidence else "not once"
            return f"Not {criterion.at_least} times {stretch}, only {heard}: {wanted}.{chance}"
        return f"Not heard {stretch}: {wanted}.{chance}"
    if not evidence:
        return f"Not in this call: {plain(criterion.needed, words)}."
    count = {1: "once", 2: "twice"}.get(len(evidence), f"{len(evidence)} times")
    kept = f" {share:.0%} of the points are left." if 0 < share < 1 else ""
    return f"{sentence(what)[:-1]}: {count}, {times(evidence)}.{kept}"


def doubt(met: float) -> str:
    return f"Too unsure to say: {met:.0%} likely that this was done as it should be."


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
