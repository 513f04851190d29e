"""Two voices in one channel: which stretch of speech belongs to which, from the sound alone.

Conventions
-----------
- Each voice is a Gaussian over cepstral frames (25 ms every 10 ms, telephone band) and a Gaussian
  over log pitch; both are learned from the call itself, from nothing else.
- Frames that are close in time say the same thing, so a stretch's evidence grows with its length only up to a
  point (``FRAME_WEIGHT``, ``MAX_FRAMES``).
- Everything is seeded: the same sound gives the same voices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.audio import Recording
from qa.values import Span

Floats = NDArray[np.float64]

WINDOW_S, HOP_S = 0.032, 0.010
N_MELS, N_CEPSTRA = 24, 16
BAND_HZ = (150.0, 3700.0)
PITCH_HZ = (70.0, 320.0)
VOICED_FROM = 0.5  # height of the autocorrelation's peak
QUIET_DB = 30.0  # frames that much softer than the loud ones say nothing about a voice
REGULARISED = 0.05
MIN_FRAMES_TO_LEARN = 40  # of a stretch, to help finding the two voices at the start
FRAME_WEIGHT = 0.08
MAX_FRAMES = 200
PITCH_WEIGHT = 0.15
MIN_PITCH_SPREAD = 0.1  # of log pitch: a voice moves at least that much
ROUNDS = 6
Smoothing = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Frames of one stretch of speech: cepstra (n, N_CEPSTRA) and log pitch of the voiced ones (m,)."""

    cepstra: Floats
    log_pitch: Floats


def two_voices(recording: Recording, spans: Sequence[Span], smooth: Smoothing) -> Floats | None:
    """Probability per span that it is the first voice's; None where the sound does not tell two apart.

    Parameters
    ----------
    smooth
        Turns log-odds per span (n,) into probabilities (n,), knowing how likely the speaker changes between.
    """
    stretches = _standardised([_stretch(recording, span) for span in spans])
    long = [i for i, one in enumerate(stretches) if len(one.cepstra) >= MIN_FRAMES_TO_LEARN]
    if len(long) < 4:
        return None
    p_first = _start(stretches, long)
    for _ in range(ROUNDS):
        odds = _log_odds(stretches, p_first)
        if odds is None:
            return None
        p_first = smooth(odds)
    share = float(np.mean(p_first > 0.5))
    return p_first if 0.02 < share < 0.98 else None


def _stretch(recording: Recording, span: Span) -> Stretch:
    rate_hz = recording.rate_hz
    sound = recording.channels[0][round(span.start * rate_hz) : round(span.end * rate_hz)]
    window, hop = round(WINDOW_S * rate_hz), round(HOP_S * rate_hz)
    if len(sound) < 2 * window:
        return Stretch(np.zeros((0, N_CEPSTRA)), np.zeros(0))
    x = sound.astype(np.float64) / 32768.0
    frames = np.lib.stride_tricks.sliding_window_view(x, window)[::hop][: 100 * 30]
    power = np.mean(frames**2, axis=1)
    frames = frames[power > max(np.percentile(power, 95) * 10 ** (-QUIET_DB / 10), 1e-9)]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(window), 2 * window, axis=1)) ** 2
    mel = np.log(spectrum @ _mel_filters(rate_hz, spectrum.shape[1]).T + 1e-10)
    from scipy.fft import dct  # here, as below: only a call of one channel needs it

    cepstra = dct(mel, axis=1, norm="ortho")[:, 1 : N_CEPSTRA + 1]
    return Stretch(cepstra, _log_pitch(spectrum, rate_hz))


def _mel_filters(rate_hz: int, n_bins: int) -> Floats:
    hz = np.linspace(0, rate_hz / 2, n_bins)
    low, high = (2595 * np.log10(1 + edge / 700) for edge in BAND_HZ)
    edges = 700 * (10 ** (np.linspace(low, high, N_MELS + 2) / 2595) - 1)
    rising = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rising, falling))


def _log_pitch(spectrum: Floats, rate_hz: int) -> Floats:
    """Log of the pitch of voiced frames by the peak of the autocorrelation."""
    if not len(spectrum):
        return np.zeros(0)
    correlation = np.fft.irfft(spectrum, axis=1)
    correlation /= correlation[:, :1] + 1e-12
    first, last = round(rate_hz / PITCH_HZ[1]), round(rate_hz / PITCH_HZ[0])
    region = correlation[:, first : last + 1] / (1 - np.arange(first, last + 1) / (WINDOW_S * rate_hz) * 0.9)
    best = region.argmax(axis=1)
    voiced = region.max(axis=1) > VOICED_FROM
    found: Floats = np.log(rate_hz / (first + best[voiced]))
    return found


