"""Made speech with the time of every word and phone, from flite and espeak-ng through their C libraries.

Conventions
-----------
- Times are in seconds from the first sample. ``words[i]`` is the i-th whitespace word of the text.
- Samples are int16 at the engine's own rate (flite 16 kHz, espeak-ng 22.05 kHz).
- A text whose words cannot be told apart in what the engine says of it gives None: it is left out, not guessed.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from ctypes import c_char, c_char_p, c_float, c_int, c_short, c_size_t, c_uint, c_void_p
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml
from numpy.typing import NDArray

FLITE_VOICES = ("slt", "rms", "awb", "kal", "kal16")
ESPEAK_FILES = {"en-gb": "gmw/en", "en-us": "gmw/en-US", "en-gb-scotland": "gmw/en-GB-scotland"}
PAUSES = frozenset({"pau", "_", "_:", "", "__"})  # flite's pause, and espeak-ng's short and long ones


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of ``data/demo/voices.yaml``."""

    id: str
    engine: str
    voice: str
    rate_wpm: int = 165


@dataclass(frozen=True, slots=True)
class Said:
    """One text, said: samples (n,) int16, spans of its words, and its phones with their ends."""

    samples: NDArray[np.int16]
    rate_hz: int
    words: tuple[tuple[float, float], ...]
    phones: tuple[tuple[str, float, float], ...]


class Speaker(Protocol):
    """Says a text; ``tempo`` above 1 is faster, ``pitch`` above 1 is higher."""

    def say(self, text: str, *, tempo: float = 1.0, pitch: float = 1.0) -> Said | None: ...


