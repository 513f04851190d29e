"""From a file to a call: a recording, a recording with its transcript beside it, or a transcript alone.

Conventions
-----------
- Words come from the transcript where there is one, else from the speech model; who speaks when comes from
  the sound where each side has its own channel.
- Which channel is the agent is taken from the settings, else from the transcript's times, else from what is
  said; whatever was concluded stands in the call's notes with how sure it is.
- A call is never silently empty: no speech is an error with one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from qa.audio import (
    Recording,
    call_channels,
    call_name,
    clipped_share,
    decode,
    recording_kind,
)
from qa.diarize import NOTE as ONE_CHANNEL_NOTE
from qa.diarize import turns_of_mono
from qa.errors import AudioError, ModelError, SettingsError
from qa.formats import Voices, read_transcript
from qa.formats.building import NO_TIMES
from qa.memory import untouched_zeros
from qa.metadata import Metadata, add_metadata, from_filename, metadata_of
from qa.roles import probability_first_is_agent, role_phrases
from qa.settings import Settings
from qa.sources import Source, find_inputs, source_of
from qa.speech import FOR_WORDS, Activity, heard_probability, measure_activity, measure_timing, regions_of
from qa.transcriber import Speech, Transcriber, Transcript, transcribe_many
from qa.turns import spread_words, text_of, turns_from_words, utterances
from qa.values import Call, RecordingKind, Span, Speaker, Timing, Turn, Word

__all__ = ["Source", "find_inputs", "hear", "hear_many", "hear_source", "source_of"]

MAX_BEYOND_S = 5.0  # a transcript may count its last pause; more does not belong to this recording
MIN_HEARD = 0.2  # of the speech detector, for a word to have been said
MAX_CLIPPED_SHARE = 0.001  # of the samples; clean telephone speech hardly ever reaches full scale
MAX_TOGETHER_S = 3600.0  # of sound: what waits for the recogniser together is held in memory
FITS = 0.6  # share of the transcript's time that one assignment of the channels must explain


@dataclass(frozen=True, slots=True)
class AgentChannel:
    """Which channel is the agent's, how sure, and the sentence that says why (None: it was set)."""

    channel: int
    confidence: float = 1.0
    note: str | None = None


def hear(path: Path, *, settings: Settings, transcriber: Transcriber | None) -> Call:
    """The call of a recording (its transcript beside it is used) or of a transcript alone.

    Raises
    ------
    InputError
        The file can't be used; the message says why.
    ModelError
        A recording without a transcript, and no speech model.
    """
    return hear_source(source_of(path), settings=settings, transcriber=transcriber)


def hear_source(
    source: Source, *, settings: Settings, transcriber: Transcriber | None, metadata: Metadata | None = None
) -> Call:
    """``hear`` for a source whose parts are known; ``metadata`` that is given is not looked for."""
    found = metadata
    if found is None:
        found = metadata_of(source.path, data=settings.data, table=settings.metadata)
    ready = _ready(source, found, settings)
    if isinstance(ready, Call):
        return _named(ready, source, found, settings)
    if transcriber is None:
        raise ModelError(
            f"{source.recording}: has no transcript beside it, and no speech model is loaded;"
            " run `qa models fetch small.en`"
        )
    transcript = transcriber.transcribe(ready.sound, ready.regions)
    return _named(_transcribed(ready, transcript, settings, transcriber.name), source, found, settings)


def hear_many(
    sources: Sequence[tuple[Source, Metadata]], *, settings: Settings, transcriber: Transcriber
) -> tuple[Call | Exception, ...]:
    """Several sources at once: what needs words goes to the recogniser together.

    Each has the call that :func:`hear_source` makes of it alone, or the error that it raises.
    """
    made: dict[int, Call | Exception] = {}
    waiting: dict[int, _Ready] = {}
    for number, (source, metadata) in enumerate(sources):
        one = _tried(partial(_ready, source, metadata, settings))
        if isinstance(one, _Ready):
            waiting[number] = one
        else:
            made[number] = one
        if number == len(sources) - 1 or sum(w.sound.duration_s for w in waiting.values()) > MAX_TOGETHER_S:
            made |= _transcribed_together(waiting, settings, transcriber)
            waiting.clear()
    return tuple(
        call if isinstance(call, Exception) else _tried(partial(_named, call, source, metadata, settings))
        for call, (source, metadata) in zip((made[n] for n in range(len(sources))), sources, strict=True)
    )