def _standardised(stretches: list[Stretch]) -> list[Stretch]:
    everything = np.concatenate([one.cepstra for one in stretches])
    if not len(everything):
        return stretches
    mean, spread = everything.mean(axis=0), everything.std(axis=0) + 1e-9
    return [Stretch((one.cepstra - mean) / spread, one.log_pitch) for one in stretches]


def _start(stretches: Sequence[Stretch], long: Sequence[int]) -> Floats:
    """A first guess from the means of the longer stretches, in two groups."""
    pitches = np.array(
        [np.median(stretches[i].log_pitch) if len(stretches[i].log_pitch) > 5 else np.nan for i in long]
    )
    middle = np.nanmedian(pitches) if np.isfinite(pitches).any() else 0.0
    pitch = np.where(np.isfinite(pitches), pitches - middle, 0.0)
    pitch = pitch / max(MIN_PITCH_SPREAD, float(pitch.std()))
    means = np.stack([stretches[i].cepstra.mean(axis=0) for i in long])
    means = means / (means.std(axis=0) + 1e-9)
    points = np.column_stack([means, pitch * np.sqrt(N_CEPSTRA) / 2])
    weights = [min(MAX_FRAMES, len(stretches[i].cepstra)) for i in long]
    from sklearn.cluster import KMeans  # here: a call of two channels never needs its 120 MiB

    groups = KMeans(2, n_init=20, random_state=0).fit(points, sample_weight=weights).labels_
    p_first = np.full(len(stretches), 0.5)
    p_first[list(long)] = np.where(groups == groups[0], 0.95, 0.05)
    return p_first


def _log_odds(stretches: Sequence[Stretch], p_first: Floats) -> Floats | None:
    """Log-odds per stretch of the first voice against the second, both learned from the present guess."""
    scores, pitches = [], []
    for mine in (p_first > 0.5, p_first < 0.5):
        chosen = [one for one, is_mine in zip(stretches, mine, strict=True) if is_mine]
        frames = np.concatenate([one.cepstra for one in chosen]) if chosen else np.zeros((0, N_CEPSTRA))
        if len(frames) < 4 * MIN_FRAMES_TO_LEARN:
            return None
        scores.append([_log_likelihood(one.cepstra, frames) for one in stretches])
        pitches.append(_pitch_of(chosen))
    odds = np.zeros(len(stretches))
    for i, one in enumerate(stretches):
        n = len(one.cepstra)
        if n:
            odds[i] = float(np.mean(scores[0][i] - scores[1][i])) * min(n, MAX_FRAMES) * FRAME_WEIGHT
        odds[i] += _pitch_odds(one.log_pitch, pitches[0], pitches[1])
    return odds


def _log_likelihood(cepstra: Floats, learned_from: Floats) -> Floats:
    """Per frame, under one Gaussian with full covariance."""
    if not len(cepstra):
        return np.zeros(0)
    mean = learned_from.mean(axis=0)
    covariance = np.cov(learned_from.T) + REGULARISED * np.eye(N_CEPSTRA)
    lower = np.linalg.cholesky(covariance)
    apart = np.linalg.solve(lower, (cepstra - mean).T)
    found: Floats = -0.5 * np.sum(apart**2, axis=0) - float(np.sum(np.log(np.diag(lower))))
    return found


def _pitch_of(stretches: Sequence[Stretch]) -> tuple[float, float]:
    found = np.concatenate([one.log_pitch for one in stretches])
    if len(found) < 2 * MIN_FRAMES_TO_LEARN:
        return 0.0, 0.0
    low, middle, high = np.percentile(found, [16, 50, 84])
    return float(middle), max(MIN_PITCH_SPREAD, float(high - low) / 2)


def _pitch_odds(log_pitch: Floats, first: tuple[float, float], second: tuple[float, float]) -> float:
    if len(log_pitch) < 5 or not first[1] or not second[1]:
        return 0.0
    spread = (first[1] + second[1]) / 2
    middle = float(np.median(log_pitch))
    apart = ((middle - second[0]) ** 2 - (middle - first[0]) ** 2) / (2 * spread**2)
    return float(np.clip(apart, -6, 6)) * min(len(log_pitch), MAX_FRAMES / 2) * PITCH_WEIGHT / 10
