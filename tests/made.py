"""Sound and files made inside the tests: tones, noise, something that a speech detector takes for speech.

Everything is made from a seed, so that a test hears the same bytes every time.
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

RATE_HZ = 16000
Samples = NDArray[np.int16]


def tone(duration_s: float, hz: float = 440.0, *, level_db: float = -20.0, rate_hz: int = RATE_HZ) -> Samples:
    """A sine at an RMS level in dBFS."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    return _scaled(np.sin(2 * np.pi * hz * t), level_db)


def noise(duration_s: float, *, level_db: float = -50.0, seed: int = 0, rate_hz: int = RATE_HZ) -> Samples:
    """White noise."""
    return _scaled(np.random.default_rng(seed).standard_normal(round(duration_s * rate_hz)), level_db)


def silence(duration_s: float, *, rate_hz: int = RATE_HZ) -> Samples:
    return np.zeros(round(duration_s * rate_hz), np.int16)


def speech_like(
    duration_s: float,
    *,
    pitch_hz: float = 120.0,
    level_db: float = -22.0,
    seed: int = 0,
    rate_hz: int = RATE_HZ,
) -> Samples:
    """A buzzing voice: glottal pulses with moving pitch through three moving formants, in syllables.

    The speech detector takes it for a voice, and no text-to-speech program is needed.
    """
    rng = np.random.default_rng(seed)
    n = round(duration_s * rate_hz)
    t = np.arange(n) / rate_hz
    pitch = pitch_hz * (1 + 0.08 * np.sin(2 * np.pi * 0.7 * t + seed) + 0.03 * np.sin(2 * np.pi * 2.3 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    n_syllables = max(1, int(duration_s * 4.5))
    grid = np.linspace(0, duration_s, n_syllables + 1)
    formants = [np.interp(t, grid, rng.uniform(low, high, n_syllables + 1)) for low, high in _FORMANTS]
    sound = np.zeros(n)
    for harmonic in range(1, int(3800 / pitch_hz)):
        hz = harmonic * pitch
        gain = sum(
            weight / (1 + ((hz - formant) / width) ** 2)
            for formant, weight, width in zip(formants, (1.0, 0.5, 0.25), (90.0, 110.0, 160.0), strict=True)
        )
        sound += gain * np.sin(harmonic * phase)
    position = np.interp(t, grid, np.arange(n_syllables + 1)) % 1
    envelope = np.sin(np.pi * np.clip(position * 1.15, 0, 1)) ** 0.7
    return _scaled(sound * envelope + 0.01 * rng.standard_normal(n) * envelope, level_db)


_FORMANTS = ((280.0, 780.0), (900.0, 2200.0), (2300.0, 3000.0))


def _scaled(sound: NDArray[np.float64], level_db: float) -> Samples:
    rms = float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0
    if rms == 0:
        return np.zeros(len(sound), np.int16)
    return np.clip(sound / rms * 10 ** (level_db / 20) * 32768, -32768, 32767).astype(np.int16)


def ringing(duration_s: float, *, level_db: float = -20.0, rate_hz: int = RATE_HZ) -> Samples:
    """British ringing: 400 and 450 Hz, twice 0.4 s every three seconds."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    is_on = (t % 3 < 0.4) | ((t % 3 > 0.6) & (t % 3 < 1.0))
    return _scaled((np.sin(2 * np.pi * 400 * t) + np.sin(2 * np.pi * 450 * t)) * is_on, level_db)


def music(duration_s: float, *, level_db: float = -22.0, seed: int = 0, rate_hz: int = RATE_HZ) -> Samples:
    """Plucked chords, as they are played to people who wait."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(duration_s * rate_hz))
    t = np.arange(round(0.6 * rate_hz)) / rate_hz
    for i in range(int(duration_s / 0.4)):
        notes = 261.6 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12], 3) / 12)
        chord = sum(np.sin(2 * np.pi * hz * h * t) / h for hz in notes for h in range(1, 6)) * np.exp(-3 * t)
        first = round(i * 0.4 * rate_hz)
        sound[first : first + len(t)] += chord[: len(sound) - first]
    return _scaled(sound, level_db)


def placed(duration_s: float, parts: Sequence[tuple[float, Samples]], *, rate_hz: int = RATE_HZ) -> Samples:
    """Stretches of sound laid onto a silent channel at their starts (seconds)."""
    channel = np.zeros(round(duration_s * rate_hz), np.int32)
    for at_s, part in parts:
        first = round(at_s * rate_hz)
        part = part[: len(channel) - first]
        channel[first : first + len(part)] += part
    return np.clip(channel, -32768, 32767).astype(np.int16)


def write_wav(path: Path, channels: Sequence[Samples], *, rate_hz: int = RATE_HZ) -> Path:
    """A 16-bit PCM WAV of any number of channels."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def spoken(text: str, *, voice: str = "en-gb", folder: Path, speed: int = 160) -> Samples:
    """A text spoken by espeak-ng at 16 kHz; the test is skipped where the program is missing."""
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed")
    target = folder / "spoken.wav"
    subprocess.run([program, "-v", voice, "-s", str(speed), "-w", str(target), text], check=True)
    from qa.audio import decode

    return decode(target).channels[0]
