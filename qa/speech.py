"""Where each channel speaks, and windows of speech small enough for one pass of the recogniser.

Conventions
-----------
- Speech probability and level are kept per frame of 32 ms (the step of the Silero model at 16 kHz).
- Regions are spans in seconds of the recording, in order, never overlapping within one channel.
- The other channel's voice leaking into this one is not this channel's speech: it is told by level (much
  softer while the other speaks) or by likeness (softer, and the same wave).
- A window holds pieces of one channel only, and knows where each piece came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from qa.audio import Recording, Samples, lagged_correlation
from qa.errors import AudioError
from qa.silences import name_silences
from qa.turns import MIN_SILENCE_KEPT_S, gaps_between
from qa.values import Span, Speaker, Timing

VAD_RATE_HZ = 16000
FRAME = 512
FRAME_S = FRAME / VAD_RATE_HZ
VAD_BLOCK_S = 60  # the model's memory starts afresh with each: what it holds against a voice wears off
VAD_LEAD_IN_S = 2  # sound before a block that lets the model's memory settle
VAD_STEP_FRAMES = 64  # through the model at once; more gains nothing and takes 50 KiB each
LEVEL_STEP_FRAMES = 256
VAD_CONTEXT = 64  # samples of the frame before that the model sees with each
VAD_MEMORY = (1, 1, 128)  # shape of the model's two states

QUIET_DBFS = -25.0  # channels whose speech is softer are lifted before they are judged
MAX_LIFT_DB = 30.0

CROSS_TALK_DB = 15.0  # the other channel at least this much louder while it speaks
LIKE_CROSS_TALK_DB = 6.0  # enough when the wave is the same
LIKE_CROSS_TALK_CORRELATION = 0.5
CROSS_TALK_MAX_LAG_S = 0.06
LEVEL_SMOOTHING_FRAMES = 5
SPEAKING_AROUND_FRAMES = 7

MAX_WINDOW_S = 29.0  # the encoder sees 30 s; the rest is margin for the last word
PACK_GAP_S = 0.2  # silence between two packed pieces, so that words do not run together


@dataclass(frozen=True, slots=True)
class RegionOptions:
    """How probabilities become regions. Thresholds are those that Silero publishes with its model."""

    threshold: float = 0.5
    stay_threshold: float = 0.35
    min_speech_s: float = 0.1
    min_silence_s: float = 0.2
    pad_before_s: float = 0.03
    pad_after_s: float = -0.03  # the model lets go late: measured on spoken texts of known length
    max_speech_s: float = float("inf")


FOR_TIMING = RegionOptions()
FOR_WORDS = RegionOptions(min_silence_s=0.5, pad_before_s=0.2, pad_after_s=0.2, max_speech_s=28.0)


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """One channel frame by frame: probability of own speech (leakage already 0), and level in dBFS."""

    speech: NDArray[np.float32]
    level_db: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the recording and where it begins in its window, in seconds."""

    source: Span
    at: float


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of one channel laid one after another with a short silence between."""

    channel: int
    pieces: tuple[Piece, ...]

    @property
    def duration_s(self) -> float:
        last = self.pieces[-1]
        return last.at + last.source.duration_s

    def piece_at(self, time_s: float) -> int:
        """Index of the piece that holds a moment of the window; in a gap, the nearer one."""
        for number, piece in enumerate(self.pieces[:-1]):
            border = (piece.at + piece.source.duration_s + self.pieces[number + 1].at) / 2
            if time_s < border:
                return number
        return len(self.pieces) - 1

    def to_recording(self, time_s: float, piece: int | None = None) -> float:
        """The moment of the recording that a moment of the window shows, kept inside its piece."""
        found = self.pieces[self.piece_at(time_s) if piece is None else piece]
        return min(max(found.source.start, found.source.start + time_s - found.at), found.source.end)

    def samples(self, recording: Recording) -> NDArray[np.float32]:
        """The window's sound as float32 in [-1, 1]."""
        rate_hz = recording.rate_hz
        sound = np.zeros(round(self.duration_s * rate_hz), np.float32)
        for piece in self.pieces:
            first = round(piece.source.start * rate_hz)
            part = recording.channels[self.channel][first : round(piece.source.end * rate_hz)]
            at = round(piece.at * rate_hz)
            part = part[: len(sound) - at]
            sound[at : at + len(part)] = part.astype(np.float32) / 32768.0
        return sound


