"""Speech to words with times: the only place that imports WhisperModel.

Conventions
-----------
- The encoder's cost is one pass of 30 s per window, whatever the window holds: speech regions of a channel
  are packed, and the windows of both channels go through in one list, laid end to end in one array.
- Word times come back on that array's clock and are mapped to the recording by window and piece.
- Decoding is deterministic: temperature 0, no sampling, no condition on earlier text. A second pass hears
  doubtful windows again; what stays doubtful is kept, marked, and never scored.
- Nothing is ever fetched from here: a model is a directory that is already there, or an error.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from qa.audio import Recording
from qa.errors import ModelError
from qa.settings import Settings, load_settings
from qa.speech import Window, pack
from qa.values import Span, Word
from qa.yaml_file import load_model

DEFAULT_MODEL = "small.en"
MODEL_FILES = ("config.json", "model.bin", "tokenizer.json")
MAX_WINDOWS_PER_CALL = (
    64  # the library builds every window's log-mel before the first result: about 1 MiB each
)
BETWEEN_WINDOWS_S = 0.5  # silence between two windows in the array, so that no window hears the next
LANGUAGE_SECONDS = 120

MAX_COMPRESSION_RATIO = 2.4  # thresholds of the reference implementation of Whisper
MIN_AVG_LOGPROB = -1.0
MAX_NO_SPEECH = 0.6
SECOND_PASS: dict[str, Any] = {
    # Heard alone, with timestamps and the library's own guards; loops are barred. Sampling at a higher
    # temperature, as the reference does it, would give other words each time.
    "repetition_penalty": 1.1,
    "no_repeat_ngram_size": 5,
    "hallucination_silence_threshold": 2.0,
}
MIN_WORD_PROBABILITY = 0.15
MAX_LETTERS_PER_S = 35.0  # nobody speaks faster; text beyond it was not heard
LOOP_REPEATS = 4  # the same one to four words this often in a row


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of each channel, in order, on the recording's clock."""

    words: tuple[tuple[Word, ...], ...]
    language: str | None = None
    language_probability: float | None = None
    notes: tuple[str, ...] = ()


class PhantomPhrases(BaseModel):
    """Sentences that no call holds and the model is known to invent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    phrases: tuple[str, ...]


class Transcriber(Protocol):
    """Whatever turns speech regions into words. ``name`` is stored with every score."""

    name: str

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        """Words of every channel; ``regions[c]`` are the spans of speech of channel ``c``, in order."""
        ...


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """How to run the model. ``hotwords`` and ``initial_prompt`` carry a firm's own vocabulary."""

    device: str = "cpu"
    compute_type: str | None = None
    cpu_threads: int = 0
    batch_size: int = 1
    beam_size: int = 5
    language: str | None = None
    initial_prompt: str | None = None
    hotwords: str | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """One segment that the model gave for one window: its words and how sure it is of them."""

    window: int
    words: tuple[Word, ...]
    avg_logprob: float
    no_speech: float
    text: str


