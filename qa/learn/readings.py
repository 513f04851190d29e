"""Second readings of the labels: what a reader gets to see, where two readers differ, how well they agree.

Conventions: a reading is per turn (calls) or per line (utterances). Agreement is counted per behaviour over the
units of its speaker that either reader could have marked: share of equal decisions, Cohen's kappa, and the F1 of
one reader against the other, which says what a careful reader reaches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qa.labels import parse_call, parse_reading, parse_utterances
from qa.learn.metrics import Counts


@dataclass(frozen=True)
class Unit:
    """One turn or line with both readings; ``text`` is what the second reader saw."""

    file: str
    number: int
    speaker: str
    text: str
    first: frozenset[str]
    second: frozenset[str]


def blank_call(file: Path) -> str:
    """A call without its labels, turns numbered from 0."""
    call = parse_call(file.read_text(encoding="utf-8"), file=file)
    lines = [
        f"{i} {'A' if t.speaker == 'agent' else 'C'} {t.gap_s}{' cut' if t.cut else ''}: {t.text}"
        for i, t in enumerate(call.turns)
    ]
    return "\n".join(lines) + "\n"


def blank_utterances(file: Path) -> str:
    """The lines of a file without their labels, numbered from 1."""
    lines = []
    for number, row in enumerate(parse_utterances(file), start=1):
        context = " // ".join(f"{'A' if who == 'agent' else 'C'}: {text}" for who, text in row.context)
        lines.append(f"{number} || {context} || {row.text}")
    return "\n".join(lines) + "\n"


def write_blanks(labels: Path, out: Path) -> int:
    """Blank copies of everything labelled, for a reader who must not see the labels; how many files."""
    written = 0
    for kind, blank in (("calls", blank_call), ("utterances", blank_utterances)):
        (out / kind).mkdir(parents=True, exist_ok=True)
        for file in sorted((labels / kind).glob("*.txt")):
            (out / kind / file.name).write_text(blank(file), encoding="utf-8")
            written += 1
    return written


def units(labels: Path) -> Iterator[Unit]:
    """Everything that two have read."""
    for file in sorted((labels / "calls").glob("*.txt")):
        reading = labels / "second" / "calls" / file.name
        if not reading.is_file():
            continue
        call, second = parse_call(file.read_text(encoding="utf-8"), file=file), parse_reading(reading)
        for i, turn in enumerate(call.turns):
            yield Unit(
                f"calls/{file.name}", i, turn.speaker, turn.text, turn.behaviours, second.get(i, frozenset())
            )
        whole = frozenset(call.call_labels)
        yield Unit(f"calls/{file.name}", -1, "agent", "", whole, second.get(-1, frozenset()))
    for file in sorted((labels / "utterances").glob("*.txt")):
        reading = labels / "second" / "utterances" / file.name
        if not reading.is_file():
            continue
        second = parse_reading(reading)
        for number, row in enumerate(parse_utterances(file), start=1):
            name = f"utterances/{file.name}"
            yield Unit(name, number, row.speaker, row.text, row.behaviours, second.get(number, frozenset()))


@dataclass(frozen=True)
class Agreement:
    """How two readers agree on one behaviour."""

    units: int
    both: int
    either: int
    kappa: float | None
    f1: float | None


def agreement(labels: Path) -> Mapping[str, Agreement]:
    """Per behaviour, over all units of its speaker."""
    seen = list(units(labels))
    names = sorted({b for u in seen for b in u.first | u.second})
    found = {}
    for name in names:
        speaker = "customer" if name.startswith("customer_") else "agent"
        mine = [(name in u.first, name in u.second) for u in seen if u.speaker == speaker]
        both = sum(a and b for a, b in mine)
        first, second = sum(a for a, _ in mine), sum(b for _, b in mine)
        found[name] = Agreement(
            units=len(mine),
            both=both,
            either=first + second - both,
            kappa=_kappa(len(mine), both, first, second),
            f1=Counts(both, second - both, first - both).f1,
        )
    return found


def _kappa(n: int, both: int, first: int, second: int) -> float | None:
    """Cohen's kappa of two yes/no readings; None where neither ever differs from no."""
    if n == 0:
        return None
    observed = (n - first - second + 2 * both) / n
    chance = (first * second + (n - first) * (n - second)) / (n * n)
    return (observed - chance) / (1 - chance) if chance < 1 else None


def differences(labels: Path) -> Iterator[tuple[Unit, frozenset[str]]]:
    """Units on which the two differ and nobody has decided, with what they differ about."""
    decided: dict[str, Mapping[int, frozenset[str]]] = {}
    for u in units(labels):
        if u.file not in decided:
            decided[u.file] = parse_reading(labels / "settled" / u.file)
        if u.first != u.second and u.number not in decided[u.file]:
            yield u, u.first ^ u.second