def read_voices(path: Path, *, only: Sequence[str] = ()) -> tuple[Voice, ...]:
    """The voices of the file, or those named in ``only``, in the file's order."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    voices = tuple(
        Voice(row["id"], row["engine"], row["voice"], int(row.get("rate_wpm", 165))) for row in rows
    )
    unknown = set(only) - {voice.id for voice in voices}
    if unknown:
        raise SystemExit(f"{path} has no voice {sorted(unknown)}; it has {[voice.id for voice in voices]}")
    return tuple(voice for voice in voices if not only or voice.id in only)


def open_speaker(voice: Voice) -> Speaker:
    """The engine with this voice chosen. One espeak-ng voice can be open in a process at a time."""
    if voice.engine == "flite":
        return FliteSpeaker(voice.voice)
    if voice.engine == "espeak":
        return EspeakSpeaker(voice.voice, voice.rate_wpm)
    raise SystemExit(f"voice {voice.id}: unknown engine {voice.engine!r}; known are flite and espeak")


def _library(*names: str) -> ctypes.CDLL:
    for name in names:
        found = find_library(name)
        for candidate in (found, f"lib{name}.so.1"):
            if candidate:
                try:
                    return ctypes.CDLL(candidate, mode=ctypes.RTLD_GLOBAL)
                except OSError:
                    continue
    raise SystemExit(f"lib{names[0]} is not installed: apt-get install flite espeak-ng")


class _FliteWave(ctypes.Structure):
    _fields_ = [
        ("type", c_char_p),
        ("sample_rate", c_int),
        ("num_samples", c_int),
        ("num_channels", c_int),
        ("samples", ctypes.POINTER(c_short)),
    ]


class FliteSpeaker:
    """A voice built into flite."""

    def __init__(self, name: str) -> None:
        if name not in FLITE_VOICES:
            raise SystemExit(f"flite has no voice {name!r}; it has {', '.join(FLITE_VOICES)}")
        self._lib = lib = _library("flite")
        for extra in ("flite_usenglish", "flite_cmulex"):
            _library(extra)
        voice_lib = _library(f"flite_cmu_us_{name}")
        for function, result, arguments in (
            ("flite_synth_text", c_void_p, [c_char_p, c_void_p]),
            ("utt_relation", c_void_p, [c_void_p, c_char_p]),
            ("relation_head", c_void_p, [c_void_p]),
            ("item_next", c_void_p, [c_void_p]),
            ("item_as", c_void_p, [c_void_p, c_char_p]),
            ("item_parent", c_void_p, [c_void_p]),
            ("item_feat_float", c_float, [c_void_p, c_char_p]),
            ("item_feat_string", c_char_p, [c_void_p, c_char_p]),
            ("ffeature_float", c_float, [c_void_p, c_char_p]),
            ("utt_wave", ctypes.POINTER(_FliteWave), [c_void_p]),
            ("feat_set_float", None, [c_void_p, c_char_p, c_float]),
            ("feat_float", c_float, [c_void_p, c_char_p]),
            ("feat_present", c_int, [c_void_p, c_char_p]),
            ("delete_utterance", None, [c_void_p]),
        ):
            handle = getattr(lib, function)
            handle.restype, handle.argtypes = result, arguments
        lib.flite_init()
        register: Any = getattr(voice_lib, f"register_cmu_us_{name}")
        register.restype, register.argtypes = c_void_p, [c_char_p]
        self._voice = register(None)
        self._features = ctypes.cast(self._voice, ctypes.POINTER(_FliteVoice)).contents.features
        self._f0 = self._feature("int_f0_target_mean")
        self._stretch = self._feature("duration_stretch") or 1.0

    def _feature(self, name: str) -> float:
        if not self._lib.feat_present(self._features, name.encode()):
            return 0.0
        return float(self._lib.feat_float(self._features, name.encode()))

    def say(self, text: str, *, tempo: float = 1.0, pitch: float = 1.0) -> Said | None:
        lib = self._lib
        lib.feat_set_float(self._features, b"duration_stretch", self._stretch / tempo)
        if self._f0:
            lib.feat_set_float(self._features, b"int_f0_target_mean", self._f0 * pitch)
        utterance = lib.flite_synth_text(text.encode("ascii", "ignore"), self._voice)
        if not utterance:
            return None
        try:
            wave = lib.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).copy()
            words, phones = self._words(utterance), self._phones(utterance)
            if len(words) != len(text.split()):
                return None
            return Said(samples, wave.sample_rate, words, phones)
        finally:
            lib.delete_utterance(utterance)

    def _items(self, utterance: int, relation: str) -> list[int]:
        found, item = [], self._lib.relation_head(self._lib.utt_relation(utterance, relation.encode()))
        while item:
            found.append(item)
            item = self._lib.item_next(item)
        return found

    def _phones(self, utterance: int) -> tuple[tuple[str, float, float], ...]:
        found, start = [], 0.0
        for item in self._items(utterance, "Segment"):
            end = float(self._lib.item_feat_float(item, b"end"))
            found.append((self._lib.item_feat_string(item, b"name").decode(), start, end))
            start = end
        return tuple(found)

    def _words(self, utterance: int) -> tuple[tuple[float, float], ...]:
        """Span of each text token: flite may say one token as several words."""
        spans: dict[int, tuple[float, float]] = {}
        lib = self._lib
        for item in self._items(utterance, "Word"):
            token = lib.item_parent(lib.item_as(item, b"Token"))
            start = float(lib.ffeature_float(item, b"R:SylStructure.daughter1.daughter1.R:Segment.p.end"))
            end = float(lib.ffeature_float(item, b"R:SylStructure.daughtern.daughtern.R:Segment.end"))
            if token in spans:
                spans[token] = (spans[token][0], end)
            else:
                spans[token] = (start, end)
        return tuple(span for span in spans.values() if span[1] > span[0])


class _FliteVoice(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("features", c_void_p)]


class _EventId(ctypes.Union):
    _fields_ = [("number", c_int), ("name", c_char_p), ("string", c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    ]


_CALLBACK = ctypes.CFUNCTYPE(c_int, ctypes.POINTER(c_short), c_int, ctypes.POINTER(_Event))
_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8 = 2, 1, 1
_RATE, _PITCH = 1, 3
_END, _WORD, _PHONEME = 0, 1, 7


class EspeakSpeaker:
    """An espeak-ng voice with its variant."""

    def __init__(self, name: str, rate_wpm: int) -> None:
        self._lib = lib = _library("espeak-ng")
        self.rate_hz = lib.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
        if self.rate_hz <= 0:
            raise SystemExit("espeak-ng does not start: its data is missing (apt-get install espeak-ng)")
        if lib.espeak_SetVoiceByName(_espeak_file(name).encode()) != 0:
            raise SystemExit(f"espeak-ng has no voice {name!r}: espeak-ng --voices=en lists them")
        self._rate_wpm = rate_wpm
        self._sound: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, int, int, str]] = []
        self._callback = _CALLBACK(self._collect)  # kept: the library holds only a pointer
        lib.espeak_SetSynthCallback(self._callback)

    def _collect(self, sound: Any, count: int, events: Any) -> int:
        number = 0
        while events[number].type != _END:
            event = events[number]
            name = event.id.string.decode("utf-8", "ignore") if event.type == _PHONEME else ""
            self._events.append((event.type, event.text_position, event.audio_position, name))
            number += 1
        if sound and count > 0:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        return 0

    def say(self, text: str, *, tempo: float = 1.0, pitch: float = 1.0) -> Said | None:
        self._sound, self._events = [], []
        self._lib.espeak_SetParameter(_RATE, round(self._rate_wpm * tempo), 0)
        self._lib.espeak_SetParameter(_PITCH, max(0, min(99, round(50 * pitch))), 0)
        raw = text.encode()
        failed = self._lib.espeak_Synth(raw, c_size_t(len(raw) + 1), 0, 1, 0, _UTF8, None, None)
        if failed or not self._sound:
            return None
        samples = np.concatenate(self._sound)
        duration_s = len(samples) / self.rate_hz
        phones = self._phones(duration_s)
        words = self._words(text, phones, duration_s)
        return None if words is None else Said(samples, self.rate_hz, words, phones)

    def _phones(self, duration_s: float) -> tuple[tuple[str, float, float], ...]:
        rows = [(name, at / 1000) for kind, _, at, name in self._events if kind == _PHONEME]
        ends = [start for _, start in rows[1:]] + [duration_s]
        return tuple((name, start, end) for (name, start), end in zip(rows, ends, strict=True) if end > start)

    def _words(
        self, text: str, phones: Sequence[tuple[str, float, float]], duration_s: float
    ) -> tuple[tuple[float, float], ...] | None:
        """Spans of the words; words said as one ("of the") share their span by their letters."""
        firsts, at = [], 0
        for word in text.split():
            at = text.index(word, at)
            firsts.append(at)
            at += len(word)
        begun: dict[int, float] = {}
        for kind, position, time_ms, _ in self._events:
            if kind == _WORD:
                number = max((i for i, first in enumerate(firsts) if first <= position - 1), default=0)
                begun.setdefault(number, time_ms / 1000)
        if 0 not in begun or len(begun) < len(firsts) * 0.6:
            return None
        groups = sorted(begun)
        spans: list[tuple[float, float]] = []
        for number, first in enumerate(groups):
            after = groups[number + 1] if number + 1 < len(groups) else len(firsts)
            start, limit = begun[first], begun.get(after, duration_s)
            sounding = [end for name, s, end in phones if s >= start - 0.005 and end <= limit + 0.005]
            spoken = [
                end for name, s, end in phones if name not in PAUSES and start - 0.005 <= s < limit - 0.005
            ]
            end = min(limit, max(spoken, default=max(sounding, default=limit)))
            spans.extend(_shared(start, max(end, start + 0.02), text.split()[first:after]))
        return tuple(spans)


def _espeak_file(name: str) -> str:
    """The voice file of a language code: the command line knows "en-gb", the library only "gmw/en"."""
    language, plus, variant = name.partition("+")
    return ESPEAK_FILES.get(language, language) + plus + variant


def _shared(start: float, end: float, words: Sequence[str]) -> list[tuple[float, float]]:
    edges = np.cumsum([0] + [len(word) for word in words]) / sum(len(word) for word in words)
    times = start + edges * (end - start)
    return [(float(a), float(b)) for a, b in itertools.pairwise(times)]
