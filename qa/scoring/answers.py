"""One criterion, one answer: met, missed, not applicable, not measured or uncertain, with its evidence.

The order of the questions is fixed: could this call show it, did it have a chance, was it done, and is the
program sure enough to say. Reasons are whole sentences that name times of the recording ("at 1:23").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.scoring.form import Absence, Bands, Criterion, Manual, PerEvent, PerOpportunity, Presence
from qa.scoring.measure import combined, measure
from qa.scoring.measure import opportunities as count_opportunities
from qa.scoring.options import Mark, Options
from qa.scoring.scene import Scene, Worlds, windows
from qa.scoring.wording import event_reason, opportunity_reason, plain, sentence, times
from qa.values import Finding, Outcome, Span

SHOWN = 5
"""At most so many weak findings are shown with an uncertain answer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before it is worth anything: its share is turned into points when all weights are known."""

    criterion: Criterion
    section: str
    outcome: Outcome
    share: float
    probability: float | None
    reason: str
    evidence: tuple[Finding, ...] = ()
    opportunity: tuple[Finding, ...] = ()
    searched: Span | None = None
    sure_to_fail: bool = False
    by_person: bool = False


def answer(
    criterion: Criterion,
    section: str,
    scene: Scene,
    draws: NDArray[np.float64],
    *,
    options: Options,
    mark: Mark | None = None,
) -> Draft:
    """The answer to one criterion.

    Parameters
    ----------
    draws : array of shape (samples, findings)
        Uniform numbers; a finding is true in a world where its number is below its probability.
    mark : Mark, optional
        What a person answered; it stands.
    """
    if mark is not None:
        return _by_person(criterion, section, mark)
    if isinstance(criterion, Manual):
        return Draft(criterion, section, "not_measured", 0.0, None, "Only a person can answer this.")
    chance, applies = _condition(criterion, section, scene, options)
    if chance is not None:
        return chance
    unmeasured = _not_measured(criterion, section, scene, options)
    if unmeasured is not None:
        return unmeasured
    if isinstance(criterion, PerOpportunity):
        return _per_opportunity(criterion, section, scene, draws, options=options)
    return _by_events(criterion, section, scene, draws, options=options, opportunity=applies)


def decided(scene: Scene, options: Options) -> Worlds:
    """The one world as it stands: shape (1, findings), true where at least as likely as not."""
    return np.asarray(scene.probabilities >= options.min_probability)[None, :]


def _by_person(criterion: Criterion, section: str, mark: Mark) -> Draft:
    said = f" {mark.note}" if mark.note else ""
    if mark.share is None:
        reason = f"{mark.by} says that this does not apply.{said}"
        return Draft(criterion, section, "not_applicable", 0.0, None, reason, by_person=True)
    met = mark.share >= criterion.met_from
    return Draft(
        criterion,
        section,
        "met" if met else "missed",
        mark.share,
        1.0 if met else 0.0,
        f"Answered by {mark.by}.{said}",
        sure_to_fail=not met,
        by_person=True,
    )


def _condition(
    criterion: Criterion, section: str, scene: Scene, options: Options
) -> tuple[Draft | None, tuple[Finding, ...]]:
    """A draft where the condition settles the answer, and the findings that gave the chance."""
    when = criterion.applies_when
    if when is None:
        return None, ()
    low, high = options.uncertain_band
    weakest = 1.0
    evidence: list[Finding] = []
    for group in when.groups:
        columns = scene.columns_of(group)
        present = combined(scene.probabilities[list(columns)], min_probability=options.min_probability)
        found = scene.of(columns)
        if present <= low:
            why = scene.why_not_measured(group)
            if why is not None:
                reason = f"Whether it had a chance can't be told: {sentence(why)}"
                return Draft(criterion, section, "not_measured", 0.0, None, reason), ()
            reason = f"No occasion: no {plain(group, scene.words)} in this call."
            return Draft(criterion, section, "not_applicable", 0.0, None, reason), ()
        weakest = min(weakest, present)
        sure = tuple(f for f in found if f.probability >= options.min_probability)
        evidence += list(sure or _strongest(found))
    opportunity = tuple(sorted(evidence, key=lambda f: (f.start, f.end)))
    if weakest < high:
        reason = (
            f"Too unsure whether it had a chance: {plain(when.behaviours, scene.words)} {times(opportunity)} "
            f"is only {weakest:.0%} likely."
        )
        return Draft(criterion, section, "uncertain", 0.0, None, reason, (), opportunity, scene.whole), ()
    return None, opportunity


def _not_measured(criterion: Criterion, section: str, scene: Scene, options: Options) -> Draft | None:
    """A draft where this call can't show the behaviour, unless what it does show settles the answer."""
    named = criterion.needed
    if isinstance(criterion, PerOpportunity):
        named = criterion.opportunities + criterion.behaviours
    why = scene.why_not_measured(named)
    if why is None:
        why = _facts_missing(criterion, scene)
    if why is None:
        return None
    if isinstance(criterion, Presence | Absence):
        columns = scene.columns_of(criterion.needed, criterion.where)
        needed = criterion.at_least if isinstance(criterion, Presence) else 1
        if int((scene.probabilities[list(columns)] >= options.uncertain_band[1]).sum()) >= needed:
            return None
    return Draft(criterion, section, "not_measured", 0.0, None, sentence(why))


