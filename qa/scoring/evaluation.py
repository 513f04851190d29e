"""The form answered for one call: answers, waterfall, range, and why there may be no total.

Pure: the same call, findings, form and options give the same evaluation, on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.scoring.answers import Draft, answer
from qa.scoring.form import Form, Manual
from qa.scoring.options import Mark, Options
from qa.scoring.scene import scene_of
from qa.scoring.tally import Sheet, sheet_of, totals, waterfall
from qa.scoring.uncertainty import Range, draws_for, score_range
from qa.values import Answer, Call, Detections, Evaluation

_DEFAULT = Options()


def evaluate(
    call: Call,
    detections: Detections,
    form: Form,
    *,
    options: Options = _DEFAULT,
    marks: Sequence[Mark] = (),
) -> Evaluation:
    """The form answered for one call.

    Parameters
    ----------
    options : Options
        How sure the program must be; ``Options.from_settings(settings)``.
    marks : sequence of Mark
        Answers that a person gave; each stands in place of the program's, the last one per criterion.

    Returns
    -------
    Evaluation
        ``score`` is None where the call is not one to score or too little could be measured;
        ``why_no_score`` then says so. Points of the answers are the form's own points; the waterfall's are
        of 100.
    """
    counting = without_advice_only(detections, options)
    scene, sheet = scene_of(call, counting, words=options.words), sheet_of(form)
    draws = draws_for(scene, options)
    by_person = {m.criterion: m for m in marks}
    drafts = [
        _bonus_costs_nothing(
            answer(criterion, section.id, scene, draws, options=options, mark=by_person.get(criterion.id))
        )
        for section, criterion in form.criteria()
    ]
    unfit = why_not_scored(call, form, options=options)
    measured = measured_share(sheet, drafts)
    counted = np.array([d.outcome in ("met", "missed") for d in drafts])
    share = np.array([d.share for d in drafts])
    failing = np.array([d.outcome == "missed" and d.sure_to_fail for d in drafts])
    why = unfit or _why_too_little(measured, counted=counted, sheet=sheet, options=options)
    steps = waterfall(sheet, counted, share, failing) if why is None else ()
    score = steps[-1].points if steps else None
    spread = None if unfit else score_range(sheet, scene, drafts, options=options, score=score)
    failed_by = next(
        (
            d.criterion.id
            for d, fails in zip(drafts, failing, strict=True)
            if fails and d.criterion.fails == "evaluation"
        ),
        None,
    )
    if unfit:
        failed_by = None
    return Evaluation(
        call_id=call.call_id,
        form=form.id,
        score=score,
        low=spread.low if spread and score is not None else None,
        high=spread.high if spread and score is not None else None,
        expected=spread.expected if spread and score is not None else None,
        measured_share=round(measured, 4),
        answers=tuple(_answer(d, sheet, i, spread) for i, d in enumerate(drafts)),
        waterfall=steps,
        sections=section_scores(sheet, counted, share, failing),
        auto_failed_by=failed_by,
        why_no_score=why,
        passed=_passed(form, score, failed_by),
    )


def without_advice_only(detections: Detections, options: Options) -> Detections:
    """The findings that may count: a behaviour that is advice only is as if this call could not show it."""
    if not options.advice_only:
        return detections
    return Detections(
        call_id=detections.call_id,
        findings=tuple(f for f in detections.findings if f.behaviour not in options.advice_only),
        not_measured=(*detections.not_measured, *options.advice_only.items()),
    )


def measured_share(sheet: Sheet, drafts: Sequence[Draft]) -> float:
    """Share of the weight that applies to this call which could be answered.

    What did not apply takes no part; nor do questions for a person until they are answered, since the
    program could never have answered them. 0 where nothing applies.
    """
    asked = answered = 0.0
    for points, draft in zip(sheet.points, drafts, strict=True):
        waiting = isinstance(draft.criterion, Manual) and draft.outcome == "not_measured"
        if draft.criterion.bonus or waiting or draft.outcome == "not_applicable":
            continue
        asked += float(points)
        answered += float(points) if draft.outcome in ("met", "missed") else 0.0
    return answered / asked if asked else 0.0


def why_not_scored(call: Call, form: Form, *, options: Options = _DEFAULT) -> str | None:
    """Why this is no call to score at all: dropped, one-sided, an answering machine; None where it is one."""
    spoken = [t for t in call.turns if any(c.isalnum() for c in t.text)]
    customer = [t for t in spoken if t.speaker == "customer"]
    if not spoken:
        return "Not scored: nothing was said in this call."
    if not customer:
        return "Not scored: the customer does not speak in this call."
    if not any(t.speaker == "agent" for t in spoken):
        return "Not scored: the agent does not speak in this call."
    if _only_a_machine(call, form):
        return "Not scored: only an answering machine answered."
    length_s = max(call.duration, max(t.end for t in call.turns))
    if length_s < options.min_call_s:
        return (
            f"Not scored: the call lasts {length_s:.0f} s, less than the {options.min_call_s:.0f} s it takes."
        )
    return None


def _only_a_machine(call: Call, form: Form) -> bool:
    """Whether the customer's side is an answering machine's text and nothing after the agent's answer to it."""
    phrases = [" ".join(p.lower().split()) for p in form.voicemail_phrases]
    machine = [
        index
        for index, turn in enumerate(call.turns)
        if turn.speaker == "customer" and any(p in " ".join(turn.text.lower().split()) for p in phrases)
    ]
    if not machine:
        return False
    after = call.turns[machine[-1] + 1 :]
    replied = next((i for i, t in enumerate(after) if t.speaker == "agent"), len(after))
    return not any(t.speaker == "customer" and len(t.text.split()) > 2 for t in after[replied:])


