"""Amazon Bedrock Data Automation, audio: segments with a speaker or channel label, and items with times."""

from __future__ import annotations

from typing import Any

from qa.formats.document import Document, Facts, Format, Parsed, Said, rows, seconds, text_or_none
from qa.values import Word

MS = 0.001


def recognises(document: Document) -> bool:
    segments = document.fields.get("audio_segments")
    return isinstance(segments, list) and isinstance(document.fields.get("audio_items"), list)


def parse(document: Document) -> Parsed:
    items = {str(item.get("item_index")): item for item in rows(document.fields["audio_items"])}
    said = []
    for segment in rows(document.fields["audio_segments"]):
        indices = segment.get("audio_item_indices")
        words = (
            _words([items[str(i)] for i in indices if str(i) in items]) if isinstance(indices, list) else ()
        )
        said.append(
            Said(
                label=_label(segment),
                text=text_or_none(segment.get("text")) or "",
                start=seconds(segment.get("start_timestamp_millis"), unit=MS),
                end=seconds(segment.get("end_timestamp_millis"), unit=MS),
                words=words,
            )
        )
    about = document.fields.get("metadata")
    about = about if isinstance(about, dict) else {}
    language = text_or_none(about.get("dominant_asset_language"))
    return Parsed(
        tuple(said),
        Facts(
            language=language.lower() if language else None,
            duration_s=seconds(about.get("duration_millis"), unit=MS),
        ),
    )


def _label(segment: dict[str, Any]) -> str | None:
    for key, name in (("speaker", "speaker_label"), ("channel", "channel_label")):
        found = segment.get(key)
        if isinstance(found, dict) and text_or_none(found.get(name)):
            return text_or_none(found[name])
    return None


def _words(items: list[dict[str, Any]]) -> tuple[Word, ...]:
    words: list[Word] = []
    for item in items:
        content = text_or_none(item.get("content"))
        start = seconds(item.get("start_timestamp_millis"), unit=MS)
        end = seconds(item.get("end_timestamp_millis"), unit=MS)
        if content is None:
            continue
        if start is None:
            if words:
                words[-1] = Word(words[-1].word + content, words[-1].start, words[-1].end)
            continue
        words.append(Word(content, start, max(start, end or start)))
    return tuple(words)


FORMAT = Format("Amazon Bedrock Data Automation", recognises, parse)