def _facts_missing(criterion: Criterion, scene: Scene) -> str | None:
    """Why a fact that the criterion asks for is not known: no finding of the behaviour carries it."""
    if not isinstance(criterion, Presence | Absence) or not criterion.where:
        return None
    found = scene.of(scene.columns_of(criterion.behaviours))
    known = {key for f in found for key, _ in f.details}
    missing = [key for key in criterion.where if key not in known]
    if found and missing:
        return f"the findings of {plain(criterion.behaviours, scene.words)} do not say '{missing[0]}'"
    return None


def _by_events(
    criterion: Presence | Absence | PerEvent | Bands,
    section: str,
    scene: Scene,
    draws: NDArray[np.float64],
    *,
    options: Options,
    opportunity: tuple[Finding, ...],
) -> Draft:
    """Answer a criterion by how many findings there are."""
    stands = decided(scene, options)
    counting = _counting(criterion, scene, opportunity)
    share = float(measure(criterion, scene, stands).share[0])
    probabilities = np.array([f.probability for f in counting])
    if isinstance(criterion, Absence) or (isinstance(criterion, Presence) and criterion.at_least == 1):
        present = combined(probabilities, min_probability=options.min_probability)
        met = present if isinstance(criterion, Presence) else 1.0 - present
        outcome = _outcome(met, options)
        share = 1.0 if outcome == "met" else 0.0
    else:
        met = _chance_of_met(criterion, scene, draws, options)
        outcome = _agreeing(met, share >= criterion.met_from, options)
    decisive = tuple(f for f in counting if f.probability >= options.min_probability)
    evidence = decisive or (_strongest(counting) if outcome == "uncertain" else ())
    searched = _searched(scene, criterion, opportunity)
    return Draft(
        criterion,
        section,
        outcome,
        share,
        met,
        event_reason(
            criterion, outcome, evidence, opportunity, searched, met=met, share=share, words=scene.words
        ),
        evidence,
        opportunity,
        searched if outcome in ("missed", "uncertain") and isinstance(criterion, Presence) else None,
        sure_to_fail=outcome == "missed" and 1.0 - met >= criterion.fail_when_sure,
    )


