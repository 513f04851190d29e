"""The forms that ship tell calls apart as the people do who wrote and labelled them."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest

from qa.labels import LabelledCall, labelled_calls
from qa.scoring import evaluate, forms
from qa.values import Call, Detections, Finding, Turn

DATA = Path(__file__).parent.parent / "data"
FORMS = forms(DATA / "forms")
CALLS = labelled_calls(DATA / "labels")
WORDS_A_SECOND = 2.6


def _as_found(labelled: LabelledCall) -> tuple[Call, Detections]:
    """The labelled call with every label as a finding that nobody doubts."""
    turns, findings, now_s = [], [], 0.0
    for index, turn in enumerate(labelled.turns):
        start = max(0.0, now_s + turn.gap_s)
        now_s = start + max(0.5, len(turn.text.split()) / WORDS_A_SECOND)
        turns.append(Turn(turn.speaker, start, now_s, turn.text))
        findings += [
            Finding(labelled.call_id, index, b.behaviour, turn.speaker, start, now_s, b.quote, 1.0, "label")
            for b in turn.labels
        ]
    findings += [
        Finding(labelled.call_id, None, b, "agent", 0.0, now_s, "", 1.0, "label")
        for b in labelled.call_labels
    ]
    call = Call(labelled.call_id, tuple(turns), duration=now_s)
    return call, Detections(labelled.call_id, tuple(findings))


def _scores(form: str) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {"poor": [], "average": [], "good": []}
    for labelled in CALLS:
        score = evaluate(*_as_found(labelled), FORMS.get(form)).score
        if score is not None and labelled.header.get("quality") in scores:
            scores[labelled.header["quality"]].append(score)
    return scores


@pytest.mark.parametrize("form", ["default", "short", "compliance"])
def test_a_form_puts_good_calls_above_average_ones_and_those_above_poor_ones(form: str) -> None:
    scores = _scores(form)
    if not all(scores.values()):
        pytest.skip("needs labelled calls of each quality in data/labels/calls")
    pairs = [(g, p) for g in scores["good"] for p in scores["poor"]]
    print(form, {quality: round(mean(values), 1) for quality, values in scores.items()})  # noqa: T201
    assert mean(scores["good"]) > mean(scores["average"]) + 5 > mean(scores["poor"]) + 20
    assert mean(g > p for g, p in pairs) > 0.97


def test_good_calls_pass_the_default_form_and_poor_ones_do_not() -> None:
    scores, mark = _scores("default"), FORMS.get("default").pass_mark
    if not all(scores.values()):
        pytest.skip("needs labelled calls of each quality in data/labels/calls")
    assert mean(s >= mark for s in scores["good"]) >= 0.9
    assert mean(s >= mark for s in scores["poor"]) <= 0.1