def _why_too_little(
    measured: float, *, counted: np.ndarray[tuple[int], np.dtype[np.bool_]], sheet: Sheet, options: Options
) -> str | None:
    if not (counted & ~sheet.bonus).any():
        return "No total: none of the form's questions could be answered for this call."
    if measured < options.min_measured_share:
        return (
            f"No total: only {measured:.0%} of what applies to this call could be answered, "
            f"{options.min_measured_share:.0%} is needed."
        )
    return None


def _bonus_costs_nothing(draft: Draft) -> Draft:
    """A bonus that was not earned is no miss."""
    if not draft.criterion.bonus or draft.outcome != "missed":
        return draft
    reason = f"A bonus, and nothing is lost without it. {draft.reason}"
    return Draft(draft.criterion, draft.section, "not_applicable", 0.0, draft.probability, reason)


def _answer(draft: Draft, sheet: Sheet, index: int, spread: Range | None) -> Answer:
    counts = draft.outcome in ("met", "missed")
    points = float(sheet.points[index])
    share = spread.shares[index] if spread is not None else float("nan")
    return Answer(
        criterion=draft.criterion.id,
        section=draft.section,
        outcome=draft.outcome,
        points=round(points * draft.share, 4) if counts else 0.0,
        max_points=round(points, 4) if counts and not draft.criterion.bonus else 0.0,
        probability=None if draft.probability is None else round(draft.probability, 4),
        reason=draft.reason,
        evidence=draft.evidence,
        opportunity=draft.opportunity,
        searched=draft.searched,
        expected_points=0.0 if np.isnan(share) else round(points * share, 4),
    )


def section_scores(
    sheet: Sheet,
    counted: np.ndarray[tuple[int], np.dtype[np.bool_]],
    share: np.ndarray[tuple[int], np.dtype[np.float64]],
    failing: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> tuple[tuple[str, float | None], ...]:
    """Points of 100 of each section by itself; None where nothing in it was answered."""
    scores: list[tuple[str, float | None]] = []
    for index, section in enumerate(sheet.form.sections):
        here = (sheet.section == index) & counted & ~sheet.bonus
        worth = sheet.points[here].sum()
        if not worth:
            scores.append((section.id, None))
            continue
        failed = bool((failing & sheet.fails_section & here).any())
        earned = 0.0 if failed else float((sheet.points[here] * share[here]).sum() / worth)
        scores.append((section.id, round(100.0 * earned, 2)))
    return tuple(scores)


def _passed(form: Form, score: float | None, failed_by: str | None) -> bool | None:
    if failed_by is not None:
        return False
    return None if score is None else score >= form.pass_mark


__all__ = ["evaluate", "measured_share", "section_scores", "totals", "why_not_scored"]
