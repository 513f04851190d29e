"""`qa evaluate`: how well behaviours are found on calls nobody trained on, and on others' benchmarks.

Conventions: the whole product path is judged (classifier, timing, context), at each behaviour's threshold.
Behaviours that come once a call are compared per call. A finding counts when its turn carries the label.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.behaviours import Cards, TurnClassifier, detect_all
from qa.labels import LabelledCall, labelled_calls
from qa.learn.metrics import Counts, Item, Row, by_behaviour, compare, total
from qa.learn.noise import heard_badly
from qa.learn.rows import held_back
from qa.values import Call, Detections

NOT_IN_TEXT = frozenset({"raised_voice"})
WORD_ERROR_RATES = (0.0, 0.05, 0.15, 0.30)


@dataclass(frozen=True)
class Mistake:
    """One wrong decision, to be read: missed or falsely found, and how sure the program was."""

    call_id: str
    turn: int
    behaviour: str
    kind: str
    probability: float
    text: str


def held_back_calls(labels: Path) -> tuple[LabelledCall, ...]:
    """The fixed calls that nothing was trained on."""
    kept = held_back(labels)
    return tuple(c for c in labelled_calls(labels) if c.call_id in kept)


def truth_of(call: LabelledCall, cards: Cards) -> frozenset[Item]:
    """(turn, behaviour) of every label; turn -1 for once-a-call behaviours, wherever they were put."""
    items = {(-1, b) for b in call.call_labels}
    for i, turn in enumerate(call.turns):
        items |= {(_place(cards, b, i), b) for b in turn.behaviours}
    return frozenset(i for i in items if i[1] not in NOT_IN_TEXT)


def _place(cards: Cards, behaviour: str, turn: int | None) -> int:
    whole = turn is None or (
        behaviour in cards and cards[behaviour].once_a_call and behaviour != "problem_loop"
    )
    return -1 if whole or turn is None else turn


def found_in(detections: Detections, cards: Cards, classifier: TurnClassifier) -> frozenset[Item]:
    """(turn, behaviour) of every finding at or above its threshold."""
    return frozenset(
        (_place(cards, f.behaviour, f.turn), f.behaviour)
        for f in detections.findings
        if f.probability >= classifier.threshold(f.behaviour)
    )


def counts_of(
    calls: Sequence[LabelledCall], cards: Cards, classifier: TurnClassifier, *, word_error_rate: float = 0.0
) -> tuple[dict[str, Counts], ...]:
    """Counts per call and behaviour."""
    heard = [heard_badly(c.as_call(), word_error_rate) for c in calls]
    found = detect_all(heard, cards, classifier)
    return tuple(
        compare(found_in(d, cards, classifier), truth_of(c, cards)) for c, d in zip(calls, found, strict=True)
    )


def mistakes(
    calls: Sequence[LabelledCall], cards: Cards, classifier: TurnClassifier, *, most: int = 40
) -> tuple[Mistake, ...]:
    """The worst mistakes: sure and wrong first."""
    found: list[Mistake] = []
    for call, detections in zip(
        calls, detect_all([c.as_call() for c in calls], cards, classifier), strict=True
    ):
        truth = truth_of(call, cards)
        best: dict[Item, float] = {}
        for f in detections.findings:
            item = (_place(cards, f.behaviour, f.turn), f.behaviour)
            best[item] = max(best.get(item, 0.0), f.probability)
        for item in truth | best.keys():
            p, least = best.get(item, 0.0), classifier.threshold(item[1])
            if (item in truth) != (p >= least):
                text = call.turns[item[0]].text if item[0] >= 0 else ""
                kind = "missed" if item in truth else "false alarm"
                found.append(Mistake(call.call_id, item[0], item[1], kind, p, text))
    return tuple(
        sorted(found, key=lambda m: -(m.probability if m.kind == "false alarm" else 1 - m.probability))[:most]
    )


def report(calls: Sequence[LabelledCall], cards: Cards, classifier: TurnClassifier) -> tuple[Row, ...]:
    """One row per behaviour and one for all."""
    return by_behaviour(counts_of(calls, cards, classifier))


def by_error_rate(
    calls: Sequence[LabelledCall], cards: Cards, classifier: TurnClassifier
) -> tuple[tuple[float, Counts], ...]:
    """Counts over all behaviours at each simulated word error rate."""
    return tuple(
        (
            rate,
            total(
                t for call in counts_of(calls, cards, classifier, word_error_rate=rate) for t in call.values()
            ),
        )
        for rate in WORD_ERROR_RATES
    )


def calls_a_second(calls: Sequence[Call], cards: Cards, classifier: TurnClassifier) -> float:
    """Speed of detection, models loaded and warm, on texts that are not in the cache."""
    detect_all(calls[:1], cards, classifier)
    began = time.perf_counter()
    detect_all(calls[1:], cards, classifier)
    return (len(calls) - 1) / (time.perf_counter() - began)