def _counting(
    criterion: Presence | Absence | PerEvent | Bands, scene: Scene, opportunity: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    where = criterion.where if isinstance(criterion, Presence | Absence) else None
    found = scene.of(scene.columns_of(criterion.behaviours, where))
    when = criterion.applies_when
    if when is None or not when.only_after or not opportunity:
        return found
    return tuple(f for f in found if f.start >= _began(criterion, opportunity))


def _began(criterion: Criterion, opportunity: tuple[Finding, ...]) -> float:
    """When the condition was complete: the first of any, and the first of each that all must be there."""
    when = criterion.applies_when
    groups = when.groups if when else ()
    firsts = [min((f.start for f in opportunity if f.behaviour in g), default=0.0) for g in groups]
    return max(firsts, default=0.0)


def _chance_of_met(criterion: Criterion, scene: Scene, draws: NDArray[np.float64], options: Options) -> float:
    """Share of worlds in which it is met, of findings that are more than noise (the band's lower end)."""
    p = scene.probabilities
    worlds = draws < np.where(p >= options.uncertain_band[0], p, 0.0)[None, :]
    if not isinstance(criterion, PerOpportunity | Manual) and criterion.applies_when is not None:
        # the condition is settled here: only how often the behaviour itself occurred is in doubt
        settled = list(scene.columns_of(criterion.applies_when.behaviours))
        worlds[:, settled] |= p[settled] >= options.min_probability
    measured = measure(criterion, scene, worlds)
    if not measured.applies.any():
        return 0.0
    return float((measured.share[measured.applies] >= criterion.met_from).mean())


def _outcome(met: float, options: Options) -> Outcome:
    low, high = options.uncertain_band
    if met >= high:
        return "met"
    return "missed" if met <= low else "uncertain"


def _agreeing(met: float, stands: bool, options: Options) -> Outcome:
    """The outcome, where the findings as they stand and their probabilities say the same."""
    outcome = _outcome(met, options)
    return outcome if outcome == ("met" if stands else "missed") else "uncertain"


def _strongest(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    best = sorted(findings, key=lambda f: (-f.probability, f.start))[:SHOWN]
    return tuple(sorted(best, key=lambda f: (f.start, f.end)))


def _searched(scene: Scene, criterion: Criterion, opportunity: tuple[Finding, ...]) -> Span:
    whole, when = scene.whole, criterion.applies_when
    if when is None or not when.only_after or not opportunity:
        return whole
    start = max(whole.start, _began(criterion, opportunity))
    return Span(start, max(start, whole.end))


def _per_opportunity(
    criterion: PerOpportunity,
    section: str,
    scene: Scene,
    draws: NDArray[np.float64],
    *,
    options: Options,
) -> Draft:
    low, high = options.uncertain_band
    chances = windows(
        scene, criterion.opportunities, criterion.behaviours, within_turns=criterion.within_turns
    )
    likely = combined(
        np.array([max(scene.findings[i].probability for i in w.opportunity) for w in chances]),
        min_probability=options.min_probability,
    )
    every = tuple(scene.findings[i] for w in chances for i in w.opportunity)
    if likely <= low:
        reason = f"No occasion: no {plain(criterion.opportunities, scene.words)} that the agent could still answer."
        return Draft(criterion, section, "not_applicable", 0.0, None, reason)
    if likely < high:
        reason = (
            f"Too unsure whether it had a chance: {plain(criterion.opportunities, scene.words)} "
            f"{times(_strongest(every))} is only {likely:.0%} likely."
        )
        return Draft(criterion, section, "uncertain", 0.0, None, reason, (), _strongest(every), scene.whole)
    stands = decided(scene, options)
    chance_count, taken_count = count_opportunities(criterion, scene, stands)
    share = float(taken_count[0] / chance_count[0]) if chance_count[0] else 1.0
    met = _chance_of_met(criterion, scene, draws, options)
    outcome = _agreeing(met, share >= criterion.met_from, options)
    sure = [w for w in chances if any(stands[0][list(w.opportunity)])]
    open_ones = [w for w in sure if not any(stands[0][list(w.answers)])]
    evidence = _unique(scene, (i for w in sure for i in w.answers if stands[0][i]))
    opportunity = _unique(scene, (i for w in (open_ones or sure) for i in w.opportunity if stands[0][i]))
    return Draft(
        criterion,
        section,
        outcome,
        share,
        met,
        opportunity_reason(criterion, outcome, len(sure), open_ones, opportunity, met=met, words=scene.words),
        evidence,
        opportunity,
        open_ones[0].searched if open_ones and outcome != "met" else None,
        sure_to_fail=outcome == "missed" and 1.0 - met >= criterion.fail_when_sure,
    )


def _unique(scene: Scene, columns: Iterable[int]) -> tuple[Finding, ...]:
    return tuple(scene.findings[i] for i in sorted(set(columns)))
