"""Detecting and scoring as a share of what transcribing the same calls takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.batch.files import Content
from qa.batch.pipeline import Pipeline
from qa.hearing import Source
from qa.metadata import Metadata
from qa.settings import Settings
from qa.values import Call


@dataclass(frozen=True, slots=True)
class ScoringFigures:
    """Seconds for all calls together."""

    n_calls: int
    sound_s: float
    masking_and_reading_s: float
    scoring_s: float

    def share_of(self, transcription_s_per_sound_s: float) -> float:
        """Scoring over transcription, at the speed of transcription that was measured."""
        return self.scoring_s / (self.sound_s * transcription_s_per_sound_s)


def measure_scoring(files: Sequence[Path], settings: Settings, *, form: str | None = None) -> ScoringFigures:
    """Detect and score the calls of transcripts, once warm."""
    pipeline = Pipeline(settings, form)
    started = time.perf_counter()
    calls = [pipeline.hear(Source(transcript=file), Metadata()) for file in files]
    reading_s = time.perf_counter() - started
    _score(pipeline, files[0], calls[0])
    started = time.perf_counter()
    for file, call in zip(files, calls, strict=True):
        _score(pipeline, file, call)
    return ScoringFigures(
        n_calls=len(calls),
        sound_s=sum(call.duration for call in calls),
        masking_and_reading_s=reading_s,
        scoring_s=time.perf_counter() - started,
    )


def _score(pipeline: Pipeline, file: Path, call: Call) -> None:
    pipeline.score(
        call, source=Source(transcript=file), content=Content(None, file.name), metadata=Metadata()
    )
