"""The demo from its sound to its scores, held against the scripts: what was placed has to be found."""

import json
from functools import cache
from pathlib import Path

from qa.behaviours import detect_all, load_cards, load_shipped_classifier
from qa.hearing import find_inputs, hear_source
from qa.learn.evaluate import found_in
from qa.learn.metrics import Counts, compare, total
from qa.scoring import Options, evaluate, forms
from qa.settings import Settings
from qa.values import Evaluation

DEMO = Path(__file__).parent.parent / "data" / "demo"
NOT_PLACED = frozenset({"raised_voice"})


@cache
def scored() -> tuple[dict[str, Evaluation], tuple[dict[str, Counts], ...]]:
    """Evaluations by call, and per call how the findings compare with the script."""
    settings = Settings()
    cards = load_cards(settings.data / "behaviours")
    classifier = load_shipped_classifier(settings.models, cards)
    sources = find_inputs([DEMO / "calls"])
    calls = [hear_source(s, settings=settings, transcriber=None) for s in sources]
    detections = detect_all(calls, cards, classifier)
    library = forms(settings.data / "forms", behaviours=tuple(cards.by_id))
    options = Options.from_settings(settings)
    evaluations, counts = {}, []
    for call, found in zip(calls, detections, strict=True):
        truth = json.loads((DEMO / "truth" / f"{call.call_id}.truth.json").read_text(encoding="utf-8"))
        placed = {(-1, b) for b in truth["call_behaviours"]}
        for i, turn in enumerate(truth["turns"]):
            placed |= {(i, one["behaviour"]) for one in turn["behaviours"]}
        placed = {p for p in placed if p[1] not in NOT_PLACED}
        if call.timing.source == "sound":
            counts.append(compare(found_in(found, cards, classifier), frozenset(placed)))
        evaluations[call.call_id] = evaluate(call, found, library.get("default"), options=options)
    return evaluations, tuple(counts)


def counts_of(behaviour: str) -> Counts:
    return total(c.get(behaviour, Counts()) for c in scored()[1])


def test_every_demo_call_is_scored_but_the_one_that_is_too_short() -> None:
    without = [call for call, e in scored()[0].items() if e.score is None]
    assert without == ["d16"]


def test_a_call_handled_well_scores_far_above_one_handled_badly() -> None:
    scores = {call: e.score or 0.0 for call, e in scored()[0].items()}
    assert min(scores["d01"], scores["d10"]) > max(scores["d02"], scores["d09"]) + 20


def test_interruptions_are_found_where_they_were_placed() -> None:
    assert (counts_of("interruption").f1 or 0.0) >= 0.85


def test_dead_air_and_backchannels_are_found_where_they_were_placed() -> None:
    assert (counts_of("dead_air").f1 or 0.0) >= 0.75
    assert (counts_of("backchannel").f1 or 0.0) >= 0.75


def test_findings_agree_with_the_scripts_over_all_behaviours() -> None:
    together = total(c for call in scored()[1] for c in call.values())
    assert (together.f1 or 0.0) >= 0.6, together
