"""The two speech engines, called through their shared libraries so that word times come from them.

- flite: the utterance's segments, so a word runs from the end of the segment before it to the end of its last.
- espeak-ng: word events (start of each word) and phoneme events (to find the pauses between words).

Both give the same sound for the same text, whatever was spoken before.
"""

from __future__ import annotations

import ctypes as c
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.floating]

FLITE = "libflite.so.1"
FLITE_VOICES = {
    "slt": ("libflite_cmu_us_slt.so.1", "register_cmu_us_slt"),
    "rms": ("libflite_cmu_us_rms.so.1", "register_cmu_us_rms"),
    "awb": ("libflite_cmu_us_awb.so.1", "register_cmu_us_awb"),
    "kal16": ("libflite_cmu_us_kal16.so.1", "register_cmu_us_kal16"),
}
ESPEAK = "libespeak-ng.so.1"
# The program takes language codes; the library knows a voice by its file only.
ESPEAK_FILES = {"en-gb": "gmw/en", "en-us": "gmw/en-US", "en-gb-scotland": "gmw/en-GB-scotland"}
SYNCHRONOUS, PHONEME_EVENTS, RATE, UTF8 = 2, 1, 1, 1
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7


class UnknownVoiceError(Exception):
    """The engine is there, but not this voice of it."""


class EngineMissingError(Exception):
    """The shared library of a speech engine is not on this machine."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One row of ``voices.yaml``."""

    id: str
    engine: str
    voice: str
    rate_wpm: int = 0


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound of one text: float samples in [-1, 1], their rate, and start and end of each token in seconds."""

    sound: Sound
    rate_hz: int
    words: tuple[tuple[str, float, float], ...]


def speak(text: str, voice: Voice) -> Spoken:
    """The text as sound; ``words`` has one entry for each token between spaces.

    Raises
    ------
    EngineMissingError
        The engine's library is not installed.
    UnknownVoiceError
        The engine has no such voice.
    """
    _library("libc.so.6").srand(1)  # both engines make their noise with rand(); each text starts it anew
    if voice.engine == "flite":
        return _flite(text, voice)
    # espeak-ng carries the phase of its wave from one text to the next: a process of its own for each. Not forked: a
    # fork takes along the locks and signal handlers of whoever calls, and may then wait for ever.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_espeak, (text, voice))


def available() -> str | None:
    """Why the engines can't be used here; None where they can."""
    try:
        for voice in FLITE_VOICES:
            _flite_voice(voice)
        _library(ESPEAK)
    except EngineMissingError as err:
        return str(err)
    return None


def _library(name: str) -> Any:
    try:
        return c.CDLL(name, mode=c.RTLD_GLOBAL)
    except OSError as err:
        raise EngineMissingError(f"{name} is missing: install flite and espeak-ng ({err})") from err


# flite


