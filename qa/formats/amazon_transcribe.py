"""Amazon Transcribe, batch jobs: items with a speaker or a channel label each.

Keys read: ``results.items`` (``type content start_time end_time``), ``results.channel_labels.channels`` and
``results.speaker_labels.segments``; newer files carry the label in the item itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qa.formats.document import Document, Facts, Format, Parsed, Said, rows, seconds, share, text_or_none
from qa.turns import text_of, utterances
from qa.values import Word


def recognises(document: Document) -> bool:
    results = document.fields.get("results")
    return isinstance(results, dict) and "items" in results and "transcripts" in results


def parse(document: Document) -> Parsed:
    results = document.fields["results"]
    words: dict[str | None, list[Word]] = {}
    for label, items in _labelled(results):
        for item in rows(items):
            _add(words.setdefault(text_or_none(item.get("speaker_label")) or label, []), item)
    said = tuple(
        Said(label, text_of(one), one[0].start, one[-1].end, one)
        for label, spoken in words.items()
        for one in utterances(spoken)
    )
    return Parsed(said, Facts(language=text_or_none(results.get("language_code"))))


def _labelled(results: dict[str, Any]) -> Iterator[tuple[str | None, Any]]:
    """Items by the label that the file gives them."""
    channels = results.get("channel_labels")
    if isinstance(channels, dict):
        for channel in rows(channels.get("channels")):
            yield text_or_none(channel.get("channel_label")), channel.get("items")
        return
    by_start: dict[str, str | None] = {}
    labels = results.get("speaker_labels")
    if isinstance(labels, dict):
        for segment in rows(labels.get("segments")):
            for item in rows(segment.get("items")):
                by_start[str(item.get("start_time"))] = text_or_none(item.get("speaker_label"))
    last: str | None = None
    for item in rows(results["items"]):
        last = text_or_none(item.get("channel_label")) or by_start.get(str(item.get("start_time")), last)
        yield last, [item]


def _add(words: list[Word], item: dict[str, Any]) -> None:
    """One item: a word, or a sign that belongs to the word before."""
    best = next(iter(rows(item.get("alternatives"))), {})
    content = text_or_none(best.get("content")) or text_or_none(item.get("content"))
    if content is None:
        return
    start, end = seconds(item.get("start_time")), seconds(item.get("end_time"))
    if start is None:
        if words:
            last = words[-1]
            words[-1] = Word(last.word + content, last.start, last.end, last.probability)
        return
    words.append(Word(content, start, max(start, end or start), share(best.get("confidence"))))


FORMAT = Format("Amazon Transcribe", recognises, parse)
