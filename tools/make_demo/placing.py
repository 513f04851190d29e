"""Speaks the turns of a script and gives each its place, to the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import resample_poly

from tools.make_demo.engines import Sound, Voice, speak
from tools.make_demo.script import Script, ScriptTurn, Speaker

RATE_HZ = 8000
LEAD_S, TAIL_S = 0.6, 0.8
LEVEL_DB, LOUD_DB = -20.0, -13.0  # RMS of the speech, dBFS
EDGE_DB = -30.0  # what lies below this, against the turn's own level, is silence at its edges
EDGE_S = 0.02  # and so is what lies further than this from the first and the last word
CARRY_ON = " and then I was"  # spoken after a turn that is cut off, so that it does not fall to an end
MIN_DEAD_AIR_S = 5.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One turn's sound at 8 kHz without silence at its edges, and its words in seconds from its start."""

    sound: Sound
    words: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A turn of the script with its sound and the sample at which it starts."""

    turn: ScriptTurn
    clip: Clip
    at: int

    @property
    def end(self) -> int:
        return self.at + self.clip.sound.size


@dataclass(frozen=True, slots=True)
class Timeline:
    """All turns placed; ``silences`` are start, end (samples) and kind: hold, music or dead_air."""

    placed: tuple[Placed, ...]
    silences: tuple[tuple[int, int, str], ...]
    length: int


def place(script: Script, voices: Mapping[Speaker, Voice]) -> Timeline:
    """The script's turns spoken and placed.

    Raises
    ------
    ValueError
        A turn should start at a word that the other side did not say just before, or starts before the call.
    """
    placed: list[Placed] = []
    silences = []
    last_end = 0
    for turn in script.turns:
        clip = make_clip(turn, voices[turn.speaker])
        at = _start(script, turn, placed, last_end)
        kind = _silence_kind(turn) if placed else None
        if kind:
            silences.append((last_end, at, kind))
        placed.append(Placed(turn, clip, at))
        last_end = max(last_end, placed[-1].end)
    return Timeline(tuple(placed), tuple(silences), last_end + round(TAIL_S * RATE_HZ))


def _start(script: Script, turn: ScriptTurn, placed: list[Placed], last_end: int) -> int:
    if not placed:
        return round((LEAD_S + turn.pause_s) * RATE_HZ)
    if turn.at_word is None:
        return max(0, last_end + round(turn.pause_s * RATE_HZ))
    other = next((one for one in reversed(placed) if one.turn.speaker != turn.speaker), None)
    starts = [start for word, start, _ in other.clip.words if _bare(word) == turn.at_word] if other else []
    if other is None or not starts:
        raise ValueError(f"{script.call_id}: no word {turn.at_word!r} before {turn.text[:30]!r}")
    return other.at + round(starts[-1] * RATE_HZ)


def _bare(word: str) -> str:
    return word.lower().strip(".,;:!?-")


def _silence_kind(turn: ScriptTurn) -> str | None:
    marked = next((flag for flag in ("music", "hold") if flag in turn.flags), None)
    return marked or ("dead_air" if turn.pause_s >= MIN_DEAD_AIR_S else None)


def make_clip(turn: ScriptTurn, voice: Voice) -> Clip:
    """The turn's sound, cut where it breaks off, trimmed, at its level."""
    text = turn.text.removesuffix("--").rstrip()
    spoken = speak(text + CARRY_ON if turn.cut else text, voice)
    words = spoken.words[: len(text.split())]
    low, high = RATE_HZ, spoken.rate_hz
    common = np.gcd(low, high)
    sound = resample_poly(spoken.sound.astype(np.float64), low // common, high // common)
    if turn.cut:
        sound = sound[: round(words[-1][2] * RATE_HZ)]
        fade = min(80, sound.size)
        sound[-fade:] *= np.linspace(1.0, 0.0, fade)
    level = speech_level(sound)
    first, last = _edges(sound, words, level * 10 ** (EDGE_DB / 20))
    sound = sound[first:last] * (10 ** ((LOUD_DB if "loud" in turn.flags else LEVEL_DB) / 20) / level)
    return Clip(np.clip(sound, -0.98, 0.98).astype(np.float32), _shift(words, first, sound.size))


def speech_level(sound: Sound) -> float:
    """RMS of the louder half of 20 ms frames: the level of the speech without its pauses."""
    frames = sound[: sound.size // 160 * 160].reshape(-1, 160)
    powers = np.sort((frames.astype(np.float64) ** 2).mean(axis=1))
    return float(np.sqrt(powers[powers.size // 2 :].mean()))


def _edges(sound: Sound, words: tuple[tuple[str, float, float], ...], threshold: float) -> tuple[int, int]:
    """Where the speech begins and ends: by the words' times, closer in where the sound is below the threshold."""
    smooth = np.sqrt(np.convolve(sound.astype(np.float64) ** 2, np.ones(40) / 40, mode="same"))
    above = np.flatnonzero(smooth > threshold)
    margin = round(EDGE_S * RATE_HZ)
    first = max(int(above[0]), round(words[0][1] * RATE_HZ) - margin)
    last = min(int(above[-1]) + 1, round(words[-1][2] * RATE_HZ) + margin)
    return first, last


def _shift(
    words: tuple[tuple[str, float, float], ...], first: int, size: int
) -> tuple[tuple[str, float, float], ...]:
    """Word times from the clip's start, inside the clip; a cut-off last word keeps its dashes."""
    offset, total = first / RATE_HZ, size / RATE_HZ
    moved = [
        (word, min(max(0.0, a - offset), total), min(max(0.0, b - offset), total)) for word, a, b in words
    ]
    moved[0] = (moved[0][0], 0.0, moved[0][2])
    moved[-1] = (moved[-1][0], moved[-1][1], total)
    return tuple(moved)