@cache
def _flite_library() -> Any:
    library = _library(FLITE)
    library.flite_init()
    pointer, text = c.c_void_p, c.c_char_p
    for name, result, arguments in (
        ("flite_synth_text", pointer, [text, pointer]),
        ("utt_relation", pointer, [pointer, text]),
        ("relation_head", pointer, [pointer]),
        ("item_next", pointer, [pointer]),
        ("item_feat_string", text, [pointer, text]),
        ("flite_ffeature_float", c.c_float, [pointer, text]),
        ("flite_ffeature_string", text, [pointer, text]),
        ("utt_wave", pointer, [pointer]),
        ("delete_utterance", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def _flite_voice(name: str) -> int:
    _flite_library()
    file, register = FLITE_VOICES[name]
    function = getattr(_library(file), register)
    function.restype, function.argtypes = c.c_void_p, [c.c_char_p]
    return int(function(None))


class _Wave(c.Structure):
    _fields_ = (
        ("type", c.c_char_p),
        ("sample_rate", c.c_int),
        ("num_samples", c.c_int),
        ("num_channels", c.c_int),
        ("samples", c.POINTER(c.c_short)),
    )


def _flite(text: str, voice: Voice) -> Spoken:
    handle, library = _flite_voice(voice.voice), _flite_library()
    utterance = library.flite_synth_text(text.encode(), handle)
    try:
        wave = c.cast(library.utt_wave(utterance), c.POINTER(_Wave)).contents
        samples = np.ctypeslib.as_array(wave.samples, shape=(wave.num_samples,)).astype(np.float32) / 32768
        rate_hz = int(wave.sample_rate)
        times = _flite_times(library, utterance)
    finally:
        library.delete_utterance(utterance)
    return Spoken(samples, rate_hz, _match(text.split(), times))


def _flite_times(library: Any, utterance: int) -> list[tuple[str, float, float]]:
    """Name, start and end of each token; tokens that are not spoken (a lone dash) are left out."""
    rows = []
    token = library.relation_head(library.utt_relation(utterance, b"Token"))
    while token:
        if library.flite_ffeature_string(token, b"daughter1.name") not in (b"0", b""):
            name = library.item_feat_string(token, b"name").decode()
            path = b".R:SylStructure.daughter%s.daughter%s.R:Segment.%s"
            start = library.flite_ffeature_float(token, b"daughter1" + path % (b"1", b"1", b"p.end"))
            end = library.flite_ffeature_float(token, b"daughtern" + path % (b"n", b"n", b"end"))
            rows.append((name, float(start), float(end)))
        token = library.item_next(token)
    return rows


def _match(tokens: list[str], times: list[tuple[str, float, float]]) -> tuple[tuple[str, float, float], ...]:
    """The engine's tokens on ours; ours may be several of the engine's ("seventy-two")."""
    words, at = [], 0
    for token in tokens:
        bare, taken = _letters(token), ""
        first = at
        while at < len(times) and len(taken) < len(bare):
            taken += _letters(times[at][0])
            at += 1
        if taken != bare:
            raise ValueError(f"the engine read {taken!r} where the script says {token!r}")
        if not bare:
            raise ValueError(f"{token!r} can't be spoken; write it as words")
        words.append((token, times[first][1], times[at - 1][2]))
    return tuple(words)


def _letters(token: str) -> str:
    return "".join(ch for ch in token.lower() if ch.isalnum())


# espeak-ng


class _EventId(c.Union):
    _fields_ = (("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8))


class _Event(c.Structure):
    _fields_ = (
        ("type", c.c_int),
        ("unique_identifier", c.c_uint),
        ("text_position", c.c_int),
        ("length", c.c_int),
        ("audio_position", c.c_int),
        ("sample", c.c_int),
        ("user_data", c.c_void_p),
        ("id", _EventId),
    )


_CALLBACK: Callable[..., Any] = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))


@cache
def _espeak_library() -> tuple[Any, int]:
    library = _library(ESPEAK)
    rate_hz = library.espeak_Initialize(SYNCHRONOUS, 0, None, PHONEME_EVENTS)
    if rate_hz <= 0:
        raise EngineMissingError(f"{ESPEAK} did not start: its data is missing")
    library.espeak_Synth.argtypes = [
        c.c_char_p, c.c_size_t, c.c_uint, c.c_int, c.c_uint, c.c_uint, c.c_void_p, c.c_void_p,
    ]  # fmt: skip
    return library, int(rate_hz)


def _espeak(text: str, voice: Voice) -> Spoken:
    library, rate_hz = _espeak_library()
    chunks: list[Sound] = []
    starts: list[tuple[int, float]] = []
    phonemes: list[tuple[float, bool]] = []

    def heard(samples: Any, count: int, events: Any) -> int:
        if count > 0:
            chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).astype(np.float32) / 32768)
        at = 0
        while events[at].type != EVENT_END:
            event = events[at]
            if event.type == EVENT_WORD:
                starts.append((event.text_position - 1, event.sample / rate_hz))
            elif event.type == EVENT_PHONEME:
                phonemes.append((event.sample / rate_hz, event.id.string.startswith(b"_")))
            at += 1
        return 0

    callback = _CALLBACK(heard)
    library.espeak_SetSynthCallback(callback)
    _choose_voice(library, voice)
    library.espeak_SetParameter(RATE, voice.rate_wpm or 165, 0)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    sound = np.concatenate(chunks)
    return Spoken(sound, rate_hz, _espeak_words(text, starts, phonemes, sound.size / rate_hz))


def _choose_voice(library: Any, voice: Voice) -> None:
    """Have the library speak with this voice; told to take one that it does not know, it goes on as before."""
    language, plus, variant = voice.voice.partition("+")
    file = ESPEAK_FILES.get(language, language) + plus + variant
    if library.espeak_SetVoiceByName(file.encode()) != 0:
        raise UnknownVoiceError(f"{ESPEAK} has no voice {voice.voice!r}; `espeak-ng --voices=en` lists them")


def _espeak_words(
    text: str, starts: list[tuple[int, float]], phonemes: list[tuple[float, bool]], total_s: float
) -> tuple[tuple[str, float, float], ...]:
    """Each token with the time of its word event; it ends at the next one or at the pause before that."""
    places, at = [], 0
    for token in text.split():
        at = text.index(token, at)
        places.append((token, at, at + len(token)))
        at += len(token)
    begins: list[float | None] = [
        next((time for position, time in starts if low <= position < high), None) for _, low, high in places
    ]
    known = [i for i, begin in enumerate(begins) if begin is not None]
    words: list[tuple[str, float, float]] = []
    for n, i in enumerate(known):
        after = known[n + 1] if n + 1 < len(known) else len(places)
        start = begins[i] or 0.0
        limit = (begins[after] or total_s) if after < len(places) else total_s
        end = next((time for time, pause in phonemes if pause and start < time < limit), limit)
        group = [token for token, _, _ in places[i:after]]  # words it reads as one ("of the") share the time
        letters = np.cumsum([0.0, *(max(1, len(_letters(token))) for token in group)])
        cuts = start + (end - start) * letters / letters[-1]
        words += [(token, float(cuts[k]), float(cuts[k + 1])) for k, token in enumerate(group)]
    return tuple(words)
