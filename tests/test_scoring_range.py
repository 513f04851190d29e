"""The range of a score covers the true one as often as it says, and knows of the words' and detectors' doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_scoring import found, made_call, made_form, scored, true_world

from qa.scoring import Options, forms
from qa.values import Call, Finding, Word

DEFAULT = forms(Path(__file__).parent.parent / "data" / "forms").get("default")


def _doubtful_findings(rng: np.random.Generator, *, count: int = 30) -> list[Finding]:
    """Findings of the form's behaviours, about as sure and unsure as calibrated detectors give them."""
    behaviours = sorted(b for b in DEFAULT.behaviours() if ":" not in b)
    return [
        found(
            b, 2 * int(rng.integers(0, 10)) + b.startswith("customer_"), float(rng.beta(1.2, 0.8)), turn_s=6.0
        )
        for b in rng.choice(behaviours, size=count)
    ]


def test_the_range_covers_the_true_score_about_as_often_as_it_says() -> None:
    """The true score is the one after a person settled every finding."""
    rng = np.random.default_rng(7)
    options = Options(samples=500, min_measured_share=0.0)
    covered = total = 0
    widths = []
    for _ in range(60):
        findings = _doubtful_findings(rng)
        guess = scored(DEFAULT, *findings, options=options)
        if guess.low is None or guess.high is None:
            continue
        widths.append(guess.high - guess.low)
        for _ in range(5):
            truth = scored(DEFAULT, *true_world(findings, rng), options=replace(options, samples=1))
            if truth.score is not None:
                total += 1
                covered += guess.low - 0.01 <= truth.score <= guess.high + 0.01
    share = covered / total
    wide = f"{np.mean(widths):.1f} points wide on average"
    print(f"range of 90 %: covers {share:.1%} of {total} true scores, {wide}")  # noqa: T201
    assert 0.86 <= share <= 0.96


def test_the_expected_score_is_the_mean_of_the_true_ones() -> None:
    rng = np.random.default_rng(11)
    findings = _doubtful_findings(rng)
    options = Options(min_measured_share=0.0)
    expected = scored(DEFAULT, *findings, options=options).expected
    few = replace(options, samples=1)
    truths = [scored(DEFAULT, *true_world(findings, rng), options=few).score for _ in range(300)]
    known = [t for t in truths if t is not None]
    assert expected == pytest.approx(np.mean(known), abs=4 * np.std(known) / np.sqrt(len(known)))


def test_sure_findings_leave_no_range() -> None:
    findings = [found("customer_problem", 3), found("apology", 4), found("refusal", 6)]
    evaluation = scored(DEFAULT, *findings)
    assert evaluation.low == evaluation.high == evaluation.score


SORRY = made_form(
    """
- {id: sorry, question: "Sorry?", answered_by: presence, behaviours: [apology], weight: 1}
- {id: no_refusal, question: "No bare no?", answered_by: absence, behaviours: [refusal], weight: 1}
"""
)


def _heard_with(probability: float | None) -> Call:
    call = made_call()
    turns = tuple(
        replace(
            t,
            words=tuple(
                Word(w, t.start + i, t.start + i + 1, probability) for i, w in enumerate(t.text.split())
            ),
        )
        for t in call.turns
    )
    return replace(call, turns=turns)


def test_words_that_were_hardly_heard_widen_the_range_and_leave_the_score() -> None:
    sorry = found("apology", 4, 0.97)
    clear = scored(SORRY, sorry, call=_heard_with(0.99))
    faint = scored(SORRY, sorry, call=_heard_with(0.4))
    assert clear.score == faint.score == 100.0
    assert (clear.low, faint.low) == (100.0, 50.0)
    assert faint.expected is not None
    assert clear.expected is not None
    assert faint.expected < clear.expected
    assert scored(SORRY, sorry, call=_heard_with(None)) == scored(SORRY, sorry)


def test_what_the_detectors_tend_to_overlook_may_be_there_but_only_in_the_agents_favour() -> None:
    poor = Options(recall={"apology": 0.5, "refusal": 0.5})
    evaluation = scored(SORRY, options=poor)
    assert (evaluation.score, evaluation.low, evaluation.high) == (50.0, 50.0, 100.0)
    kept = scored(SORRY, found("apology", 4), options=poor)
    assert (kept.low, kept.high) == (100.0, 100.0)


def test_the_range_is_the_same_each_time_and_depends_on_the_call_alone() -> None:
    findings = _doubtful_findings(np.random.default_rng(3))
    one, other = scored(DEFAULT, *findings), scored(DEFAULT, *findings)
    assert (one.low, one.high, one.expected) == (other.low, other.high, other.expected)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"uncertain_band": (0.7, 0.3)}, "must rise"),
        ({"range_share": 1.0}, "between 0 and 1"),
        ({"samples": 0}, "at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Options(**wrong)  # type: ignore[arg-type]
