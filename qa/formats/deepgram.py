"""Deepgram: utterances, or words with a speaker each, or one channel per speaker."""

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
from qa.turns import text_of, utterances
from qa.values import Word


def recognises(document: Document) -> bool:
    results = document.fields.get("results")
    return isinstance(results, dict) and any("alternatives" in row for row in rows(results.get("channels")))


def parse(document: Document) -> Parsed:
    results = document.fields["results"]
    channels = rows(results["channels"])
    spoken = rows(results.get("utterances"))
    if spoken:
        said = tuple(
            Said(
                label=_label(row, n_channels=len(channels)),
                text=text_or_none(row.get("transcript")) or "",
                start=seconds(row.get("start")),
                end=seconds(row.get("end")),
                words=_words(row.get("words")),
            )
            for row in spoken
        )
    else:
        said = tuple(
            one for number, row in enumerate(channels) for one in _by_words(row, number, len(channels))
        )
    about = document.fields.get("metadata")
    about = about if isinstance(about, dict) else {}
    language = next((text_or_none(row.get("detected_language")) for row in channels), None)
    return Parsed(said, Facts(duration_s=seconds(about.get("duration")), language=language))


def _label(row: dict[str, Any], *, n_channels: int) -> str | None:
    key = "channel" if n_channels > 1 else "speaker"
    number = row.get(key)
    return None if number is None else f"{key} {number}"


def _words(items: Any) -> tuple[Word, ...]:
    key = "punctuated_word" if any("punctuated_word" in row for row in rows(items)) else "word"
    return timed_words(items, text=key, start="start", end="end", probability="confidence")


def _by_words(channel: dict[str, Any], number: int, n_channels: int) -> list[Said]:
    best = next(iter(rows(channel.get("alternatives"))), {})
    by_label: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows(best.get("words")):
        by_label.setdefault(_label({**row, "channel": number}, n_channels=n_channels), []).append(row)
    return [
        Said(label, text_of(one), one[0].start, one[-1].end, one)
        for label, items in by_label.items()
        for one in utterances(_words(items))
    ]


FORMAT = Format("Deepgram", recognises, parse)
