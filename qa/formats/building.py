"""From what a format found to a call: who is who, times in order, and what its timing may be used for.

Conventions: a transcript that does not say who speaks, and whose words do not tell either, is refused; times
are repaired only where the repair is certain (an end before its start, an end that is missing).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qa.errors import TranscriptError
from qa.formats.document import Document, Parsed, Said
from qa.roles import Roles, who_is_who
from qa.turns import MIN_SILENCE_KEPT_S, gaps_between, join_neighbours, spans_of_words
from qa.values import Call, Silence, Span, Timing, TimingSource, Turn

NO_SPEAKERS = "does not say who is agent and who is customer; name the speakers in it and try again"


def build_call(document: Document, parsed: Parsed, *, data: Path | None = None) -> Call:
    """The call of a parsed transcript.

    Raises
    ------
    TranscriptError
        Nothing is said in it, or nobody can tell agent from customer.
    """
    path = document.path
    said = [one for one in parsed.said if one.text.strip()]
    if not said:
        raise TranscriptError(f"{path}: nothing is said in it; export the transcript again")
    roles = _roles(path, said, data)
    source = _source(said)
    if source != "none" and not parsed.in_order:
        said.sort(key=lambda one: (one.start or 0.0, one.end or 0.0))
    turns = _turns(said, roles, timed=source != "none", joined=not parsed.in_order)
    if not turns:
        raise TranscriptError(f"{path}: neither agent nor customer says anything in it")
    facts = parsed.facts
    duration_s = max(facts.duration_s or 0.0, max(turn.end for turn in turns))
    notes = list(facts.notes)
    if roles.note:
        notes.append(roles.note)
    if source == "none":
        notes.append("The transcript gives no times: nothing about pauses or interruptions can be said.")
    if len({turn.speaker for turn in turns}) == 1:
        notes.append(f"Only the {turns[0].speaker} is heard in it.")
    return Call(
        call_id=facts.call_id or call_id_of(path),
        turns=turns,
        agent=facts.agent,
        customer=facts.customer,
        queue=facts.queue,
        direction=facts.direction,
        started_at=facts.started_at,
        language=facts.language,
        duration=duration_s,
        timing=timing_of_turns(turns, duration_s, source),
        notes=tuple(notes),
    )


def call_id_of(path: Path) -> str:
    """The file's name without its endings."""
    return path.name.split(".")[0] or path.stem


def _roles(path: Path, said: Sequence[Said], data: Path | None) -> Roles:
    texts: dict[str, list[str]] = {}
    for one in said:
        if one.label is not None and one.label.strip():
            texts.setdefault(one.label, []).append(one.text)
    unlabelled = sum(1 for one in said if one.label is None or not one.label.strip())
    if not texts or unlabelled * 2 > len(said):
        raise TranscriptError(f"{path}: {NO_SPEAKERS}")
    roles = who_is_who(texts, data=data)
    if roles is None:
        names = ", ".join(sorted(texts)[:4])
        raise TranscriptError(f"{path}: {NO_SPEAKERS} (found: {names})")
    return roles


def _source(said: Sequence[Said]) -> TimingSource:
    """Words where every row has timed words, turns where every row has a start, else nothing."""
    if any(one.start is None for one in said) or not any(one.end or one.start for one in said):
        return "none"
    return "words" if all(one.words for one in said) else "turns"


def _turns(said: Sequence[Said], roles: Roles, *, timed: bool, joined: bool) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for number, one in enumerate(said):
        speaker = roles.of.get(one.label or "")
        if speaker is None:
            continue
        start = one.start if timed and one.start is not None else 0.0
        end = one.end if timed and one.end is not None else None
        if end is None:
            after = said[number + 1].start if timed and number + 1 < len(said) else None
            end = after if after is not None and after > start else start
        turns.append(
            Turn(
                speaker=speaker,
                start=start,
                end=max(start, end),
                text=" ".join(one.text.split()),
                words=one.words if timed else (),
                confidence=roles.confidence,
            )
        )
    return join_neighbours(turns) if joined else tuple(turns)


def timing_of_turns(turns: Sequence[Turn], duration_s: float, source: TimingSource) -> Timing:
    """What the transcript's own times say about who speaks when."""
    if source == "none":
        return Timing()
    if source == "words":
        agent, customer = spans_of_words(turns, "agent"), spans_of_words(turns, "customer")
    else:
        agent, customer = (
            tuple(sorted(Span(t.start, t.end) for t in turns if t.speaker == side))
            for side in ("agent", "customer")
        )
    gaps = gaps_between((*agent, *customer), duration_s, at_least_s=MIN_SILENCE_KEPT_S)
    return Timing(
        source=source,
        agent=agent,
        customer=customer,
        silences=tuple(Silence(gap.start, gap.end, "silence") for gap in gaps),
    )