class WhisperTranscriber:
    """faster-whisper on packed windows of both channels.

    Parameters
    ----------
    model_dir
        A complete model directory (see ``MODEL_FILES``).
    model, pipeline
        A loaded WhisperModel and its BatchedInferencePipeline; None loads them from ``model_dir``.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        options: WhisperOptions | None = None,
        model: Any = None,
        pipeline: Any = None,
    ) -> None:
        self.name = model_dir.name
        self.options = options or WhisperOptions()
        self._model = _load(model_dir, self.options) if model is None else model
        self._pipeline = _pipeline(self._model) if pipeline is None else pipeline

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        """Words of every channel; doubtful ones are marked. No regions, no words: the model is not asked."""
        windows = [w for channel, spans in enumerate(regions) for w in pack(spans, channel=channel)]
        if not windows:
            return Transcript(tuple(() for _ in regions))
        language, probability = self._language(recording, windows)
        heard = [
            one
            for start in range(0, len(windows), MAX_WINDOWS_PER_CALL)
            for one in self._first_pass(recording, windows, start, language)
        ]
        heard, n_doubtful = self._guarded(recording, windows, heard, language)
        words: list[list[Word]] = [[] for _ in regions]
        for one in heard:
            words[windows[one.window].channel].extend(one.words)
        notes = (f"{n_doubtful} stretches were hard to hear and are not scored.",) if n_doubtful else ()
        return Transcript(
            words=tuple(tuple(sorted(one, key=lambda w: (w.start, w.end))) for one in words),
            language=language,
            language_probability=probability,
            notes=notes,
        )

    def _language(self, recording: Recording, windows: Sequence[Window]) -> tuple[str, float | None]:
        """The call's one language: as set, by an English-only model, else detected on its first speech."""
        if self.options.language:
            return self.options.language, None
        if not getattr(self._model.model, "is_multilingual", True):
            return "en", None
        sound, wanted = [], LANGUAGE_SECONDS * recording.rate_hz
        for window in windows:
            sound.append(window.samples(recording))
            wanted -= len(sound[-1])
            if wanted <= 0:
                break
        language, probability, _ = self._model.detect_language(
            audio=np.concatenate(sound), language_detection_segments=LANGUAGE_SECONDS // 30
        )
        return str(language), float(probability)

    def _first_pass(
        self, recording: Recording, windows: Sequence[Window], start: int, language: str
    ) -> list[_Heard]:
        chosen = windows[start : start + MAX_WINDOWS_PER_CALL]
        sound, clips = lay_out([window.samples(recording) for window in chosen], recording.rate_hz)
        segments, _ = self._pipeline.transcribe(
            sound,
            clip_timestamps=[{"start": clip.start, "end": clip.end} for clip in clips],
            batch_size=self.options.batch_size,
            language=language,
            **self._decoding(),
        )
        heard = []
        for segment in segments:  # exhausted always: the pipeline keeps state until the end
            at = _clip_of(clips, segment)
            heard.append(_heard(segment, chosen[at], start + at, offset_s=clips[at].start))
        return heard

    def _decoding(self) -> dict[str, Any]:
        return {
            "task": "transcribe",
            "word_timestamps": True,
            "vad_filter": False,
            "condition_on_previous_text": False,
            "temperature": 0.0,
            "beam_size": self.options.beam_size,
            "initial_prompt": self.options.initial_prompt,
            "hotwords": self.options.hotwords,
        }

    def _guarded(
        self, recording: Recording, windows: Sequence[Window], heard: list[_Heard], language: str
    ) -> tuple[list[_Heard], int]:
        """Doubtful windows are heard again by themselves; what stays doubtful is marked."""
        kept, n_doubtful = [], 0
        by_window: dict[int, list[_Heard]] = {}
        for one in heard:
            by_window.setdefault(one.window, []).append(one)
        for number, ones in sorted(by_window.items()):
            if any(is_doubtful(one.text, one.avg_logprob, one.no_speech, _spoken_s(one)) for one in ones):
                ones = self._second_pass(recording, windows[number], number, language) or ones
            for one in ones:
                bad = is_doubtful(one.text, one.avg_logprob, one.no_speech, _spoken_s(one))
                n_doubtful += bad
                kept.append(replace(one, words=mark_doubtful(_phantoms_marked(one.words), all_of_it=bad)))
        return kept, n_doubtful

    def _second_pass(self, recording: Recording, window: Window, number: int, language: str) -> list[_Heard]:
        segments, _ = self._model.transcribe(
            window.samples(recording),
            language=language,
            **self._decoding(),
            **SECOND_PASS,
        )
        return [_heard(segment, window, number, offset_s=0.0) for segment in segments]


def lay_out(sounds: Sequence[np.ndarray[Any, Any]], rate_hz: int) -> tuple[np.ndarray[Any, Any], list[Span]]:
    """Windows end to end in one array with a short silence between, and where each one lies (seconds)."""
    gap = round(BETWEEN_WINDOWS_S * rate_hz)
    whole = np.zeros(sum(len(sound) + gap for sound in sounds), np.float32)
    clips, at = [], 0
    for sound in sounds:
        whole[at : at + len(sound)] = sound
        clips.append(Span(at / rate_hz, (at + len(sound)) / rate_hz))
        at += len(sound) + gap
    return whole, clips


def _clip_of(clips: Sequence[Span], segment: Any) -> int:
    """Index of the clip a segment came from: its ``seek`` is the clip's start in frames of 10 ms."""
    return min(range(len(clips)), key=lambda number: abs(clips[number].start - segment.seek / 100))


def _heard(segment: Any, window: Window, number: int, *, offset_s: float) -> _Heard:
    words = []
    for word in segment.words or ():
        piece = window.piece_at((float(word.start) + float(word.end)) / 2 - offset_s)
        start = window.to_recording(float(word.start) - offset_s, piece)
        end = window.to_recording(float(word.end) - offset_s, piece)
        text = str(word.word).strip()
        if text:
            words.append(Word(text, start, max(start, end), round(float(word.probability), 4)))
    return _Heard(
        window=number,
        words=tuple(words),
        avg_logprob=float(segment.avg_logprob),
        no_speech=float(segment.no_speech_prob),
        text=str(segment.text).strip(),
    )


def _spoken_s(heard: _Heard) -> float:
    return sum(word.end - word.start for word in heard.words)


