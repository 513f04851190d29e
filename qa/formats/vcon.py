"""vCon, the IETF's container for conversations, in and out.

Read are text dialogs and transcripts under ``analysis``: rows of our own form, or any other format that this
package knows, embedded whole. Written is one recording dialog without its sound and one transcript.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from qa.formats.document import (
    Document,
    Format,
    Parsed,
    Said,
    moment,
    rows,
    seconds,
    text_or_none,
    timed_words,
)
from qa.values import Call

VERSION = "0.0.2"
NAMESPACE = uuid.UUID("6f1c1f5e-0f0c-5c7e-9a55-4b1a60a9f3a1")


def recognises(document: Document) -> bool:
    return "vcon" in document.fields and isinstance(document.fields.get("parties"), list)


def format_with(known: Callable[[Document], Format | None]) -> Format:
    """The format; ``known`` finds the format of an embedded transcript."""
    return Format("vCon", recognises, lambda document: parse(document, known))


def parse(document: Document, known: Callable[[Document], Format | None]) -> Parsed:
    fields = document.fields
    parties = rows(fields["parties"])
    roles = [
        text_or_none(one.get("role")) or text_or_none(one.get("name")) or text_or_none(one.get("tel"))
        for one in parties
    ]
    dialog = rows(fields.get("dialog"))
    starts = [found for one in dialog if (found := moment(one.get("start")))]
    parsed = _transcript(document, roles, known) or Parsed(_texts(dialog, roles, starts))
    names = {(text_or_none(one.get("role")) or "").lower(): text_or_none(one.get("name")) for one in parties}
    lasts = [lasted for one in dialog if (lasted := seconds(one.get("duration")))]
    return replace(
        parsed,
        facts=replace(
            parsed.facts,
            call_id=text_or_none(fields.get("uuid")),
            agent=names.get("agent"),
            customer=names.get("customer"),
            started_at=min(starts, default=None),
            duration_s=max(lasts, default=parsed.facts.duration_s or 0.0),
        ),
    )


def _transcript(
    document: Document, roles: list[str | None], known: Callable[[Document], Format | None]
) -> Parsed | None:
    for one in rows(document.fields.get("analysis")):
        if one.get("type") != "transcript":
            continue
        body = one.get("body")
        if isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
            try:
                body = json.loads(body)
            except json.JSONDecodeError:
                continue
        if isinstance(body, list):
            said = tuple(_row(row, roles) for row in rows(body))
            if said:
                return Parsed(said)
        if isinstance(body, dict):
            inner = Document(document.path, "", body)
            found = known(inner)
            if found is not None:
                return found.parse(inner)
    return None


def _row(row: dict[str, Any], roles: list[str | None]) -> Said:
    party = row.get("party", row.get("speaker"))
    label = roles[party] if isinstance(party, int) and party < len(roles) else text_or_none(party)
    return Said(
        label=label,
        text=text_or_none(row.get("text")) or text_or_none(row.get("message")) or "",
        start=seconds(row.get("start")),
        end=seconds(row.get("end")),
        words=timed_words(row.get("words"), text="word", start="start", end="end", probability="probability"),
    )


def _texts(dialog: list[dict[str, Any]], roles: list[str | None], starts: list[datetime]) -> tuple[Said, ...]:
    said = []
    for one in dialog:
        if one.get("type") != "text":
            continue
        parties = one.get("parties")
        party = one.get("originator", parties[0] if isinstance(parties, list) and parties else parties)
        at, length = moment(one.get("start")), seconds(one.get("duration"))
        start = (at - min(starts)).total_seconds() if at else None
        said.append(
            Said(
                label=roles[party] if isinstance(party, int) and party < len(roles) else None,
                text=text_or_none(one.get("body")) or "",
                start=start,
                end=start + length if start is not None and length else None,
            )
        )
    return tuple(said)


def write_vcon(call: Call, *, created_at: datetime) -> str:
    """The call as a vCon; its identity is made from the call's, so the same call gives the same container."""
    dialog: dict[str, Any] = {"type": "recording", "duration": call.duration, "parties": [0, 1]}
    if call.started_at:
        dialog["start"] = call.started_at.isoformat()
    body = [
        {
            "party": 0 if turn.speaker == "agent" else 1,
            "start": turn.start,
            "end": turn.end,
            "text": turn.text,
            "words": [
                {"word": word.word, "start": word.start, "end": word.end, "probability": word.probability}
                for word in turn.words
            ],
        }
        for turn in call.turns
    ]
    return json.dumps(
        {
            "vcon": VERSION,
            "uuid": str(uuid.uuid5(NAMESPACE, call.call_id)),
            "created_at": created_at.isoformat(),
            "subject": call.queue or "",
            "parties": [
                {"role": "agent"} | ({"name": call.agent} if call.agent else {}),
                {"role": "customer"} | ({"name": call.customer} if call.customer else {}),
            ],
            "dialog": [dialog],
            "analysis": [
                {
                    "type": "transcript",
                    "dialog": 0,
                    "vendor": call.words_from,
                    "encoding": "json",
                    "body": body,
                }
            ],
            "attachments": [],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
