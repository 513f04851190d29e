"""What the channels of a recording are: one speaker each, the same sound twice, one silent, too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qa.audio.recording import Recording, Samples, rms_dbfs
from qa.errors import AudioError
from qa.values import RecordingKind

DUAL_MONO_CORRELATION = 0.92  # two people never correlate; one line recorded twice does, even after a codec
DUAL_MONO_MAX_LAG_S = 0.05
CLIPPED_FROM = 0.9  # mu-law and A-law stop short of full scale
SAMPLES_AT_ONCE = 1 << 20
FRAMES_AT_ONCE = 1000  # as floats: an hour of them at once would take as much again as the sound
SILENT_CHANNEL_DBFS = -60.0
SILENT_CHANNEL_BELOW_OTHER_DB = 45.0  # leakage of the other side through the bridge stays above this


def choose_channels(recording: Recording, wanted: Sequence[int] | None = None) -> Recording:
    """At most two channels: those wanted, else the two loudest; a note says what is left out."""
    n_channels = len(recording.channels)
    if n_channels <= 2 and wanted is None:
        return recording
    if wanted is None:
        by_level = sorted(range(n_channels), key=lambda number: -rms_dbfs(recording.channels[number]))
        wanted = sorted(by_level[:2])
    if any(number >= n_channels for number in wanted):
        raise AudioError(f"{recording.path}: has {n_channels} channels; channel {max(wanted)} does not exist")
    left_out = ", ".join(str(number) for number in range(n_channels) if number not in wanted)
    note = f"Of {n_channels} channels, {left_out} (counted from 0) are left out."
    return replace(
        recording,
        channels=tuple(recording.channels[number] for number in wanted),
        notes=(*recording.notes, note) if left_out else recording.notes,
    )


def call_channels(recording: Recording, wanted: Sequence[int] | None) -> Recording:
    """The channels of the two sides: what is ``wanted`` counts only where there are more than two."""
    return recording if len(recording.channels) <= 2 else choose_channels(recording, wanted)


def clipped_share(channel: Samples) -> float:
    """Share of the samples that lie flat against the channel's peak near full scale."""
    peak = max(int(channel.max(initial=0)), -int(channel.min(initial=0)))
    if peak < CLIPPED_FROM * 32768:
        return 0.0
    n_flat, flat_before = 0, False
    for first in range(0, len(channel), SAMPLES_AT_ONCE):
        flat = np.abs(channel[first : first + SAMPLES_AT_ONCE].astype(np.int32)) >= peak - 256
        n_flat += int(np.count_nonzero(flat[1:] & flat[:-1])) + int(flat_before and flat[0])
        flat_before = bool(flat[-1])
    return n_flat / max(1, len(channel) - 1)


def recording_kind(recording: Recording) -> RecordingKind:
    """What the channels are: one speaker each, the same sound twice, one silent, or one channel alone."""
    if len(recording.channels) == 1:
        return "mono"
    first, second = recording.channels[:2]
    levels = sorted(_active_level_dbfs(channel, recording.rate_hz) for channel in (first, second))
    if levels[0] < SILENT_CHANNEL_DBFS or levels[1] - levels[0] > SILENT_CHANNEL_BELOW_OTHER_DB:
        return "one_silent"
    if _likeness(first, second, recording.rate_hz) >= DUAL_MONO_CORRELATION:
        return "dual_mono"
    return "two_channels"


def _active_level_dbfs(channel: Samples, rate_hz: int) -> float:
    """Level of the loudest twentieth of the 100 ms frames: what is said, not how much of it."""
    frame = rate_hz // 10
    n_frames = len(channel) // frame
    if n_frames < 1:
        return rms_dbfs(channel)
    powers = np.empty(n_frames)
    for first in range(0, n_frames, FRAMES_AT_ONCE):
        part = channel[first * frame : min(n_frames, first + FRAMES_AT_ONCE) * frame]
        wide = part.astype(np.float32).reshape(-1, frame)
        powers[first : first + len(wide)] = np.mean(wide * wide, axis=1)
    power = float(np.percentile(powers, 95)) / 32768.0**2
    return max(-100.0, 10 * float(np.log10(power))) if power > 0 else -100.0


def _likeness(first: Samples, second: Samples, rate_hz: int) -> float:
    """Largest correlation of the two channels over small lags, the median of the loudest stretches."""
    stretch, max_lag = 4 * rate_hz, round(DUAL_MONO_MAX_LAG_S * rate_hz)
    starts = list(range(0, max(1, len(first) - stretch // 2), stretch))
    loudness = [
        max(rms_dbfs(first[s : s + stretch : 8]), rms_dbfs(second[s : s + stretch : 8])) for s in starts
    ]
    loudest = sorted(range(len(starts)), key=lambda i: -loudness[i])[:12]
    found = []
    for i in loudest:
        piece = slice(starts[i], starts[i] + stretch)
        found.append(lagged_correlation(first[piece], second[piece], max_lag))
    return float(np.median(found)) if found else 0.0


def lagged_correlation(first: Samples, second: Samples, max_lag: int) -> float:
    """Largest absolute correlation of two equally long stretches over lags up to ``max_lag`` samples."""
    a, b = (x.astype(np.float32) - np.float32(x.mean()) for x in (first, second))
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    if norm == 0:
        return 0.0
    size = 1 << (len(a) + max_lag).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate((product[: max_lag + 1], product[-max_lag:]))
    return float(np.max(np.abs(near))) / norm  # a line recorded with swapped wires is still the same line
