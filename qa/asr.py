"""Speech to words with times: the only place that imports WhisperModel.

Conventions
-----------
- The encoder's cost is one pass of 30 s per window, whatever the window holds: speech regions of a channel
  are packed, and the windows of both channels, and of several calls of one language, go through in one list,
  laid end to end in one array.
- Word times come back on that array's clock and are mapped to the recording by window and piece.
- What is heard in a window does not depend on where it lies in the array: windows begin on whole seconds, since
  the library rounds times to 10 ms, and far apart.
- Decoding is deterministic: temperature 0, no sampling, no condition on earlier text. A second pass hears
  doubtful windows again; what stays doubtful is kept, marked, and never scored.
- Nothing is ever fetched from here: a model is a directory that is already there, or an error.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.audio import Recording
from qa.doubt import is_doubtful, mark_doubtful, phantoms_marked
from qa.errors import ModelError
from qa.memory import give_back
from qa.settings import Settings
from qa.speech import Window, pack
from qa.transcriber import Speech, Transcript, heard_alone
from qa.values import Span, Word

log = logging.getLogger(__name__)

DEFAULT_MODEL = "small.en"
MODEL_FILES = ("config.json", "model.bin", "tokenizer.json")
MAX_HOTWORDS = 50
BATCH_SIZES = {"cpu": 2, "cuda": 16}  # a processor gains nothing from more, and pays for it in memory
MAX_WINDOWS_PER_CALL = {"cpu": 8, "cuda": 64}
"""The library builds the log-mels of all of them before the first is heard: 4 MiB each with their sound."""
GRID_S = 1  # windows begin on whole seconds: the library counts in 10 ms and rounds times to them
BETWEEN_WINDOWS_S = (
    4.0  # and at the start: less, and the library would shorten first words by the window before
)
LANGUAGE_SECONDS = 120

SECOND_PASS: dict[str, Any] = {
    # Heard alone, with timestamps and the library's own guards; loops are barred. Sampling at a higher
    # temperature, as the reference does it, would give other words each time.
    "repetition_penalty": 1.1,
    "no_repeat_ngram_size": 5,
    "hallucination_silence_threshold": 2.0,
}


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """How to run the model; no ``batch_size`` takes what suits the device.

    ``mix_calls`` puts windows of several calls into one batch (None: on a GPU only, which is filled by it).
    The words stay the same, but the library aligns a batch as a whole: a word's time may move by its step of 20 ms.

    ``hotwords`` and ``initial_prompt`` carry a firm's own vocabulary.
    """

    device: str = "auto"
    compute_type: str | None = None
    cpu_threads: int = 0
    batch_size: int | None = None
    mix_calls: bool | None = None
    beam_size: int = 5
    language: str | None = None
    initial_prompt: str | None = None
    hotwords: str | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """One window of one of the calls."""

    call: int
    recording: Recording
    window: Window
    language: str


@dataclass(frozen=True, slots=True)
class _Heard:
    """One segment that the model gave for one task: its words and how sure it is of them."""

    task: int
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
        device = str(getattr(getattr(self._model, "model", None), "device", "cpu"))
        self.device = device
        self._batch_size = self.options.batch_size or BATCH_SIZES.get(device, 1)
        self._mixes_calls = device == "cuda" if self.options.mix_calls is None else self.options.mix_calls
        self._max_windows = MAX_WINDOWS_PER_CALL.get(device, MAX_WINDOWS_PER_CALL["cpu"])

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        """Words of every channel; doubtful ones are marked. No regions, no words: the model is not asked."""
        return self._transcribed([Speech(recording, regions)])[0]

    def transcribe_many(self, calls: Sequence[Speech]) -> tuple[Transcript | Exception, ...]:
        """Several calls with their windows in one list; each has the words that it has alone."""
        if len(calls) > 1:
            try:
                return self._transcribed(calls)
            except Exception as err:  # it is one call's: by themselves, the others do not see it
                log.warning("%d calls together: %s; each by itself", len(calls), type(err).__name__)
        return tuple(heard_alone(self, call) for call in calls)

    def _transcribed(self, calls: Sequence[Speech]) -> tuple[Transcript, ...]:
        tasks: list[_Task] = []
        languages: list[tuple[str | None, float | None]] = []
        for number, call in enumerate(calls):
            windows = [w for c, spans in enumerate(call.regions) for w in pack(spans, channel=c)]
            languages.append(self._language(call.recording, windows) if windows else (None, None))
            language = languages[-1][0] or ""
            tasks += [_Task(number, call.recording, window, language) for window in windows]
        heard = self._guarded(tasks, self._first_hearing(tasks))
        return tuple(
            _transcript(number, call, languages[number], tasks, heard) for number, call in enumerate(calls)
        )

    def _first_hearing(self, tasks: Sequence[_Task]) -> list[_Heard]:
        """All windows: those of one language together, or those of each call where calls are not mixed."""
        lists: dict[tuple[str, int], list[int]] = {}
        for number, task in enumerate(tasks):
            lists.setdefault((task.language, 0 if self._mixes_calls else task.call), []).append(number)
        heard = []
        for (language, _), of_it in lists.items():
            for first in range(0, len(of_it), self._max_windows):
                give_back()
                heard += self._first_pass(tasks, of_it[first : first + self._max_windows], language)
        return heard

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

    def _first_pass(self, tasks: Sequence[_Task], chosen: Sequence[int], language: str) -> list[_Heard]:
        sound, clips = _laid_out([tasks[number] for number in chosen])
        segments, _ = self._pipeline.transcribe(
            sound,
            clip_timestamps=[{"start": clip.start, "end": clip.end} for clip in clips],
            batch_size=self._batch_size,
            language=language,
            **self._decoding(),
        )
        heard = []
        for segment in segments:  # exhausted always: the pipeline keeps state until the end
            at = _clip_of(clips, segment)
            heard.append(_heard(segment, tasks[chosen[at]].window, chosen[at], offset_s=clips[at].start))
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

    def _guarded(self, tasks: Sequence[_Task], heard: Sequence[_Heard]) -> list[tuple[_Heard, bool]]:
        """Doubtful windows are heard again by themselves; what stays doubtful is marked, and said to be so."""
        kept = []
        by_task: dict[int, list[_Heard]] = {}
        for one in heard:
            by_task.setdefault(one.task, []).append(one)
        for number, ones in sorted(by_task.items()):
            if any(_is_doubtful(one) for one in ones):
                ones = self._second_pass(tasks[number], number) or ones
            for one in ones:
                bad = _is_doubtful(one)
                words = mark_doubtful(phantoms_marked(one.words), all_of_it=bad)
                kept.append((replace(one, words=words), bad))
        return kept

    def _second_pass(self, task: _Task, number: int) -> list[_Heard]:
        segments, _ = self._model.transcribe(
            task.window.samples(task.recording),
            language=task.language,
            **self._decoding(),
            **SECOND_PASS,
        )
        return [_heard(segment, task.window, number, offset_s=0.0) for segment in segments]


def _transcript(
    number: int,
    call: Speech,
    language: tuple[str | None, float | None],
    tasks: Sequence[_Task],
    heard: Sequence[tuple[_Heard, bool]],
) -> Transcript:
    """What was heard of one of the calls."""
    words: list[list[Word]] = [[] for _ in call.regions]
    n_doubtful = 0
    for one, doubtful in heard:
        if tasks[one.task].call == number:
            words[tasks[one.task].window.channel].extend(one.words)
            n_doubtful += doubtful
    notes = (f"{n_doubtful} stretches were hard to hear and are not scored.",) if n_doubtful else ()
    return Transcript(
        words=tuple(tuple(sorted(one, key=lambda w: (w.start, w.end))) for one in words),
        language=language[0],
        language_probability=language[1],
        notes=notes,
    )


def _laid_out(tasks: Sequence[_Task]) -> tuple[NDArray[np.float32], list[Span]]:
    """Windows end to end in one array with silence before each, and where each one lies (seconds)."""
    rate_hz = tasks[0].recording.rate_hz
    starts, end_s = [], 0.0
    for task in tasks:
        starts.append(math.ceil(end_s + BETWEEN_WINDOWS_S))  # a whole second
        end_s = starts[-1] + task.window.duration_s
    whole, clips = np.zeros(math.ceil(end_s) * rate_hz, np.float32), []
    for start, task in zip(starts, tasks, strict=True):
        sound = task.window.samples(task.recording)
        whole[start * rate_hz : start * rate_hz + len(sound)] = sound
        # Half a sample more: the library cuts seconds down to samples, and would lose one at some places.
        clips.append(Span(start, start + (len(sound) + 0.5) / rate_hz))
    return whole, clips


def _clip_of(clips: Sequence[Span], segment: Any) -> int:
    """Index of the clip a segment came from: its ``seek`` is the clip's start in frames of 10 ms."""
    return min(range(len(clips)), key=lambda number: abs(clips[number].start - segment.seek / 100))


