"""Finding behaviours against the least that reading the same words takes: tokens by spaCy, one pass of the encoder.

Conventions: models are loaded and warm, no text has been read before; both ways run in one process, one after
the other, over the same calls. A call counts as thirty turns, so that long calls do not look slow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qa.behaviours import detect_all, load_cards, load_shipped_classifier
from qa.behaviours.encoder import BehaviourEncoder
from qa.behaviours.word_pieces import Said
from qa.labels import labelled_calls
from qa.settings import Settings
from qa.text import pipeline, sentences
from qa.values import Call

TURNS_OF_A_CALL = 30
WARM_CALLS = 20
"""Read before the clock starts: patterns are compiled when they are first needed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds by the clock and of the processor."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class BehaviourFigures:
    """What some calls took."""

    n_calls: int
    n_turns: int
    detecting: Taken
    reading: Taken
    """spaCy's blank English tokens of every turn, and each turn once through the encoder."""

    @property
    def calls_per_s(self) -> float:
        """Calls of thirty turns a second."""
        return self.n_turns / TURNS_OF_A_CALL / self.detecting.wall_s

    @property
    def ratio(self) -> float:
        return self.detecting.wall_s / self.reading.wall_s


def measure_behaviours(settings: Settings, *, most: int = 60) -> BehaviourFigures:
    """Detect in ``most`` calls of the project's labels.

    Raises
    ------
    ModelError
        The classifier is missing or damaged.
    """
    threads = settings.cpu_threads
    cards = load_cards(settings.data / "behaviours")
    classifier = load_shipped_classifier(settings.models, cards, threads=threads)
    encoder = BehaviourEncoder(settings.models / "behaviours" / "encoder", threads=threads)
    labelled = [one.as_call() for one in labelled_calls(settings.data / "labels")]
    first, calls = labelled[:WARM_CALLS], labelled[WARM_CALLS:][:most]
    _read(first, encoder)
    detect_all(first, cards, classifier)
    reading = _taken(lambda: _read(calls, encoder))
    detecting = _taken(lambda: detect_all(calls, cards, classifier))
    return BehaviourFigures(len(calls), sum(len(call.turns) for call in calls), detecting, reading)


def _read(calls: Sequence[Call], encoder: BehaviourEncoder) -> None:
    for call in calls:
        for turn in call.turns:
            pipeline()(turn.text)
    turns = [turn for call in calls for turn in call.turns]
    encoder([(Said(turn.speaker, turn.text, sentences(turn.text)),) for turn in turns])


def _taken(work: Callable[[], Any]) -> Taken:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def labels_there(settings: Settings) -> bool:
    """Whether the project's labelled calls are there to measure with."""
    return (settings.data / "labels" / "calls").is_dir()