def _transcribed_together(
    waiting: Mapping[int, _Ready], settings: Settings, transcriber: Transcriber
) -> dict[int, Call | Exception]:
    speeches = [Speech(one.sound, one.regions) for one in waiting.values()]
    heard = transcribe_many(transcriber, speeches) if speeches else ()
    return {
        number: found
        if isinstance(found, Exception)
        else _tried(partial(_transcribed, one, found, settings, transcriber.name))
        for (number, one), found in zip(waiting.items(), heard, strict=True)
    }


Made = TypeVar("Made")


def _tried(make: Callable[[], Made]) -> Made | Exception:
    try:
        return make()
    except Exception as err:  # this source's own: the others do not suffer from it
        return err


def _named(call: Call, source: Source, found: Metadata, settings: Settings) -> Call:
    return add_metadata(call, found, from_filename(source.path.name, data=settings.data))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A recording whose words are still missing.

    ``sound`` is silent outside of ``regions`` where each side has a channel: pages of silence take no memory.
    What needs the rest of it is in ``timing``, as if the first channel were the agent's.
    """

    sound: Recording
    kind: RecordingKind
    activity: tuple[Activity, ...]
    regions: tuple[tuple[Span, ...], ...]
    timing: Timing
    known: int | None


def _ready(source: Source, found: Metadata, settings: Settings) -> Call | _Ready:
    """The call, where the source brings its words; else all that comes before the recogniser."""
    if source.recording is None:
        return _with_words(read_transcript(source.path, data=settings.data))
    known = settings.agent_channel if settings.agent_channel is not None else found.agent_channel
    decoded = decode(source.recording, vox_rate_hz=settings.vox_rate_hz)
    recording = _with_faults_noted(call_channels(decoded, settings.channels))
    kind = recording_kind(recording)
    if known is not None and known > 1:
        raise SettingsError(f"setting 'agent_channel': {known} is no channel of a call; set 0 or 1")
    if source.transcript is not None:
        activity = measure_activity(one_channel(recording, kind))
        voices = Voices(_channel_at(activity), known) if kind == "two_channels" else None
        call = _with_words(read_transcript(source.transcript, data=settings.data, voices=voices))
        return _with_sound(call, recording, kind, activity, known)
    activity = _heard_activity(recording, kind)
    regions = tuple(regions_of(one, FOR_WORDS) for one in activity)
    heard_in = one_channel(recording, kind)
    two = kind == "two_channels"
    timing = measure_timing(heard_in, agent_channel=0 if two else None, activity=activity)
    return _Ready(
        _speech_only(heard_in, regions) if two else heard_in, kind, activity, regions, timing, known
    )


def _speech_only(recording: Recording, regions: Sequence[Sequence[Span]]) -> Recording:
    """The recording with silence outside of the regions."""
    channels = []
    for channel, spans in zip(recording.channels, regions, strict=True):
        kept = untouched_zeros(len(channel))
        for span in spans:
            stretch = slice(round(span.start * recording.rate_hz), round(span.end * recording.rate_hz))
            kept[stretch] = channel[stretch]
        channels.append(kept)
    return replace(recording, channels=tuple(channels))


def _with_words(call: Call) -> Call:
    return replace(call, turns=tuple(spread_words(turn) for turn in call.turns))


def _heard_activity(recording: Recording, kind: RecordingKind) -> tuple[Activity, ...]:
    """Activity per channel, one channel where both are the same or one is silent.

    Raises
    ------
    AudioError
        Nobody speaks in it.
    """
    recording = one_channel(recording, kind)
    activity = measure_activity(recording)
    if not any(regions_of(one) for one in activity):
        raise AudioError(f"{recording.path}: nobody speaks in it ({recording.duration_s:.1f} s of sound)")
    return activity


def one_channel(recording: Recording, kind: RecordingKind) -> Recording:
    """The recording with its one telling channel, where there is only one."""
    if kind in ("two_channels", "mono") or len(recording.channels) == 1:
        return recording
    if kind == "dual_mono":
        return replace(recording, channels=recording.channels[:1])
    whole = Span(0.0, recording.duration_s)
    louder = 0 if recording.level_db(0, whole) >= recording.level_db(1, whole) else 1
    return replace(recording, channels=(recording.channels[louder],))


def _transcribed(ready: _Ready, transcript: Transcript, settings: Settings, words_from: str) -> Call:
    recording, kind = ready.sound, ready.kind
    if not any(transcript.words):
        raise AudioError(f"{recording.path}: somebody speaks in it, but no words could be made out")
    transcript = replace(transcript, words=_unheard_marked(transcript.words, ready.activity))
    notes = [*recording.notes, *transcript.notes]
    timing = ready.timing
    if kind == "two_channels":
        agent = _agent_by_words(transcript, settings, ready.known)
        turns = turns_from_words(transcript.words[agent.channel], transcript.words[1 - agent.channel])
        turns = tuple(replace(turn, confidence=agent.confidence) for turn in turns)
        timing = timing if agent.channel == 0 else _sides_changed(timing)
        notes += [agent.note] if agent.note else []
    else:
        turns = turns_of_mono(transcript.words[0], recording, data=settings.data)
        notes += [_kind_note(kind), ONE_CHANNEL_NOTE, _sureness_note(turns)]
    if transcript.language not in (None, "en"):
        notes.append(f"The call is in '{transcript.language}': it is transcribed but not scored.")
    return Call(
        call_id=call_name(recording.path),
        turns=turns,
        language=transcript.language,
        duration=recording.duration_s,
        timing=timing,
        recording=kind,
        words_from=words_from,
        notes=tuple(note for note in notes if note),
    )


def _sides_changed(timing: Timing) -> Timing:
    """The timing with the agent on the other channel."""
    other: dict[Speaker, Speaker] = {"agent": "customer", "customer": "agent"}
    loudness = [(other[who], start, level_db) for who, start, level_db in timing.loudness_db]
    return replace(
        timing,
        agent=timing.customer,
        customer=timing.agent,
        loudness_db=tuple(sorted(loudness, key=lambda row: (row[1], row[0]))),
    )


def _sureness_note(turns: Sequence[Turn]) -> str:
    """How sure the speakers of a mono call are, weighted by what is said."""
    n_words = sum(len(turn.words) for turn in turns)
    sure = sum(turn.confidence * len(turn.words) for turn in turns) / max(1, n_words)
    return f"How sure it is who speaks: {sure:.0%} on average."


def _unheard_marked(
    words: Sequence[Sequence[Word]], activity: Sequence[Activity]
) -> tuple[tuple[Word, ...], ...]:
    """The words, doubtful where no speech is in the sound at their time: they were not heard but made up."""
    return tuple(
        tuple(
            replace(word, doubtful=True)
            if heard_probability(one, Span(word.start, word.end)) < MIN_HEARD
            else word
            for word in spoken
        )
        for spoken, one in zip(words, activity, strict=True)
    )


def _kind_note(kind: RecordingKind) -> str:
    if kind == "dual_mono":
        return "Both channels hold the same sound: it is one channel recorded twice."
    return "One of the two channels is silent; the other is used." if kind == "one_silent" else ""


def _agent_by_words(transcript: Transcript, settings: Settings, known: int | None) -> AgentChannel:
    """As set, else by what each channel says; the doubt stays in the turns' confidence."""
    if known is not None:
        return AgentChannel(known)
    texts = [[text_of(one) for one in utterances(words)] for words in transcript.words]
    p = probability_first_is_agent(texts[0], texts[1], data=settings.data)
    channel, confidence = (0, p) if p >= 0.5 else (1, 1 - p)
    certain_enough, _ = role_phrases(settings.data)
    note = f"By what is said, the agent is on channel {channel} (probability {confidence:.2f})."
    if confidence < certain_enough:
        note += " That is not sure: set agent_channel."
    return AgentChannel(channel, confidence, note)