def measure_activity(recording: Recording) -> tuple[Activity, ...]:
    """Speech and level per frame of every channel, the other channel's leakage removed.

    Raises
    ------
    AudioError
        The recording was decoded at another rate than 16 kHz.
    """
    if recording.rate_hz != VAD_RATE_HZ:
        raise AudioError(f"{recording.path}: speech is found at {VAD_RATE_HZ} Hz, not {recording.rate_hz} Hz")
    levels = [_levels_db(channel) for channel in recording.channels]
    with ThreadPoolExecutor(len(recording.channels)) as threads:  # the model uses one processor and no lock
        speech = list(threads.map(_speech_probabilities, recording.channels, levels))
    if len(speech) == 2:
        speech = [_without_leakage(speech, levels, own=own) for own in (0, 1)]
        if recording.channels[0].any() and recording.channels[1].any():
            speech = [_without_echo(recording, speech, levels, own=own) for own in (0, 1)]
    return tuple(Activity(p, level) for p, level in zip(speech, levels, strict=True))


def _speech_probabilities(channel: Samples, levels_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """Silero's probability per frame, computed block by block with a lead-in."""
    n_frames = -(-len(channel) // FRAME)
    block, lead_in = (round(s * VAD_RATE_HZ / FRAME) for s in (VAD_BLOCK_S, VAD_LEAD_IN_S))
    found = np.zeros(n_frames, np.float32)
    factor = np.float32(_gain(channel, levels_db) / 32768.0)
    for start in range(0, n_frames, block):
        first, last = max(0, start - lead_in), min(n_frames, start + block)
        found[start:last] = _block_probabilities(channel[first * FRAME : last * FRAME], factor)[
            start - first :
        ]
    return found


def _block_probabilities(samples: Samples, factor: np.float32) -> NDArray[np.float32]:
    """The model over one block, a few frames at a time with its memory handed on.

    The library's own call builds what the model works on for the whole block at once: about 100 MiB a minute.
    """
    session: Any = get_vad_model().session
    memory: dict[str, Any] = {name: np.zeros(VAD_MEMORY, np.float32) for name in ("h", "c")}
    found, context = [], np.zeros(VAD_CONTEXT, np.float32)
    for first in range(0, len(samples), VAD_STEP_FRAMES * FRAME):
        part = samples[first : first + VAD_STEP_FRAMES * FRAME]
        n_frames = -(-len(part) // FRAME)
        sound = np.zeros(VAD_CONTEXT + n_frames * FRAME, np.float32)
        sound[:VAD_CONTEXT] = context
        np.multiply(part, factor, out=sound[VAD_CONTEXT : VAD_CONTEXT + len(part)], dtype=np.float32)
        context = sound[-VAD_CONTEXT:]
        frames = np.lib.stride_tricks.sliding_window_view(sound, VAD_CONTEXT + FRAME)[::FRAME]
        speech, memory["h"], memory["c"] = session.run(
            None, {"input": np.ascontiguousarray(frames), **memory}
        )
        found.append(np.asarray(speech).reshape(-1))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _gain(channel: Samples, levels_db: NDArray[np.float32]) -> float:
    """Factor that lifts a quiet channel to where the model was trained, never beyond full scale."""
    lift_db = QUIET_DBFS - float(np.percentile(levels_db, 95)) if len(levels_db) else 0.0
    peak = max(int(channel.max(initial=0)), -int(channel.min(initial=0)), 1)
    return float(np.clip(10 ** (lift_db / 20), 1.0, min(10 ** (MAX_LIFT_DB / 20), max(1.0, 32767 / peak))))


def _levels_db(channel: Samples) -> NDArray[np.float32]:
    n_frames = -(-len(channel) // FRAME)
    power = np.zeros(n_frames, np.float32)
    for start in range(0, n_frames, LEVEL_STEP_FRAMES):
        part = channel[start * FRAME : (start + LEVEL_STEP_FRAMES) * FRAME].astype(np.float32) / 32768.0
        part = np.pad(part, (0, -len(part) % FRAME)).reshape(-1, FRAME)
        power[start : start + len(part)] = np.mean(part * part, axis=1)
    return (10 * np.log10(np.maximum(power, 1e-10))).astype(np.float32)


def _without_leakage(
    speech: Sequence[NDArray[np.float32]], levels: Sequence[NDArray[np.float32]], *, own: int
) -> NDArray[np.float32]:
    """Own probabilities, 0 where the other speaks and is louder by ``CROSS_TALK_DB``."""
    mine, other = (
        10
        * np.log10(
            np.maximum(
                _around(10 ** (levels[c].astype(np.float64) / 10), LEVEL_SMOOTHING_FRAMES).mean(axis=1), 1e-10
            )
        )
        for c in (own, 1 - own)
    )
    speaking = _around(speech[1 - own], SPEAKING_AROUND_FRAMES).max(axis=1) >= FOR_TIMING.stay_threshold
    leaked = speaking & (other - mine >= CROSS_TALK_DB)
    return np.where(leaked, np.float32(0), speech[own])


def _around(values: NDArray[Any], n_frames: int) -> NDArray[Any]:
    """Each frame with its neighbours, ``n_frames`` (an odd number) in a row; mirrored at the ends."""
    padded = np.pad(values, n_frames // 2, mode="symmetric")
    return np.lib.stride_tricks.sliding_window_view(padded, n_frames)


def _without_echo(
    recording: Recording,
    speech: Sequence[NDArray[np.float32]],
    levels: Sequence[NDArray[np.float32]],
    *,
    own: int,
) -> NDArray[np.float32]:
    """Own probabilities, 0 over regions that are softer than the other channel and carry the same wave."""
    kept = speech[own].copy()
    for region in regions_of(Activity(speech[own], levels[own]), FOR_TIMING):
        frames = slice(
            int(region.start / FRAME_S), max(int(region.start / FRAME_S) + 1, int(region.end / FRAME_S))
        )
        louder_db = recording.level_db(1 - own, region) - recording.level_db(own, region)
        if (
            louder_db < LIKE_CROSS_TALK_DB
            or np.max(speech[1 - own][frames], initial=0) < FOR_TIMING.threshold
        ):
            continue
        first, last = round(region.start * recording.rate_hz), round(region.end * recording.rate_hz)
        last = min(last, first + 10 * recording.rate_hz)
        mine, other = (recording.channels[c][first:last] for c in (own, 1 - own))
        if lagged_correlation(mine, other, round(CROSS_TALK_MAX_LAG_S * recording.rate_hz)) > (
            LIKE_CROSS_TALK_CORRELATION
        ):
            kept[frames] = 0
    return kept


def regions_of(activity: Activity, options: RegionOptions = FOR_TIMING) -> tuple[Span, ...]:
    """Spans of speech: entered at the threshold, left below the lower one for long enough."""
    runs = _runs(activity.speech, options)
    runs = [run for run in runs if (run[1] - run[0]) * FRAME_S >= options.min_speech_s]
    runs = [part for run in runs for part in _split(run, activity.speech, options.max_speech_s)]
    return _padded(runs, len(activity.speech), options)


def _runs(speech: NDArray[np.float32], options: RegionOptions) -> list[tuple[int, int]]:
    """Frame ranges [first, last) that hold speech."""
    patience = max(1, round(options.min_silence_s / FRAME_S))
    alive = np.flatnonzero(speech >= options.stay_threshold)
    runs: list[tuple[int, int]] = []
    if not len(alive):
        return runs
    breaks = np.flatnonzero(np.diff(alive) > patience)
    firsts, lasts = alive[np.r_[0, breaks + 1]], alive[np.r_[breaks, len(alive) - 1]] + 1
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        sure = np.flatnonzero(speech[first:last] >= options.threshold)
        if len(sure):
            runs.append((first + int(sure[0]), last))
    return runs


def _split(run: tuple[int, int], speech: NDArray[np.float32], max_speech_s: float) -> list[tuple[int, int]]:
    """Cut a run that is too long at its least certain frame in the last third of what is allowed."""
    first, last = run
    parts = []
    while (last - first) * FRAME_S > max_speech_s:
        allowed = int(max_speech_s / FRAME_S)
        search = first + 2 * allowed // 3
        cut = search + int(np.argmin(speech[search : first + allowed]))
        parts.append((first, cut))
        first = cut
    return [*parts, (first, last)]


def _padded(runs: list[tuple[int, int]], n_frames: int, options: RegionOptions) -> tuple[Span, ...]:
    """Runs as seconds, each with its margins but never over half of the pause to its neighbour."""
    spans = []
    for number, (first, last) in enumerate(runs):
        before = first - runs[number - 1][1] if number else 2 * first
        after = (runs[number + 1][0] if number + 1 < len(runs) else 2 * n_frames - last) - last
        start = first * FRAME_S - min(options.pad_before_s, before * FRAME_S / 2)
        end = last * FRAME_S + min(options.pad_after_s, after * FRAME_S / 2)
        spans.append(Span(round(start, 3), round(max(start + FRAME_S, end), 3)))
    return tuple(spans)


def pack(
    regions: Sequence[Span],
    *,
    channel: int,
    max_window_s: float = MAX_WINDOW_S,
    gap_s: float = PACK_GAP_S,
) -> tuple[Window, ...]:
    """Neighbouring regions of one channel in as few windows as fit, in order; longer regions are cut."""
    windows: list[Window] = []
    pieces: list[Piece] = []
    end = 0.0
    for region in regions:
        for part in _cut(region, max_window_s):
            at = end + gap_s if pieces else 0.0
            if pieces and at + part.duration_s > max_window_s:
                windows.append(Window(channel, tuple(pieces)))
                pieces, at = [], 0.0
            pieces.append(Piece(part, at))
            end = at + part.duration_s
    if pieces:
        windows.append(Window(channel, tuple(pieces)))
    return tuple(windows)


def _cut(region: Span, max_s: float) -> list[Span]:
    n_parts = max(1, int(np.ceil(region.duration_s / max_s - 1e-9)))
    step = region.duration_s / n_parts
    return [
        Span(region.start + i * step, region.end if i == n_parts - 1 else region.start + (i + 1) * step)
        for i in range(n_parts)
    ]


def heard_probability(activity: Activity, span: Span) -> float:
    """The highest probability of speech around a span (0.1 s to either side)."""
    first, last = int((span.start - 0.1) / FRAME_S), int((span.end + 0.1) / FRAME_S) + 1
    return float(np.max(activity.speech[max(0, first) : last], initial=0.0))


def measure_timing(
    recording: Recording, *, agent_channel: int | None, activity: Sequence[Activity] | None = None
) -> Timing:
    """Who speaks when, from the sound: speech regions, what the silences are, how loud each region is.

    With one channel, or where the agent's is not known, nothing can be said of each side: the source is then
    ``none`` and only the silences are given.
    """
    activity = measure_activity(recording) if activity is None else activity
    per_channel = [regions_of(one, FOR_TIMING) for one in activity]
    everyone = [span for spans in per_channel for span in spans]
    gaps = gaps_between(everyone, recording.duration_s, at_least_s=MIN_SILENCE_KEPT_S)
    silences = name_silences(recording, gaps)
    if len(per_channel) != 2 or agent_channel is None:
        return Timing(source="none", silences=silences)
    sides: tuple[tuple[Speaker, int], ...] = (("agent", agent_channel), ("customer", 1 - agent_channel))
    loudness = [
        (who, span.start, round(recording.level_db(channel, span), 1))
        for who, channel in sides
        for span in per_channel[channel]
    ]
    return Timing(
        source="sound",
        agent=per_channel[agent_channel],
        customer=per_channel[1 - agent_channel],
        silences=silences,
        loudness_db=tuple(sorted(loudness, key=lambda row: row[1])),
    )
