"""AssemblyAI: utterances of speakers A, B, ... or of channels, times in milliseconds."""

from __future__ import annotations

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

MS = 0.001


def recognises(document: Document) -> bool:
    fields = document.fields
    return "audio_duration" in fields and isinstance(fields.get("utterances") or fields.get("words"), list)


def parse(document: Document) -> Parsed:
    fields = document.fields
    said = []
    for row in rows(fields.get("utterances")) or rows(fields.get("words")):
        channel, speaker = text_or_none(row.get("channel")), text_or_none(row.get("speaker"))
        single = speaker is not None and len(speaker) == 1
        said.append(
            Said(
                label=f"channel {channel}" if channel else f"speaker {speaker}" if single else speaker,
                text=text_or_none(row.get("text")) or "",
                start=seconds(row.get("start"), unit=MS),
                end=seconds(row.get("end"), unit=MS),
                words=timed_words(
                    row.get("words") or [row],
                    text="text",
                    start="start",
                    end="end",
                    probability="confidence",
                    unit=MS,
                ),
            )
        )
    return Parsed(
        tuple(said),
        Facts(
            language=text_or_none(fields.get("language_code")),
            duration_s=seconds(fields.get("audio_duration")),
        ),
    )


FORMAT = Format("AssemblyAI", recognises, parse)
