"""SBV subtitles (``0:00:01.000,0:00:04.000`` above each text) with speakers as prefixes."""

from __future__ import annotations

import re

from qa.errors import TranscriptError
from qa.formats.document import Document, Facts, Format, Parsed, Said
from qa.formats.subtitles import by_speaker, clock_s, shared_time

TIMES = re.compile(r"^(\d+:\d\d:\d\d\.\d{3}),(\d+:\d\d:\d\d\.\d{3})\s*$", re.MULTILINE)


def recognises(document: Document) -> bool:
    return document.data is None and TIMES.search(document.text) is not None


def parse(document: Document) -> Parsed:
    said: list[Said] = []
    n_broken, label = 0, None
    blocks = [block for block in re.split(r"\n\s*\n", document.text.replace("\r\n", "\n")) if block.strip()]
    for block in blocks:
        first, *lines = block.strip().split("\n")
        found = TIMES.match(first)
        start, end = (clock_s(found.group(1)), clock_s(found.group(2))) if found else (None, None)
        if start is None or end is None or end < start:
            n_broken += 1
            continue
        parts = by_speaker(lines, label)
        if parts:
            label = parts[-1][0]
            said += shared_time(parts, start, end)
    if n_broken == len(blocks):
        raise TranscriptError(
            f"{document.path}: no block has a time that can be read (h:mm:ss.mmm,h:mm:ss.mmm)"
        )
    notes = (f"{n_broken} of {len(blocks)} blocks have broken times and are left out.",) if n_broken else ()
    return Parsed(tuple(said), Facts(notes=notes))


FORMAT = Format("SBV", recognises, parse)
