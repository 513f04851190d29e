"""Azure speech to text: batch transcription (``recognizedPhrases``) and fast transcription (``phrases``)."""

from __future__ import annotations

import re
from typing import Any

from qa.formats.document import (
    Document,
    Facts,
    Format,
    Parsed,
    Said,
    moment,
    rows,
    seconds,
    share,
    text_or_none,
)
from qa.values import Word

TICK = 1e-7
MS = 0.001
ISO = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$")


def recognises(document: Document) -> bool:
    fields = document.fields
    return isinstance(fields.get("recognizedPhrases"), list) or (
        isinstance(fields.get("phrases"), list) and "combinedPhrases" in fields
    )


def parse(document: Document) -> Parsed:
    fields = document.fields
    phrases = rows(fields.get("recognizedPhrases")) or rows(fields.get("phrases"))
    n_channels = len({str(row.get("channel")) for row in phrases})
    said = tuple(
        _said(row, n_channels) for row in phrases if row.get("recognitionStatus", "Success") == "Success"
    )
    return Parsed(
        said,
        Facts(
            language=next((text_or_none(row.get("locale")) for row in phrases), None),
            duration_s=_time(fields, "duration"),
            started_at=moment(fields.get("recordingStart")),
        ),
    )


def _said(row: dict[str, Any], n_channels: int) -> Said:
    best = next(iter(rows(row.get("nBest"))), row)
    start, length = _time(row, "offset"), _time(row, "duration")
    key = "channel" if n_channels > 1 or row.get("speaker") is None else "speaker"
    number = row.get(key)
    return Said(
        label=None if number is None else f"{key} {number}",
        text=text_or_none(best.get("display")) or text_or_none(best.get("text")) or "",
        start=start,
        end=None if start is None else start + (length or 0.0),
        words=_words(best.get("displayWords") or best.get("words")),
    )


def _words(items: Any) -> tuple[Word, ...]:
    words = []
    for row in rows(items):
        text = (
            text_or_none(row.get("displayText"))
            or text_or_none(row.get("word"))
            or text_or_none(row.get("text"))
        )
        start, length = _time(row, "offset"), _time(row, "duration")
        if text is None or start is None:
            return ()
        words.append(Word(text, start, start + (length or 0.0), share(row.get("confidence"))))
    return tuple(words)


def _time(row: dict[str, Any], name: str) -> float | None:
    """A time in whatever unit this version of the service writes it."""
    for key in (f"{name}InTicks", f"{name}Ticks"):
        if key in row:
            return seconds(row[key], unit=TICK)
    if f"{name}Milliseconds" in row:
        return seconds(row[f"{name}Milliseconds"], unit=MS)
    found = ISO.match(str(row.get(name, "")))
    if not found:
        return None
    hours, minutes, rest = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0)


FORMAT = Format("Azure speech to text", recognises, parse)
