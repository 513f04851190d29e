"""The whole hearing stage against faster-whisper alone, and what an hour of sound takes in memory.

Conventions: faster-whisper alone hears each channel for itself with its own speech detector, once in batches
and once in sequence; the quicker of the two is what the stage is measured against. Both sides decode with the
same beam, once, with word times. Windows are passes of the encoder, counted where they happen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import av
import numpy as np

from qa.asr import WhisperOptions, WhisperTranscriber
from qa.audio import Recording, decode
from qa.hearing import Source, hear_source
from qa.settings import Settings
from qa.transcriber import Transcript
from qa.values import Span, Word

RATE_HZ = 8000


@dataclass(frozen=True, slots=True)
class Round:
    """One way of hearing one file: wall time, time on the processor (all threads), encoder passes."""

    wall_s: float
    cpu_s: float
    windows: int


@dataclass(frozen=True, slots=True)
class HearingFigures:
    """What was measured with one model. ``outside_share`` is the time of the stage that is not transcription."""

    model: str
    sound_s: float
    stage: Round
    transcription: Round
    batched: Round
    in_sequence: Round

    @property
    def ratio(self) -> float:
        """Wall time of the stage over that of faster-whisper alone, the quicker way of it."""
        return self.stage.wall_s / min(self.batched.wall_s, self.in_sequence.wall_s)

    @property
    def cpu_ratio(self) -> float:
        """The same in processor time, which says more while other programs run."""
        return self.stage.cpu_s / min(self.batched.cpu_s, self.in_sequence.cpu_s)

    @property
    def outside_share(self) -> float:
        return 1 - self.transcription.wall_s / self.stage.wall_s

    @property
    def outside_cpu_share(self) -> float:
        return 1 - self.transcription.cpu_s / self.stage.cpu_s


class _Watch:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def round(self, windows: int) -> Round:
        return Round(time.perf_counter() - self._wall, time.process_time() - self._cpu, windows)


@dataclass(slots=True)
class _Timed:
    """A transcriber with a watch."""

    inner: Any
    name: str = "timed"
    taken: Round = Round(0.0, 0.0, 0)

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        watch = _Watch()
        made: Transcript = self.inner.transcribe(recording, regions)
        self.taken = watch.round(0)
        return made


@dataclass(slots=True)
class _Counter:
    windows: int = 0
    counted: list[Any] = field(default_factory=list)


@contextmanager
def _counting(model: Any) -> Iterator[_Counter]:
    """Count what goes through the encoder of a WhisperModel."""
    counter, encode = _Counter(), model.encode

    def counted(features: Any) -> Any:
        counter.windows += features.shape[0] if features.ndim == 3 else 1
        return encode(features)

    model.encode = counted
    try:
        yield counter
    finally:
        del model.encode


def measure_hearing(
    file: Path, model_dir: Path, settings: Settings, *, threads: int = 0, rounds: int = 2
) -> HearingFigures:
    """Hear one file in all three ways, ``rounds`` times in turn; the best of each counts."""
    options = WhisperOptions(device="cpu", cpu_threads=threads)
    transcriber = WhisperTranscriber(model_dir, options=options)
    model, pipeline = transcriber._model, transcriber._pipeline
    best: dict[str, tuple[Round, Round]] = {}
    ways: dict[str, Callable[[], Round]] = {
        "stage": lambda: _stage(file, settings, transcriber),
        "batched": lambda: _alone(file, pipeline, options, batch_size=8),
        "in_sequence": lambda: _alone(file, model, options, without_timestamps=True),
    }
    _warm_up(model, options)
    for _ in range(rounds):
        for name, way in ways.items():
            with _counting(model) as counter:
                watch = _Watch()
                transcription = way()
                made = watch.round(counter.windows)
            if name not in best or made.wall_s < best[name][0].wall_s:
                best[name] = made, transcription
    return HearingFigures(
        model=model_dir.name,
        sound_s=decode(file).duration_s,
        stage=best["stage"][0],
        transcription=best["stage"][1],
        batched=best["batched"][0],
        in_sequence=best["in_sequence"][0],
    )


def _stage(file: Path, settings: Settings, transcriber: WhisperTranscriber) -> Round:
    timed = _Timed(transcriber)
    hear_source(Source(recording=file), settings=settings, transcriber=timed)
    return timed.taken


def _alone(file: Path, model: Any, options: WhisperOptions, **more: Any) -> Round:
    from faster_whisper import decode_audio

    for channel in decode_audio(str(file), split_stereo=True):
        segments, _ = model.transcribe(
            channel,
            language="en",
            beam_size=options.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
            **more,
        )
        for _ in segments:
            pass
    return Round(0.0, 0.0, 0)


def _warm_up(model: Any, options: WhisperOptions) -> None:
    segments, _ = model.transcribe(np.zeros(16000, np.float32), language="en", beam_size=options.beam_size)
    list(segments)


def write_long_call(target: Path, calls: Sequence[Path], seconds: float) -> Path:
    """Calls of two channels one after another until the file is so long; 8 kHz, 16 bit."""
    with av.open(str(target), "w", format="wav") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="stereo")
        written = 0
        for path in cycle(calls):
            recording = decode(path, rate_hz=RATE_HZ)
            sound = np.stack([recording.channels[0], recording.channels[-1]], axis=1)
            sound = np.ascontiguousarray(sound[: round(seconds * RATE_HZ) - written]).reshape(1, -1)
            if not sound.size:
                break
            frame: Any = av.AudioFrame.from_ndarray(sound, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = RATE_HZ, written
            container.mux(stream.encode(frame))
            written += sound.size // 2
        container.mux(stream.encode(None))
    return target


@dataclass(slots=True)
class Silent:
    """A transcriber that says one word per region at no cost: what is left is the rest of the stage."""

    name: str = "silent"

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        _ = recording
        return Transcript(
            tuple(tuple(Word("word", s.start, s.end, 1.0) for s in spans) for spans in regions), "en"
        )


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Peak resident memory of a process of its own, and how much of it was there before the file."""

    peak_mib: float
    before_mib: float
    wall_s: float


def measure_memory(file: Path, model_dir: Path | None = None) -> MemoryFigures:
    """Hear a file in a new process; without a model everything but the transcription."""
    command = [sys.executable, "-m", "qa.bench.hearing", str(file), *([str(model_dir)] if model_dir else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    return MemoryFigures(**json.loads(done.stdout))


def _report_memory(file: Path, model_dir: Path | None) -> None:
    """What the process of its own does: hears, and prints its peak as JSON."""
    from qa.settings import load_settings

    transcriber = (
        WhisperTranscriber(model_dir, options=WhisperOptions(device="cpu")) if model_dir else Silent()
    )
    before = peak_mib()
    started = time.perf_counter()
    hear_source(Source(recording=file), settings=load_settings(), transcriber=transcriber)
    figures = {"peak_mib": peak_mib(), "before_mib": before, "wall_s": time.perf_counter() - started}
    sys.stdout.write(json.dumps(figures))


def peak_mib() -> float:
    """The most memory that this process has had.

    On Linux from the kernel's own count of this program: the usual one (``ru_maxrss``) goes on with what the
    process that started this one had, which may be more than all of this one's.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = (line.split() for line in status.read_text().splitlines())
        return next(int(line[1]) / 1024 for line in lines if line[0] == "VmHWM:")
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    _report_memory(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
