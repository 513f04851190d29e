"""Call JSON: the project's own form of a call, in and out.

Keys: ``call_id agent customer queue direction started_at language duration turns``; each turn has ``speaker
start end text`` and may have ``words`` (``word start end probability``). What is written holds more (timing,
recording, notes), so that reading it back gives the same call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from qa.errors import TranscriptError
from qa.formats.building import build_call
from qa.formats.document import Document, Facts, Format, Parsed, Said, moment, rows, seconds, text_or_none
from qa.values import Call, RecordingKind, Silence, Span, Speaker, Timing, TimingSource, Turn, Word


def recognises(document: Document) -> bool:
    """An object with a list of turns, each with a speaker and a text."""
    turns = document.fields.get("turns")
    return isinstance(turns, list) and all(
        isinstance(turn, dict) and "text" in turn and "speaker" in turn for turn in turns
    )


def parse(document: Document) -> Parsed:
    fields = document.fields
    said = tuple(
        Said(
            label=text_or_none(turn.get("speaker")),
            text=str(turn.get("text") or ""),
            start=seconds(turn.get("start")),
            end=seconds(turn.get("end")),
            words=_words(turn),
        )
        for turn in rows(fields["turns"])
    )
    direction = fields.get("direction")
    notes = fields.get("notes")
    return Parsed(
        said=said,
        facts=Facts(
            call_id=text_or_none(fields.get("call_id")) or text_or_none(fields.get("id")),
            agent=text_or_none(fields.get("agent")),
            customer=text_or_none(fields.get("customer")),
            queue=text_or_none(fields.get("queue")),
            direction=direction if direction in ("inbound", "outbound") else None,
            started_at=moment(fields.get("started_at")),
            language=text_or_none(fields.get("language")),
            duration_s=seconds(fields.get("duration")),
            notes=tuple(str(note) for note in notes) if isinstance(notes, list) else (),
        ),
        in_order=True,
    )


FORMAT = Format("Call JSON", recognises, parse)


def _words(turn: Mapping[str, Any]) -> tuple[Word, ...]:
    """The turn's words, none at all where one of them lacks its times."""
    found = []
    for row in rows(turn.get("words")):
        start, end, text = seconds(row.get("start")), seconds(row.get("end")), text_or_none(row.get("word"))
        if start is None or text is None:
            return ()
        probability = row.get("probability")
        found.append(
            Word(
                word=text,
                start=start,
                end=max(start, end if end is not None else start),
                probability=float(probability) if isinstance(probability, int | float) else None,
                doubtful=row.get("doubtful") is True,
            )
        )
    return tuple(found)


def call_from_json(text: str, *, path: Path = Path("call.json")) -> Call:
    """The call that ``write_call_json`` wrote; ``path`` is what messages name.

    Raises
    ------
    TranscriptError
        The text is no Call JSON.
    """
    try:
        document = Document(path, text, json.loads(text))
    except ValueError as err:
        raise TranscriptError(f"{path}: broken JSON; write the call again") from err
    if not recognises(document):
        raise TranscriptError(f"{path}: is no Call JSON: it needs 'turns' with 'speaker' and 'text'")
    return call_of(document)


def call_of(document: Document, *, data: Path | None = None) -> Call:
    """The call of a Call JSON document, with what only this format can carry."""
    if not rows(document.fields["turns"]) and "timing" in document.fields:
        return _with_extras(_empty(document), document.fields)
    return _with_extras(build_call(document, parse(document), data=data), document.fields)


def _empty(document: Document) -> Call:
    """A call in which nothing was recognised: only the program itself writes such a one."""
    facts = parse(document).facts
    return Call(call_id=facts.call_id or "", turns=(), duration=facts.duration_s or 0.0, notes=facts.notes)


def _with_extras(call: Call, fields: Mapping[str, Any]) -> Call:
    changes: dict[str, Any] = {}
    if isinstance(fields.get("timing"), dict):
        changes["timing"] = _timing(fields["timing"])
        changes["notes"] = tuple(str(note) for note in fields.get("notes") or ())
    if fields.get("recording") in get_args(RecordingKind):
        changes["recording"] = fields["recording"]
    if text_or_none(fields.get("words_from")):
        changes["words_from"] = fields["words_from"]
    given = fields["turns"]
    if len(call.turns) == len(given) and any("confidence" in turn for turn in given):
        changes["turns"] = tuple(
            replace(turn, confidence=float(row.get("confidence", turn.confidence)))
            for turn, row in zip(call.turns, given, strict=True)
        )
    return replace(call, **changes)


def _timing(fields: Mapping[str, Any]) -> Timing:
    source: TimingSource = fields["source"] if fields.get("source") in get_args(TimingSource) else "none"
    return Timing(
        source=source,
        agent=_spans(fields.get("agent")),
        customer=_spans(fields.get("customer")),
        silences=tuple(Silence(float(a), float(b), kind) for a, b, kind in fields.get("silences") or ()),
        loudness_db=tuple(
            (_speaker(who), float(at), float(db)) for who, at, db in fields.get("loudness_db") or ()
        ),
    )


def _spans(pairs: Any) -> tuple[Span, ...]:
    return tuple(Span(float(start), float(end)) for start, end in pairs or ())


def _speaker(name: str) -> Speaker:
    return "agent" if name == "agent" else "customer"


def call_to_dict(call: Call) -> dict[str, Any]:
    """The call as JSON types; ``call_from_json`` gives the same call back."""
    timing = call.timing
    return {
        "call_id": call.call_id,
        "agent": call.agent,
        "customer": call.customer,
        "queue": call.queue,
        "direction": call.direction,
        "started_at": call.started_at.isoformat() if call.started_at else None,
        "language": call.language,
        "duration": call.duration,
        "recording": call.recording,
        "words_from": call.words_from,
        "notes": list(call.notes),
        "turns": [_turn_to_dict(turn) for turn in call.turns],
        "timing": {
            "source": timing.source,
            "agent": [[span.start, span.end] for span in timing.agent],
            "customer": [[span.start, span.end] for span in timing.customer],
            "silences": [[one.start, one.end, one.kind] for one in timing.silences],
            "loudness_db": [list(row) for row in timing.loudness_db],
        },
    }


def _turn_to_dict(turn: Turn) -> dict[str, Any]:
    row: dict[str, Any] = {"speaker": turn.speaker, "start": turn.start, "end": turn.end, "text": turn.text}
    if turn.confidence != 1.0:
        row["confidence"] = turn.confidence
    if turn.words:
        row["words"] = [
            {"word": word.word, "start": word.start, "end": word.end, "probability": word.probability}
            | ({"doubtful": True} if word.doubtful else {})
            for word in turn.words
        ]
    return row


def write_call_json(call: Call) -> str:
    """The call as one line of JSON text, the same bytes for the same call."""
    return json.dumps(call_to_dict(call), ensure_ascii=False, separators=(",", ":"))
