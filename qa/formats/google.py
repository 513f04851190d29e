"""Google: Conversational Insights (exported or to be imported) and Speech-to-Text with channels or speakers."""

from __future__ import annotations

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
from qa.turns import text_of, utterances
from qa.values import Word

US = 1e-6


def recognises(document: Document) -> bool:
    return bool(_segments(document) or _entries(document) or _results(document))


def parse(document: Document) -> Parsed:
    fields = document.fields
    segments, entries = _segments(document), _entries(document)
    if segments:
        said = tuple(_segment(row) for row in segments)
    elif entries:
        start = min(filter(None, (_usec(row) for row in entries)), default=0.0)
        said = tuple(
            Said(
                label=text_or_none(row.get("role")) or text_or_none(row.get("user_id")),
                text=text_or_none(row.get("text")) or "",
                start=None if _usec(row) is None else (_usec(row) or 0.0) - start,
            )
            for row in entries
        )
    else:
        said = tuple(one for row in _results(document) for one in _result(row))
    labels = fields.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    return Parsed(
        said,
        Facts(
            agent=text_or_none(fields.get("agentId")) or text_or_none(labels.get("agent_id")),
            queue=text_or_none(labels.get("queue")),
            language=text_or_none(fields.get("languageCode")),
            started_at=moment(fields.get("startTime")),
            duration_s=_offset(fields.get("duration")),
        ),
    )


def _segments(document: Document) -> list[dict[str, Any]]:
    transcript = document.fields.get("transcript")
    return rows(transcript.get("transcriptSegments")) if isinstance(transcript, dict) else []


def _entries(document: Document) -> list[dict[str, Any]]:
    found = rows(document.fields.get("entries"))
    return found if found and all("text" in row and "role" in row for row in found) else []


def _results(document: Document) -> list[dict[str, Any]]:
    found = rows(document.fields.get("results"))
    return found if found and all("alternatives" in row for row in found) else []


def _segment(row: dict[str, Any]) -> Said:
    who = row.get("segmentParticipant")
    role = text_or_none(who.get("role")) if isinstance(who, dict) else None
    channel = row.get("channelTag")
    words = _words(row.get("words"))
    return Said(
        label=role or (None if channel is None else f"channel {channel}"),
        text=text_or_none(row.get("text")) or "",
        start=words[0].start if words else None,
        end=words[-1].end if words else None,
        words=words,
    )


def _result(row: dict[str, Any]) -> list[Said]:
    """Speech-to-Text: one channel per result, or speakers told by a tag on each word."""
    best = next(iter(rows(row.get("alternatives"))), {})
    items = rows(best.get("words"))
    channel = row.get("channelTag")
    by_label: dict[str | None, list[dict[str, Any]]] = {}
    for item in items:
        tag = text_or_none(item.get("speakerTag")) or text_or_none(item.get("speakerLabel"))
        label = f"channel {channel}" if channel else f"speaker {tag}" if tag and tag != "0" else None
        by_label.setdefault(label, []).append(item)
    return [
        Said(label, text_of(one), one[0].start, one[-1].end, one)
        for label, found in by_label.items()
        for one in utterances(_words(found))
    ]


def _words(items: Any) -> tuple[Word, ...]:
    words = []
    for row in rows(items):
        start = _offset(row.get("startOffset", row.get("startTime")))
        end = _offset(row.get("endOffset", row.get("endTime")))
        text = text_or_none(row.get("word"))
        if text is None or end is None:
            return ()
        begin = start or 0.0  # a start of zero is left out of the JSON
        words.append(Word(text, begin, max(begin, end), share(row.get("confidence"))))
    return tuple(words)


def _offset(value: Any) -> float | None:
    """ "12.3s" in seconds."""
    return seconds(value.rstrip("s")) if isinstance(value, str) else seconds(value)


def _usec(row: dict[str, Any]) -> float | None:
    value = row.get("start_timestamp_usec")
    try:
        return None if value is None else float(value) * US
    except (TypeError, ValueError):
        return None


FORMAT = Format("Google Insights or Speech-to-Text", recognises, parse)
