"""The project's labels: whole calls and single utterances, with their second readings and what was settled.

Conventions
-----------
- The files' form is described in ``data/labels/README.md``; a mistake gives file and line.
- The settled labels of a turn or line are used; where nothing was settled, the writer's labels stand.
- A labelled call becomes a ``Call`` whose turn times follow from the pauses and an ordinary speaking rate.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from qa.errors import SettingsError
from qa.values import Call, Speaker, Timing, Turn

WORDS_A_SECOND = 2.8
"""168 words a minute: an ordinary rate of conversation (150 to 180)."""
_TURN = re.compile(r"^(?P<who>[AC])\s+(?P<gap>-?\d+(?:\.\d+)?)(?P<cut>\s+cut)?:\s*(?P<text>.*)$")
_LABEL = re.compile(r"^\s+\+\s*(?P<behaviour>[a-z_]+)\s*(?::\s*(?P<quote>.*))?$")
_SPEAKERS: Mapping[str, Speaker] = {"A": "agent", "C": "customer"}


@dataclass(frozen=True, slots=True)
class Label:
    """One behaviour on one turn; ``quote`` may be empty."""

    behaviour: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """A turn as written: ``gap_s`` before it (negative: overlap), ``cut`` where it is broken off."""

    speaker: Speaker
    gap_s: float
    cut: bool
    text: str
    labels: tuple[Label, ...] = ()

    @property
    def behaviours(self) -> frozenset[str]:
        return frozenset(label.behaviour for label in self.labels)


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """A call as written and labelled; ``about`` and the like are in ``header``."""

    call_id: str
    header: Mapping[str, str]
    turns: tuple[LabelledTurn, ...]
    call_labels: tuple[str, ...] = ()

    def as_call(self) -> Call:
        """The call as the detectors get it: turn times from the pauses and a speaking rate."""
        turns: list[Turn] = []
        now = 0.0
        for t in self.turns:
            start = max(0.0, now + t.gap_s)
            end = start + max(0.3, len(t.text.split()) / WORDS_A_SECOND)
            turns.append(Turn(t.speaker, round(start, 3), round(end, 3), t.text))
            now = max(now, end)
        return Call(
            self.call_id,
            tuple(turns),
            language="en",
            duration=round(now, 3),
            timing=Timing(source="turns"),
        )


@dataclass(frozen=True, slots=True)
class LabelledUtterance:
    """A text said by ``speaker`` after ``context``, with every behaviour it carries; ``about`` names its file."""

    utterance_id: str
    about: str
    speaker: Speaker
    context: tuple[tuple[Speaker, str], ...]
    text: str
    behaviours: frozenset[str]


def _bad(file: Path, number: int, what: str) -> SettingsError:
    return SettingsError(f"{file}:{number}: {what}")


def parse_call(text: str, *, file: Path) -> LabelledCall:
    """One call in the form of ``calls/<id>.txt``.

    Raises
    ------
    SettingsError
        A line that is no turn, no label and no header, or a quote that does not stand in its turn.
    """
    header: dict[str, str] = {}
    turns: list[LabelledTurn] = []
    call_labels: list[str] = []
    part = "header" if "\n---" in text else "turns"
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if line.startswith("---"):
            part = "turns"
        elif line.startswith("==="):
            part = "call"
        elif part == "header":
            key, _, value = line.partition(":")
            header[key.strip()] = value.strip()
        elif label := _LABEL.match(line):
            behaviour, quote = label["behaviour"], (label["quote"] or "").strip()
            if part == "call":
                call_labels.append(behaviour)
            elif not turns:
                raise _bad(file, number, "a label stands before the first turn")
            else:
                if quote not in turns[-1].text:
                    raise _bad(file, number, f"the quote of {behaviour} is not in its turn; copy it exactly")
                turns[-1] = replace(turns[-1], labels=(*turns[-1].labels, Label(behaviour, quote)))
        elif turn := _TURN.match(line):
            speaker = _SPEAKERS[turn["who"]]
            turns.append(LabelledTurn(speaker, float(turn["gap"]), bool(turn["cut"]), turn["text"].strip()))
        else:
            raise _bad(
                file, number, "this is no turn ('A 0.4: text'), no label ('  + id: quote'), no heading"
            )
    return LabelledCall(header.get("id", file.stem), header, tuple(turns), tuple(call_labels))


def parse_context(field: str, *, file: Path, number: int) -> tuple[tuple[Speaker, str], ...]:
    """``C: text // A: text`` as pairs of speaker and text."""
    turns: list[tuple[Speaker, str]] = []
    for piece in filter(None, (p.strip() for p in field.split(" // "))):
        who, _, said = piece.partition(":")
        if who not in _SPEAKERS:
            raise _bad(file, number, f"a context turn begins with 'A:' or 'C:', not {who[:12]!r}")
        turns.append((_SPEAKERS[who], said.strip()))
    return tuple(turns)