def is_doubtful(text: str, avg_logprob: float, no_speech: float, spoken_s: float) -> bool:
    """Whether a stretch of text is likely not what was said.

    The signs: it loops, compresses too well, the model is unsure of it all, it takes it for no speech, or it
    is more text than anybody can say in that time. Loops come with high confidence, so they are looked for.
    """
    if not text:
        return False
    raw = text.encode()
    if len(raw) > 60 and len(raw) / len(zlib.compress(raw)) > MAX_COMPRESSION_RATIO:
        return True
    if loops(text) or is_phantom(text):
        return True
    if avg_logprob < MIN_AVG_LOGPROB or (no_speech > MAX_NO_SPEECH and avg_logprob < MIN_AVG_LOGPROB / 2):
        return True
    return spoken_s > 0 and len(text) / max(spoken_s, 0.2) > MAX_LETTERS_PER_S


@cache
def _phantom_phrases() -> frozenset[str]:
    path = load_settings().data / "settings" / "phantom_phrases.yaml"
    return frozenset(_letters(phrase) for phrase in load_model(path, PhantomPhrases).phrases)


def is_phantom(text: str) -> bool:
    """Whether the text is nothing but phrases that the model learned from subtitles and says to silence."""
    known = _phantom_phrases()
    sentences = [_letters(one) for one in re.split(r"[.!?\n]+", text)]
    return _letters(text) in known or all(one in known for one in sentences if one)


def _phantoms_marked(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words, those of a phantom sentence among real ones marked; one or two words are left alone."""
    marked: list[Word] = []
    sentence: list[Word] = []
    for number, word in enumerate(words):
        sentence.append(word)
        if word.word.endswith((".", "!", "?")) or number == len(words) - 1:
            text = " ".join(one.word for one in sentence)
            is_invented = len(sentence) > 2 and _letters(text) in _phantom_phrases()
            marked += [replace(one, doubtful=one.doubtful or is_invented) for one in sentence]
            sentence = []
    return tuple(marked)


def _letters(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower()))


def loops(text: str) -> bool:
    """Whether one to four words come ``LOOP_REPEATS`` times or more in a row ("no no no" does not count)."""
    words = re.findall(r"[\w']+", text.lower())
    for size in (1, 2, 3, 4):
        needed = LOOP_REPEATS + 2 if size == 1 else LOOP_REPEATS
        run = 1
        for at in range(size, len(words) - size + 1, size):
            run = run + 1 if words[at : at + size] == words[at - size : at] else 1
            if run >= needed:
                return True
    return False


def mark_doubtful(words: Iterable[Word], *, all_of_it: bool) -> tuple[Word, ...]:
    """The words, doubtful ones marked: all of them, or each that the model itself hardly believes."""
    return tuple(
        replace(word, doubtful=True)
        if all_of_it or (word.probability is not None and word.probability < MIN_WORD_PROBABILITY)
        else word
        for word in words
    )


def load_transcriber(settings: Settings) -> WhisperTranscriber:
    """The speech model of the settings: a directory, or a name that `qa models fetch` has put in place.

    Raises
    ------
    ModelError
        It is not there or not whole; the message is the command to run.
    """
    directory = find_model(settings)
    missing = [name for name in MODEL_FILES if not (directory / name).is_file()]
    if missing:
        raise ModelError(
            f"speech model {directory}: {missing[0]} is missing; run `qa models fetch {directory.name}`"
        )
    return WhisperTranscriber(directory, options=WhisperOptions(cpu_threads=settings.cpu_threads))


def find_model(settings: Settings) -> Path:
    """The directory of the speech model that the settings name."""
    name = settings.model or DEFAULT_MODEL
    for candidate in (Path(name), settings.home / "models" / name, settings.models / name):
        if candidate.is_dir():
            return candidate
    fetch = name if re.fullmatch(r"[\w.-]+", name) else DEFAULT_MODEL
    raise ModelError(
        f"no speech model '{name}' here; run `qa models fetch {fetch}` or give a directory with --model"
    )


def _load(model_dir: Path, options: WhisperOptions) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"  # before the import: the library would look for missing files itself
    from faster_whisper import WhisperModel

    compute_type = options.compute_type or ("int8" if options.device == "cpu" else "float16")
    try:
        return WhisperModel(
            str(model_dir), device=options.device, compute_type=compute_type, cpu_threads=options.cpu_threads
        )
    except (RuntimeError, ValueError, OSError) as err:
        reason = str(err).splitlines()[0]
        raise ModelError(
            f"speech model {model_dir}: {reason}; run `qa models fetch {model_dir.name}`"
        ) from err


def _pipeline(model: Any) -> Any:
    from faster_whisper import BatchedInferencePipeline

    return BatchedInferencePipeline(model)
