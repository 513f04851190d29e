"""WebVTT in and out: cues with times, speakers as voice tags or prefixes, comments and styles passed over.

Cues whose times are broken are left out and counted in a note, as the standard asks; the header is required.
"""

from __future__ import annotations

import html
import re

from qa.errors import TranscriptError
from qa.formats.document import Document, Facts, Format, Parsed, Said
from qa.formats.subtitles import by_speaker, clock_s, shared_time
from qa.values import Call

CUE_END_S = 12.0  # longer cues than this are hard to follow when the file is played


def recognises(document: Document) -> bool:
    return re.match(r"\ufeff?WEBVTT(?:[ \t\r\n]|$)", document.text) is not None


def parse(document: Document) -> Parsed:
    text = document.text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    said: list[Said] = []
    n_broken, n_cues, label = 0, 0, None
    for block in re.split(r"\n[ \t]*\n+", text)[0:]:
        lines = block.split("\n")
        timed = next((i for i, line in enumerate(lines) if "-->" in line), None)
        if timed is None or lines[0].startswith(("NOTE", "STYLE", "REGION")):
            continue
        n_cues += 1
        times = _times(lines[timed])
        if times is None:
            n_broken += 1
            continue
        body = [line for line in lines[timed + 1 :] if line.strip() and _times(line) is None]
        parts = by_speaker(body, label)
        if parts:
            label = parts[-1][0]
            said += shared_time(parts, *times)
    if n_cues == 0:
        raise TranscriptError(f"{document.path}: holds no cues; export the transcript again")
    if n_broken == n_cues:
        raise TranscriptError(
            f"{document.path}: no cue has a time that can be read (hh:mm:ss.mmm --> hh:mm:ss.mmm)"
        )
    notes = (f"{n_broken} of {n_cues} cues have broken times and are left out.",) if n_broken else ()
    return Parsed(tuple(said), Facts(notes=notes))


def _times(line: str) -> tuple[float, float] | None:
    before, arrow, after = line.partition("-->")
    if not arrow or not after.split():
        return None
    start, end = clock_s(before), clock_s(after.split()[0])
    return (start, end) if start is not None and end is not None and end >= start else None


FORMAT = Format("WebVTT", recognises, parse)


def write_webvtt(call: Call) -> str:
    """The call as WebVTT with a voice tag per turn; long turns become several cues along their words."""
    blocks = ["WEBVTT"]
    for turn in call.turns:
        voice = "Agent" if turn.speaker == "agent" else "Customer"
        for start, end, text in _cues(
            turn.start, turn.end, turn.text, [(w.start, w.end, w.word) for w in turn.words]
        ):
            said = html.escape(text, quote=False).replace("-->", "--&gt;")
            blocks.append(f"{_clock(start)} --> {_clock(end)}\n<v {voice}>{said}</v>")
    return "\n\n".join(blocks) + "\n"


def _cues(
    start: float, end: float, text: str, words: list[tuple[float, float, str]]
) -> list[tuple[float, float, str]]:
    if end - start <= CUE_END_S or not words:
        return [(start, end, text)]
    cues: list[list[tuple[float, float, str]]] = [[]]
    for word in words:
        if cues[-1] and word[1] - cues[-1][0][0] > CUE_END_S:
            cues.append([])
        cues[-1].append(word)
    return [(cue[0][0], cue[-1][1], " ".join(word[2] for word in cue)) for cue in cues]


def _clock(time_s: float) -> str:
    total_ms = round(time_s * 1000)
    return f"{total_ms // 3600000:02d}:{total_ms // 60000 % 60:02d}:{total_ms // 1000 % 60:02d}.{total_ms % 1000:03d}"