def _with_faults_noted(recording: Recording) -> Recording:
    """The recording with a sentence where it is overdriven: words and loudness suffer from it."""
    shares = [clipped_share(channel) for channel in recording.channels]
    loud = [f"channel {number}" for number, share in enumerate(shares) if share > MAX_CLIPPED_SHARE]
    if not loud:
        return recording
    where = "" if len(recording.channels) == 1 else f" on {' and '.join(loud)}"
    note = f"The sound is overdriven{where}: {max(shares):.1%} of it is cut off at full scale."
    return replace(recording, notes=(*recording.notes, note))


def _channel_at(activity: Sequence[Activity]) -> Callable[[Span], int | None]:
    """Which of two channels speaks during a span; None where neither or both do."""
    regions = [regions_of(one) for one in activity]

    def channel_at(span: Span) -> int | None:
        shares = [sum(span.overlap_s(region) for region in spans) for spans in regions]
        if max(shares) == 0 or abs(shares[0] - shares[1]) < 0.2 * max(shares):
            return None
        return 0 if shares[0] > shares[1] else 1

    return channel_at


def _with_sound(
    call: Call, recording: Recording, kind: RecordingKind, activity: Sequence[Activity], known: int | None
) -> Call:
    """The transcript's call with what the sound adds: timing per side, silences, the kind of recording."""
    heard_in = one_channel(recording, kind)
    notes = [*call.notes, *recording.notes]
    timing = call.timing
    if call.duration > recording.duration_s + MAX_BEYOND_S:
        notes.append("The transcript is longer than the recording; do they belong together?")
    if not any(regions_of(one) for one in activity):
        notes.append("Nobody is heard in the recording beside the transcript; only the transcript is used.")
    elif kind == "two_channels":
        agent = _agent_by_times(call.turns, call.timing, activity, known)
        if agent is None:
            notes.append("Which channel is the agent can't be told from the transcript; set agent_channel.")
        else:
            timing = measure_timing(recording, agent_channel=agent.channel, activity=activity)
            notes = [note for note in notes if note != NO_TIMES]
            notes += [agent.note] if agent.note else []
    else:
        sound = measure_timing(heard_in, agent_channel=None, activity=activity)
        timing = replace(timing, silences=sound.silences)
        notes += [_kind_note(kind)] if _kind_note(kind) else []
    return replace(
        call,
        duration=recording.duration_s,
        timing=timing,
        recording=kind,
        notes=tuple(notes),
    )


def _agent_by_times(
    turns: Sequence[Turn], timing: Timing, activity: Sequence[Activity], known: int | None
) -> AgentChannel | None:
    """The channel that speaks while the transcript has the agent speak; None where neither fits."""
    if known is not None:
        return AgentChannel(known)
    if timing.source == "none":
        return None
    spans = {side: [turn.span for turn in turns if turn.speaker == side] for side in ("agent", "customer")}
    regions = [regions_of(one) for one in activity]
    straight = _shared_s(spans["agent"], regions[0]) + _shared_s(spans["customer"], regions[1])
    crossed = _shared_s(spans["agent"], regions[1]) + _shared_s(spans["customer"], regions[0])
    total = straight + crossed
    share = max(straight, crossed) / total if total else 0.0
    if share < FITS:
        return None
    channel = 0 if straight >= crossed else 1
    note = f"By the transcript's times, the agent is on channel {channel} ({share:.0%} of the speech fits)."
    return AgentChannel(channel, share, note)


def _shared_s(first: Sequence[Span], second: Sequence[Span]) -> float:
    return sum(one.overlap_s(other) for one in first for other in second)
