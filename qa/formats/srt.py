"""SRT subtitles with speakers as prefixes ("Agent: ..."), numbered or not, with comma or point in the times."""

from __future__ import annotations

import re

from qa.errors import TranscriptError
from qa.formats.document import Document, Facts, Format, Parsed, Said
from qa.formats.subtitles import by_speaker, clock_s, shared_time

TIMES = re.compile(
    r"^\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*-->\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})", re.MULTILINE
)


def recognises(document: Document) -> bool:
    return document.data is None and TIMES.search(document.text) is not None


def parse(document: Document) -> Parsed:
    text = document.text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    said: list[Said] = []
    n_cues, n_broken, label = 0, 0, None
    for block in re.split(r"\n[ \t]*\n+", text):
        lines = block.strip("\n").split("\n")
        timed = next((i for i, line in enumerate(lines) if "-->" in line), None)
        if timed is None:
            continue
        n_cues += 1
        found = TIMES.match(lines[timed])
        start, end = (clock_s(found.group(1)), clock_s(found.group(2))) if found else (None, None)
        if start is None or end is None or end < start:
            n_broken += 1
            continue
        parts = by_speaker([line for line in lines[timed + 1 :] if line.strip()], label)
        if parts:
            label = parts[-1][0]
            said += shared_time(parts, start, end)
    if n_cues == n_broken:
        raise TranscriptError(
            f"{document.path}: no cue has a time that can be read (hh:mm:ss,mmm --> hh:mm:ss,mmm)"
        )
    notes = (f"{n_broken} of {n_cues} cues have broken times and are left out.",) if n_broken else ()
    return Parsed(tuple(said), Facts(notes=notes))


FORMAT = Format("SRT", recognises, parse)
