"""From a call to its findings: prepares the reading once, then runs every card's detector.

Conventions
-----------
- ``phrase`` cards share one detector; each ``timing`` and ``context`` card has a module named like it in
  ``qa.behaviours.timing`` or ``qa.behaviours.context`` with ``detect(reading, card)`` and, where it builds on
  other behaviours, ``AFTER``: their ids. The order follows from that.
- A detector is a pure function. One that fails is a bug and is not swallowed.
- What a call can't show is said (``not_measured``), never counted as absence.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from qa.behaviours import phrase
from qa.behaviours.cards import Card, Cards
from qa.behaviours.reading import Hit, Reading, TurnText
from qa.errors import SettingsError
from qa.values import Call, Detections, Finding

Detect = Callable[[Reading, Card], tuple[Finding, ...]]
AT_ONCE = 8
"""Calls judged together: enough for arrays to pay, few enough that two such groups take turns."""
_KINDS = ("timing", "context")
_ENOUGH: Mapping[str, frozenset[str]] = {
    "text": frozenset({"sound", "words", "turns", "none"}),
    "turn_times": frozenset({"sound", "words", "turns"}),
    "word_times": frozenset({"sound", "words"}),
    "sound": frozenset({"sound"}),
}
_WHY_NOT: Mapping[str, str] = {
    "turn_times": "The transcript gives no times, so this can't be told.",
    "word_times": "This needs word times or two separate channels, and the call has neither.",
    "sound": "This needs a recording with the two speakers on separate channels.",
}


@dataclass(frozen=True)
class Judgement:
    """A classifier's say on one call: calibrated probabilities, the sentence each rests on, pattern hits it saw."""

    probabilities: Mapping[str, tuple[float, ...]]
    quotes: Mapping[tuple[str, int], tuple[int, int]]
    hits: Mapping[tuple[str, int], Hit] | None = None


class Classifier(Protocol):
    """Judges many calls at once, so that embeddings are made in batches.

    ``sha256`` names what was learned: it goes into the record of what made a score.
    """

    @property
    def sha256(self) -> str: ...

    def judge(
        self, calls: Sequence[Call], texts: Sequence[tuple[TurnText, ...]]
    ) -> tuple[Judgement, ...]: ...


@dataclass(frozen=True)
class _Module:
    detect: Detect
    after: tuple[str, ...]


@cache
def _modules() -> Mapping[str, _Module]:
    """Detector modules by behaviour id."""
    found: dict[str, _Module] = {}
    for kind in _KINDS:
        package = importlib.import_module(f"qa.behaviours.{kind}")
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            if hasattr(module, "detect"):
                found[info.name] = _Module(module.detect, tuple(getattr(module, "AFTER", ())))
    return found


def detector_of(card: Card) -> Detect:
    """The detector of a card.

    Raises
    ------
    SettingsError
        A timing or context card without a module of its name.
    """
    if card.detector == "phrase":
        return phrase.detect
    module = _modules().get(card.id)
    if module is None:
        raise SettingsError(
            f"card '{card.id}' asks for a {card.detector} detector, but "
            f"qa/behaviours/{card.detector}/{card.id}.py does not exist; write it, or set detector to phrase"
        )
    return module.detect


def order(cards: Cards) -> tuple[Card, ...]:
    """Cards in an order in which each comes after those it builds on."""
    modules = _modules()
    graph: dict[str, set[str]] = {}
    for card in cards:
        needed = modules[card.id].after if card.detector != "phrase" and card.id in modules else ()
        graph[card.id] = {b for b in needed if b in cards}
    try:
        return tuple(cards[b] for b in TopologicalSorter(graph).static_order())
    except CycleError as err:
        raise SettingsError(f"behaviours wait for each other: {' -> '.join(err.args[1])}") from err


def why_not_measured(card: Card, call: Call) -> str | None:
    """Why this call can't show the behaviour; None where it can."""
    if call.timing.source in _ENOUGH[card.needs]:
        return None
    return _WHY_NOT[card.needs]


def detect(call: Call, cards: Cards, classifier: Classifier | None = None) -> Detections:
    """All findings of one call."""
    return detect_all([call], cards, classifier)[0]


def detect_all(
    calls: Sequence[Call], cards: Cards, classifier: Classifier | None = None
) -> tuple[Detections, ...]:
    """Findings of several calls; a few are judged together, and while the network reads some, others are weighed."""
    ordered = order(cards)
    parts = [calls[i : i + AT_ONCE] for i in range(0, len(calls), AT_ONCE)]

    def some(part: Sequence[Call]) -> list[Detections]:
        texts = [tuple(TurnText.of(turn.text) for turn in call.turns) for call in part]
        judged = classifier.judge(part, texts) if classifier else [Judgement({}, {}) for _ in part]
        return [
            _run(Reading(call, cards, text, j.probabilities, j.quotes, hits=j.hits), ordered)
            for call, text, j in zip(part, texts, judged, strict=True)
        ]

    if len(parts) < 2:
        return tuple(found for part in parts for found in some(part))
    with ThreadPoolExecutor(2) as pool:
        return tuple(found for part in pool.map(some, parts) for found in part)


def _run(reading: Reading, ordered: Sequence[Card]) -> Detections:
    not_measured: list[tuple[str, str]] = []
    for card in ordered:
        why = why_not_measured(card, reading.call)
        if why is not None:
            not_measured.append((card.id, why))
            continue
        found = detector_of(card)(reading, card)
        reading = replace(reading, findings=reading.findings + found)
    findings = sorted(reading.findings, key=lambda f: (f.start, f.end, f.behaviour))
    return Detections(reading.call.call_id, tuple(findings), tuple(not_measured))
