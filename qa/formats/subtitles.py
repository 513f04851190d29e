"""What WebVTT, SRT and SBV share: blocks, times, and speakers written into the text.

Conventions: a speaker is named by a voice tag (``<v Agent>``) or a prefix ("Agent: ", "[Agent] ", ">> Agent:").
A cue may hold several speakers on lines of their own; its time is then shared by length.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from qa.formats.document import Said

CLOCK = re.compile(r"^(?:(\d+):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})$")
PREFIX = re.compile(
    r"^\s*(?:-\s*|>>\s*)?(?:\[([^\]]{1,40})\]|\(([^)]{1,40})\)|([^\W\d_][\w .'()/-]{0,39}?))\s*[:：]\s+(.*)$"
)
BRACKETED = re.compile(r"^\s*(?:-\s*|>>\s*)?\[([^\]:]{1,40})\]\s+(.+)$")
VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*?)\s*>", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")


def clock_s(text: str) -> float | None:
    """``[h:]mm:ss.mmm`` in seconds; None for anything else."""
    found = CLOCK.match(text.strip())
    if not found:
        return None
    hours, minutes, whole, fraction = found.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + int(fraction.ljust(3, "0")) / 1000


def plain(text: str) -> str:
    """The text without tags and character references."""
    return " ".join(html.unescape(TAG.sub("", text)).split())


def by_speaker(lines: Sequence[str], last_label: str | None = None) -> list[tuple[str | None, str]]:
    """The lines of one cue as (label, text); a line that names nobody goes on with the one before."""
    found: list[tuple[str | None, str]] = []
    label = last_label
    for line in lines:
        for named, text in _voices(line):
            if named is None:
                named, text = _prefixed(text)
            if named is not None:
                label = named
                found.append((label, plain(text)))
            elif found:
                found[-1] = (found[-1][0], f"{found[-1][1]} {plain(text)}".strip())
            else:
                found.append((label, plain(text)))
    return [(label, text) for label, text in found if text]


def _voices(line: str) -> list[tuple[str | None, str]]:
    """The line cut at its voice tags."""
    tags = list(VOICE.finditer(line))
    if not tags:
        return [(None, line)]
    pieces: list[tuple[str | None, str]] = []
    if plain(line[: tags[0].start()]):
        pieces.append((None, line[: tags[0].start()]))
    for number, tag in enumerate(tags):
        end = tags[number + 1].start() if number + 1 < len(tags) else len(line)
        pieces.append((html.unescape(tag.group(1)).strip() or None, line[tag.end() : end]))
    return pieces


def _prefixed(text: str) -> tuple[str | None, str]:
    stripped = html.unescape(TAG.sub("", text))
    found = PREFIX.match(stripped)
    if found:
        return (found.group(1) or found.group(2) or found.group(3)).strip(), found.group(4)
    found = BRACKETED.match(stripped)
    return (found.group(1).strip(), found.group(2)) if found else (None, text)


def shared_time(parts: Sequence[tuple[str | None, str]], start: float, end: float) -> list[Said]:
    """A cue's parts as rows, its time shared by the length of their texts."""
    total = sum(len(text) for _, text in parts) or 1
    said, at = [], start
    for number, (label, text) in enumerate(parts):
        until = end if number == len(parts) - 1 else at + (end - start) * len(text) / total
        said.append(Said(label, text, at, until))
        at = until
    return said
