"""Plain text: "Agent: ..." line by line, with or without times, or a name and a time above each paragraph.

Lines that name nobody go on with the speaker before. Times may stand in front ("[00:12] Agent: ...") or after
the name ("Agent 0:12: ...", "Agent  00:12" on a line of its own); without them the call has none.
"""

from __future__ import annotations

import re

from qa.formats.document import Document, Format, Parsed, Said

CLOCK = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
NAME = r"[^\W\d_][\w .'()/&-]{0,39}?"
LINE = re.compile(
    rf"^\s*(?:[\[(]?(?P<before>{CLOCK})[\])]?\s*[-–]?\s*)?"
    rf"(?:[\[(](?P<boxed>{NAME})[\])]\s*[:：]?|(?P<name>{NAME})\s*(?:[\[(]?(?P<after>{CLOCK})[\])]?)?\s*[:：])"
    rf"\s+(?P<text>\S.*)$"
)
HEAD = re.compile(rf"^\s*(?P<name>{NAME})\s*[-–,|]?\s+[\[(]?(?P<time>{CLOCK})[\])]?\s*:?\s*$")
BARE = re.compile(rf"^\s*(?P<name>{NAME})\s*[:：]\s*$")
MAX_LABELS = 6
MIN_SHARE = 0.4  # of the lines that are not blank: below it the text is a text that happens to hold colons


def recognises(document: Document) -> bool:
    if document.data is not None:
        return False
    lines = [line for line in document.text.splitlines() if line.strip()]
    named = [row for row in map(_named, lines) if row is not None]
    labels = {label for label, _, _ in named}
    if not 1 <= len(labels) <= MAX_LABELS or len(named) < 2:
        return False
    heads = sum(1 for _, _, text in named if not text)
    return (len(named) + heads) / len(lines) >= MIN_SHARE


def parse(document: Document) -> Parsed:
    said: list[Said] = []
    for line in document.text.lstrip("\ufeff").splitlines():
        if not line.strip():
            continue
        found = _named(line)
        if found is not None:
            label, start, text = found
            said.append(Said(label, text, start))
        elif said:
            last = said[-1]
            said[-1] = Said(last.label, f"{last.text} {line.strip()}".strip(), last.start)
    return Parsed(tuple(said), in_order=True)


def _named(line: str) -> tuple[str, float | None, str] | None:
    """Label, time and text of a line that names its speaker."""
    found = LINE.match(line)
    if found:
        time = found["before"] or found["after"]
        return (found["boxed"] or found["name"]).strip(), _clock_s(time), found["text"].strip()
    found = HEAD.match(line)
    if found:
        return found["name"].strip(), _clock_s(found["time"]), ""
    found = BARE.match(line)
    return (found["name"].strip(), None, "") if found else None


def _clock_s(text: str | None) -> float | None:
    if text is None:
        return None
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


FORMAT = Format("plain text with speakers", recognises, parse)
