"""Genesys Cloud speech and text analytics: phrases with the purpose of who says them.

``startTimeMs`` is a time of day in some exports and counts from the start of the conversation in others:
times of day are brought to the conversation's start.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from qa.formats.document import Document, Facts, Format, Parsed, Said, rows, seconds, share, text_or_none
from qa.values import Word

MS = 0.001
TIME_OF_DAY_MS = 1e11  # larger numbers count from 1970
PURPOSES = {"internal": "agent", "user": "agent", "external": "customer"}


def recognises(document: Document) -> bool:
    return any("phrases" in row for row in rows(document.fields.get("transcripts")))


def parse(document: Document) -> Parsed:
    fields = document.fields
    phrases = [phrase for row in rows(fields["transcripts"]) for phrase in rows(row.get("phrases"))]
    base_ms = _base_ms(fields, phrases)
    said = tuple(_said(phrase, base_ms) for phrase in phrases)
    is_dated = base_ms >= TIME_OF_DAY_MS
    return Parsed(
        said,
        Facts(
            call_id=text_or_none(fields.get("conversationId")),
            started_at=datetime.fromtimestamp(base_ms * MS, UTC) if is_dated else None,
            language=next((text_or_none(row.get("language")) for row in rows(fields["transcripts"])), None),
            notes=()
            if fields.get("mediaType") in (None, "call", "voice")
            else ("It is a message, not a call.",),
        ),
    )


def _base_ms(fields: dict[str, Any], phrases: list[dict[str, Any]]) -> float:
    starts = [float(row["startTimeMs"]) for row in phrases if isinstance(row.get("startTimeMs"), int | float)]
    if not starts or min(starts) < TIME_OF_DAY_MS:
        return 0.0
    for key in ("conversationStartTime", "startTime"):
        given = fields.get(key)
        if isinstance(given, int | float) and TIME_OF_DAY_MS <= given <= min(starts):
            return float(given)
    return min(starts)


def _said(phrase: dict[str, Any], base_ms: float) -> Said:
    start = _start(phrase, base_ms)
    words = tuple(_words(phrase.get("words"), base_ms))
    end = words[-1].end if words else _plus(start, phrase)
    purpose = text_or_none(phrase.get("participantPurpose")) or ""
    return Said(
        label=PURPOSES.get(purpose.lower(), purpose) or None,
        text=text_or_none(phrase.get("decoratedText")) or text_or_none(phrase.get("text")) or "",
        start=start,
        end=end,
        words=words,
    )


def _words(items: Any, base_ms: float) -> list[Word]:
    words = []
    for row in rows(items):
        text, start = text_or_none(row.get("word")), _start(row, base_ms)
        if text is None or start is None:
            return []
        words.append(Word(text, start, _plus(start, row) or start, share(row.get("confidence"))))
    return words


def _start(row: dict[str, Any], base_ms: float) -> float | None:
    value = row.get("startTimeMs")
    return seconds(value - base_ms, unit=MS) if isinstance(value, int | float) else None


def _plus(start: float | None, row: dict[str, Any]) -> float | None:
    length = row.get("duration")
    if isinstance(length, dict):
        length = length.get("milliseconds", length.get("durationMillis"))
    lasted = seconds(length, unit=MS)
    return None if start is None or lasted is None else start + lasted


FORMAT = Format("Genesys Cloud", recognises, parse)