def _heard(segment: Any, window: Window, number: int, *, offset_s: float) -> _Heard:
    words = []
    for word in segment.words or ():
        first, last = (
            round(float(at) - offset_s, 3) for at in (word.start, word.end)
        )  # offsets blur the rest
        piece = window.piece_at((first + last) / 2)
        start, end = window.to_recording(first, piece), window.to_recording(last, piece)
        text = str(word.word).strip()
        if text:
            words.append(Word(text, start, max(start, end), round(float(word.probability), 4)))
    return _Heard(
        task=number,
        words=tuple(words),
        avg_logprob=float(segment.avg_logprob),
        no_speech=float(segment.no_speech_prob),
        text=str(segment.text).strip(),
    )


def _is_doubtful(heard: _Heard) -> bool:
    spoken_s = sum(word.end - word.start for word in heard.words)
    return is_doubtful(heard.text, heard.avg_logprob, heard.no_speech, spoken_s)


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
    options = WhisperOptions(
        device=settings.device, cpu_threads=settings.cpu_threads, hotwords=_hotwords(settings.data)
    )
    return WhisperTranscriber(directory, options=options)


def _hotwords(data: Path) -> str | None:
    """The firm's own names and terms, as the model's prompt takes them."""
    path = data / "settings" / "vocabulary.txt"
    if not path.is_file():
        return None
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    terms = [line for line in lines if line and not line.startswith("#")]
    return ", ".join(terms[:MAX_HOTWORDS]) or None


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
    """The model on the device that was asked for; ``auto`` takes a GPU where one works, else the processor."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # before the import: the library would look for missing files itself
    import ctranslate2

    if options.device == "auto" and ctranslate2.get_cuda_device_count() > 0:
        try:
            return _load_on("cuda", model_dir, options)
        except ModelError as err:
            log.warning("the GPU can't be used (%s); the processor is taken", err)
    return _load_on("cuda" if options.device == "cuda" else "cpu", model_dir, options)


def _load_on(device: str, model_dir: Path, options: WhisperOptions) -> Any:
    from faster_whisper import WhisperModel

    compute_type = options.compute_type or ("int8" if device == "cpu" else "float16")
    try:
        return WhisperModel(
            str(model_dir), device=device, compute_type=compute_type, cpu_threads=options.cpu_threads
        )
    except (RuntimeError, ValueError, OSError) as err:
        reason = str(err).splitlines()[0]
        raise ModelError(
            f"speech model {model_dir}: {reason}; run `qa models fetch {model_dir.name}`"
        ) from err


def _pipeline(model: Any) -> Any:
    from faster_whisper import BatchedInferencePipeline

    return BatchedInferencePipeline(model)
