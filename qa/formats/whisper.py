"""Whisper and WhisperX JSON: segments with words; speakers only where diarization has put them."""

from __future__ import annotations

from typing import Any

from qa.formats.document import (
    Document,
    Facts,
    Format,
    Parsed,
    Said,
    rows,
    seconds,
    text_or_none,
    timed_words,
)
from qa.values import Word


def recognises(document: Document) -> bool:
    segments = document.fields.get("segments")
    return isinstance(segments, list) and all("text" in row and "start" in row for row in rows(segments))


def parse(document: Document) -> Parsed:
    said = tuple(
        Said(
            label=text_or_none(row.get("speaker")),
            text=text_or_none(row.get("text")) or "",
            start=seconds(row.get("start")),
            end=seconds(row.get("end")),
            words=_words(row.get("words")),
        )
        for row in rows(document.fields["segments"])
    )
    return Parsed(said, Facts(language=text_or_none(document.fields.get("language"))))


def _words(items: Any) -> tuple[Word, ...]:
    first = next(iter(rows(items)), {})
    text = "word" if "word" in first else "text"
    sure = next((key for key in ("probability", "score", "confidence") if key in first), "probability")
    return timed_words(items, text=text, start="start", end="end", probability=sure)


FORMAT = Format("Whisper or WhisperX", recognises, parse)
