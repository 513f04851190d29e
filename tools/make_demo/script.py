"""Reads a script: what is said in a call, by whom, when, and which behaviours it carries.

The form is that of whole calls in ``data/labels`` with these additions, all before the colon of a turn:

- a pause of ``@word`` starts the turn at that word of the other side's turn (a backchannel, an interruption);
- ``hold`` and ``music`` mark the pause as an announced hold, silent or with a tone; ``loud`` raises the voice;
- a turn that ends in ``--`` is cut off there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Speaker = Literal["agent", "customer"]
SPEAKERS: dict[str, Speaker] = {"A": "agent", "C": "customer"}
FLAGS = ("hold", "music", "loud")
NEEDED = (
    "id",
    "agent",
    "customer",
    "queue",
    "direction",
    "started_at",
    "voices",
    "agent_on",
    "about",
    "handled",
)
TURN = re.compile(r"^([AC])\s+(-?\d+(?:\.\d+)?|@[a-z']+)((?:\s+[a-z]+)*):\s*(\S.*)$")
LABEL = re.compile(r"^\s+\+\s*([a-z_]+)\s*(?::\s*(.*))?$")


@dataclass(frozen=True, slots=True)
class ScriptTurn:
    """One turn. ``pause_s`` counts from the end of all speech before it; ``at_word`` takes its place."""

    speaker: Speaker
    text: str
    pause_s: float = 0.0
    at_word: str | None = None
    flags: tuple[str, ...] = ()
    behaviours: tuple[tuple[str, str], ...] = ()

    @property
    def cut(self) -> bool:
        return self.text.endswith("--")


@dataclass(frozen=True, slots=True)
class Script:
    """One call as written: the header's fields, the turns, and the behaviours of the call as a whole."""

    head: dict[str, str]
    turns: tuple[ScriptTurn, ...]
    call_behaviours: tuple[str, ...] = ()
    call_id: str = field(default="")


def read_script(path: Path) -> Script:
    """The script in the file.

    Raises
    ------
    ValueError
        A line is none of the kinds above, a field is missing, or a quote is not in its turn.
    """
    head_text, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    head = dict(_field(path, line) for line in head_text.splitlines() if line.strip())
    missing = [name for name in NEEDED if name not in head]
    if missing:
        raise ValueError(f"{path.name}: the heading lacks {', '.join(missing)}")
    datetime.fromisoformat(head["started_at"])
    body, _, end = body.partition("\n===\n")
    turns: list[ScriptTurn] = []
    for line in filter(str.strip, body.splitlines()):
        if found := TURN.match(line):
            turns.append(_turn(path, *found.groups()))
        elif (found := LABEL.match(line)) and turns:
            turns[-1] = _labelled(path, turns[-1], found.group(1), found.group(2) or "")
        else:
            raise ValueError(f"{path.name}: this is no turn and no label: {line[:60]!r}")
    labels = tuple(found.group(1) for line in end.splitlines() if (found := LABEL.match(line)))
    return Script(head, tuple(turns), labels, head["id"])


def _field(path: Path, line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(f"{path.name}: a line of the heading is 'name: value', not {line[:40]!r}")
    return name.strip(), value.strip()


def _turn(path: Path, who: str, when: str, flags: str, text: str) -> ScriptTurn:
    unknown = [flag for flag in flags.split() if flag not in FLAGS]
    if unknown:
        raise ValueError(f"{path.name}: unknown mark {unknown[0]!r}; known are {', '.join(FLAGS)}")
    by_word = when.startswith("@")
    return ScriptTurn(
        speaker=SPEAKERS[who],
        text=text.strip(),
        pause_s=0.0 if by_word else float(when),
        at_word=when[1:] if by_word else None,
        flags=tuple(flags.split()),
    )


def _labelled(path: Path, turn: ScriptTurn, behaviour: str, quote: str) -> ScriptTurn:
    if quote and quote not in turn.text:
        raise ValueError(f"{path.name}: {quote!r} is not in the turn {turn.text[:40]!r}")
    return ScriptTurn(
        turn.speaker,
        turn.text,
        turn.pause_s,
        turn.at_word,
        turn.flags,
        (*turn.behaviours, (behaviour, quote)),
    )
