"""What is on the line while nobody speaks: nothing, ringing, or music.

Conventions: judged on the telephone band, in frames of 64 ms. Noise has a flat spectrum, music and tones have
peaks; ringing is all in the narrow band where the world's ringing tones lie. Only sound that lasts counts: a
cough or a key press does not make a silence music.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from qa.audio import Recording, Samples
from qa.values import Silence, Span

SoundKind = Literal["silence", "music", "ringing"]

FRAME_S = 0.064
AUDIBLE_DBFS = -52.0  # line noise lies below it
MIN_JUDGED_S = 1.5
MAX_JUDGED_S = 60.0  # of a long hold the middle tells enough
BACKGROUND_DB = 20.0  # what is that much softer than the loudest is background to it
HANN_POWER = 0.375
BAND_HZ = (200.0, 3800.0)
RINGING_HZ = (340.0, 510.0)  # dial, ringing and busy tones: ITU-T E.180, 350 to 480 Hz and their mixtures
RINGING_SHARE = 0.85
PEAKED_FLATNESS = 0.12  # white noise has 0.56 in such frames, tones and chords far less
MIN_RINGING_SHARE_OF_TIME = 0.1  # one second in five, and a margin
MIN_MUSIC_SHARE_OF_TIME = 0.4


def name_silences(recording: Recording, gaps: tuple[Span, ...]) -> tuple[Silence, ...]:
    """The gaps with their kinds; a channel that holds music or ringing outweighs a silent one."""
    return tuple(Silence(gap.start, gap.end, _kind_in_any(recording, gap)) for gap in gaps)


def _kind_in_any(recording: Recording, gap: Span) -> SoundKind:
    if gap.duration_s < MIN_JUDGED_S:
        return "silence"
    extra_s = max(0.0, gap.duration_s - MAX_JUDGED_S) / 2
    first = round((gap.start + extra_s) * recording.rate_hz)
    last = round((gap.end - extra_s) * recording.rate_hz)
    kinds = {kind_of_sound(channel[first:last], recording.rate_hz) for channel in recording.channels}
    for kind in ("music", "ringing"):
        if kind in kinds:
            return kind
    return "silence"


def kind_of_sound(samples: Samples, rate_hz: int) -> SoundKind:
    """Nothing to speak of, ringing tones, or music, for a stretch in which nobody speaks."""
    frame = round(FRAME_S * rate_hz)
    n_frames = len(samples) // frame
    if n_frames < 4:
        return "silence"
    frames = samples[: n_frames * frame].reshape(n_frames, frame).astype(np.float32) / 32768.0
    power = np.abs(np.fft.rfft(frames * np.hanning(frame).astype(np.float32), axis=1)) ** 2
    hz = np.fft.rfftfreq(frame, 1 / rate_hz)
    band = power[:, (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])] + 1e-12
    levels_db = 10 * np.log10(2 * band.sum(axis=1) / (frame**2 * HANN_POWER))
    audible = levels_db > max(AUDIBLE_DBFS, float(np.percentile(levels_db, 95)) - BACKGROUND_DB)
    if not audible.any():
        return "silence"
    ringing = power[:, (hz >= RINGING_HZ[0]) & (hz <= RINGING_HZ[1])].sum(axis=1) / band.sum(axis=1)
    is_ringing = audible & (ringing >= RINGING_SHARE)
    if is_ringing.sum() >= 0.8 * audible.sum() and is_ringing.mean() >= MIN_RINGING_SHARE_OF_TIME:
        return "ringing"
    flatness = np.exp(np.log(band).mean(axis=1)) / band.mean(axis=1)
    peaked = audible & (flatness < PEAKED_FLATNESS)
    return "music" if peaked.mean() >= MIN_MUSIC_SHARE_OF_TIME else "silence"
