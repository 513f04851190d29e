"""Amazon Transcribe Call Analytics and Amazon Connect Contact Lens, calls and chats.

Keys read: ``Transcript`` rows with ``ParticipantRole`` or ``ParticipantId`` (looked up in ``Participants``),
``Content``, ``BeginOffsetMillis``, ``EndOffsetMillis`` and ``Items``. A chat has clock times of its messages,
which say nothing about talking: it is read without times, and a note says so.
"""

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
from qa.values import Word

MS = 0.001


def recognises(document: Document) -> bool:
    turns = document.fields.get("Transcript")
    return isinstance(turns, list) and any("Content" in row for row in rows(turns))


def parse(document: Document) -> Parsed:
    fields = document.fields
    turns = rows(fields["Transcript"])
    roles = {
        text_or_none(row.get("ParticipantId")): text_or_none(row.get("ParticipantRole"))
        for row in rows(fields.get("Participants"))
    }
    said = tuple(
        Said(
            label=text_or_none(row.get("ParticipantRole"))
            or roles.get(text_or_none(row.get("ParticipantId")))
            or text_or_none(row.get("ParticipantId")),
            text=text_or_none(row.get("Content")) or "",
            start=seconds(row.get("BeginOffsetMillis"), unit=MS),
            end=seconds(row.get("EndOffsetMillis"), unit=MS),
            words=_words(row.get("Items")),
        )
        for row in turns
    )
    is_chat = fields.get("Channel") == "CHAT"
    about = fields.get("CustomerMetadata")
    lasts = fields.get("ConversationCharacteristics")
    facts = Facts(
        call_id=text_or_none(about.get("ContactId")) if isinstance(about, dict) else None,
        language=text_or_none(fields.get("LanguageCode")),
        started_at=min(filter(None, (moment(row.get("AbsoluteTime")) for row in turns)), default=None),
        duration_s=seconds(lasts.get("TotalConversationDurationMillis"), unit=MS)
        if isinstance(lasts, dict)
        else None,
        notes=("It is a written chat, not a call.",) if is_chat else (),
    )
    return Parsed(said, facts)


def _words(items: Any) -> tuple[Word, ...]:
    words: list[Word] = []
    for row in rows(items):
        content, start = text_or_none(row.get("Content")), seconds(row.get("BeginOffsetMillis"), unit=MS)
        if content is None:
            continue
        if words and (row.get("Type") == "punctuation" or start is None):
            last = words[-1]
            words[-1] = Word(last.word + content, last.start, last.end, last.probability)
        elif start is not None:
            end = seconds(row.get("EndOffsetMillis"), unit=MS)
            words.append(Word(content, start, max(start, end or start), share(row.get("Confidence"))))
    return tuple(words)


FORMAT = Format("Amazon Call Analytics or Contact Lens", recognises, parse)