def parse_utterances(file: Path) -> tuple[LabelledUtterance, ...]:
    """The lines of ``utterances/<behaviour>.txt``; an id is a hash of context and text."""
    speaker: Speaker = "customer" if file.stem.startswith("customer_") else "agent"
    rows: list[LabelledUtterance] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("||")]
        if len(fields) != 3:
            raise _bad(file, number, f"needs 'labels || context || text', has {len(fields)} parts")
        names = frozenset(() if fields[0] == "-" else fields[0].split())
        digest = hashlib.sha256(f"{fields[1]}|{fields[2]}".encode()).hexdigest()[:12]
        context = parse_context(fields[1], file=file, number=number)
        rows.append(LabelledUtterance(digest, file.stem, speaker, context, fields[2], names))
    return tuple(rows)


def parse_reading(file: Path) -> Mapping[int, frozenset[str]]:
    """A second or settled reading: ``number: behaviour ...`` lines; ``-`` for none. Empty where there is none."""
    if not file.is_file():
        return {}
    found: dict[int, frozenset[str]] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        head, colon, rest = line.partition(":")
        if not colon or not (head.strip().isdigit() or head.strip() == "call"):
            raise _bad(file, number, "needs 'number: behaviour behaviour'")
        place = -1 if head.strip() == "call" else int(head)
        found[place] = frozenset(w for w in rest.replace(",", " ").split() if w != "-")
    return found


def _settle_turn(turn: LabelledTurn, names: frozenset[str]) -> LabelledTurn:
    """The turn with the settled behaviours: kept quotes stay, added ones have none."""
    kept = tuple(label for label in turn.labels if label.behaviour in names)
    added = tuple(Label(b) for b in sorted(names - {label.behaviour for label in kept}))
    return replace(turn, labels=kept + added)


def settled_call(call: LabelledCall, settled: Mapping[int, frozenset[str]]) -> LabelledCall:
    """The call with its settled labels in place of the writer's, turn by turn."""
    turns = tuple(
        _settle_turn(turn, settled[i]) if i in settled else turn for i, turn in enumerate(call.turns)
    )
    call_labels = tuple(sorted(settled[-1])) if -1 in settled else call.call_labels
    return replace(call, turns=turns, call_labels=call_labels)


def labelled_calls(folder: Path) -> tuple[LabelledCall, ...]:
    """All calls of ``data/labels``, settled."""
    return tuple(
        settled_call(
            parse_call(file.read_text(encoding="utf-8"), file=file),
            parse_reading(folder / "settled" / "calls" / file.name),
        )
        for file in sorted((folder / "calls").glob("*.txt"))
    )


def labelled_utterances(folder: Path) -> Iterator[LabelledUtterance]:
    """All utterances of ``data/labels``, settled, file by file."""
    for file in sorted((folder / "utterances").glob("*.txt")):
        settled = parse_reading(folder / "settled" / "utterances" / file.name)
        for number, row in enumerate(parse_utterances(file), start=1):
            yield replace(row, behaviours=settled[number]) if number in settled else row
