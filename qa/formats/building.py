"""From what a format found to a call: who is who, times in order, and what its timing may be used for.

Conventions: a transcript that does not say who speaks, and whose words do not tell either, is refused; times
are repaired only where the repair is certain (an end before its start, an end that is missing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.audio import call_name
from qa.errors import TranscriptError
from qa.formats.document import Document, Parsed, Said
from qa.roles import Roles, who_is_who
from qa.turns import MIN_SILENCE_KEPT_S, gaps_between, join_neighbours, spans_of_words
from qa.values import Call, Silence, Span, Timing, TimingSource, Turn

MAX_CALL_S = 86400.0
NO_TIMES = "The transcript gives no usable times: nothing about pauses or interruptions can be said."
NO_SPEAKERS = "does not say who is agent and who is customer; name the speakers in it and try again"


@dataclass(frozen=True, slots=True)
class Voices:
    """What the sound beside a transcript can add: which channel speaks in a span, and whose it is if known."""

    channel_at: Callable[[Span], int | None]
    agent_channel: int | None = None


def build_call(
    document: Document, parsed: Parsed, *, data: Path | None = None, voices: Voices | None = None
) -> Call:
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
    try:
        roles = _roles(path, said, data)
    except TranscriptError:
        if voices is None or _source(said) == "none":
            raise
        said = _by_channel(said, voices)
        roles = _roles_of_channels(voices) or _roles(path, said, data)
    source = _source(said)
    if source != "none" and not parsed.in_order:
        said.sort(key=lambda one: (one.start or 0.0, one.end or 0.0))
    turns = _turns(said, roles, timed=source != "none", joined=not parsed.in_order)
    if not turns:
        raise TranscriptError(f"{path}: neither agent nor customer says anything in it")
    facts = parsed.facts
    declared_s = facts.duration_s if facts.duration_s and facts.duration_s <= MAX_CALL_S else 0.0
    duration_s = max(declared_s, max(turn.end for turn in turns))
    notes = list(facts.notes)
    n_unnamed = sum(1 for one in said if not (one.label or "").strip())
    if n_unnamed:
        notes.append(f"{n_unnamed} of {len(said)} lines name no speaker and are left out.")
    if roles.note:
        notes.append(roles.note)
    if source == "none":
        notes.append(NO_TIMES)
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
    """What a call is called where nothing else names it: its file's name without endings."""
    return call_name(path)


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


def _roles_of_channels(voices: Voices) -> Roles | None:
    if voices.agent_channel is None:
        return None
    return Roles(
        {f"channel {voices.agent_channel}": "agent", f"channel {1 - voices.agent_channel}": "customer"},
        note="The transcript names nobody; who speaks is told by the channels of the recording.",
    )


def _by_channel(said: Sequence[Said], voices: Voices) -> list[Said]:
    """The rows labelled by the channel that speaks while they are said, cut where it changes between words."""
    found: list[Said] = []
    for one in said:
        start = one.start or 0.0
        whole = Said(
            _channel_label(voices, Span(start, max(start, one.end or start))), one.text, start, one.end
        )
        if not one.words:
            found.append(whole)
            continue
        label = whole.label
        for word in one.words:
            last, before = label, found[-1] if found else None
            label = _channel_label(voices, Span(word.start, word.end)) or last
            if before is not None and before.words and before.label == label and word is not one.words[0]:
                text = f"{before.text} {word.word}"
                found[-1] = replace(before, text=text, end=word.end, words=(*before.words, word))
            else:
                found.append(Said(label, word.word, word.start, word.end, (word,)))
    return found


def _channel_label(voices: Voices, span: Span) -> str | None:
    channel = voices.channel_at(span)
    return None if channel is None else f"channel {channel}"


def _source(said: Sequence[Said]) -> TimingSource:
    """Words where every row has timed words, turns where every row has a start, else nothing.

    Times that run beyond a day are not times of a call: a clock of another kind was written there.
    """
    if any(one.start is None for one in said) or not any(one.end or one.start for one in said):
        return "none"
    if max(max(one.start or 0.0, one.end or 0.0) for one in said) > MAX_CALL_S:
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
