"""How sure a score is: the expected score and the range in which the true one lies.

Every finding is true with its probability, independently of the others; many worlds are drawn, each is
scored by the same functions as the call itself, and the range is cut from the scores. The true score is the
one that would come out if a person settled every finding. Drawing is chosen over an exact sum, since
conditions, windows and auto-fails make the score a function of all findings jointly; the seed is fixed by
the call's id, so the same call gives the same range.

Two more doubts are known to the range where they are given: the recogniser's (words' probabilities) and the
detectors' recall (what was there and not found).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.scoring.answers import Draft
from qa.scoring.form import Form, Presence
from qa.scoring.measure import measure
from qa.scoring.options import Options
from qa.scoring.scene import Scene, with_phantoms
from qa.scoring.tally import Sheet, totals
from qa.values import Finding

Floats = NDArray[np.float64]

SEED = 20_231


@dataclass(frozen=True, slots=True)
class Range:
    """Expected score, the range around it, and the expected share of each criterion (NaN: never applied)."""

    expected: float
    low: float
    high: float
    shares: tuple[float, ...]


def draws_for(scene: Scene, options: Options) -> Floats:
    """Uniform numbers of shape (samples, findings and phantoms); the same for the same call.

    Made from the generator's raw bits, whose stream numpy promises never to change; that of its
    ``random()`` may, and with it the range of every stored score.
    """
    shape = (options.samples, len(scene.findings) + len(scene.phantoms))
    seed = np.random.SeedSequence([SEED, zlib.crc32(scene.call.call_id.encode())])
    bits = np.asarray(np.random.PCG64(seed).random_raw(shape[0] * shape[1]), dtype=np.uint64)
    return np.asarray((bits >> np.uint64(11)) * 2.0**-53).reshape(shape)


def score_range(
    sheet: Sheet, scene: Scene, drafts: Sequence[Draft], *, options: Options, score: float | None
) -> Range | None:
    """The range of a call's score; None where no world gives one.

    ``score`` is the score as it stands: the range is widened to hold it, since a range beside its own score
    would puzzle every reader.
    """
    doubted = doubtful_scene(sheet.form, scene, options)
    chances = np.concatenate(
        [[heard(f, scene, options) for f in scene.findings], [c for _, c in doubted.phantoms]]
    )
    worlds = draws_for(doubted, options) < chances[None, :]
    counted = np.zeros((len(worlds), len(drafts)), dtype=np.bool_)
    share, failing = np.zeros(counted.shape), counted.copy()
    for column, draft in enumerate(drafts):
        if draft.by_person or draft.outcome == "not_measured":
            counted[:, column] = draft.by_person and draft.outcome in ("met", "missed")
            share[:, column], failing[:, column] = draft.share, draft.sure_to_fail
            continue
        measured = measure(draft.criterion, doubted, worlds)
        missed = measured.share < draft.criterion.met_from
        # a bonus that is not there is no question asked
        counted[:, column] = measured.applies & ~(draft.criterion.bonus & missed)
        share[:, column], failing[:, column] = measured.share, missed
    scores = totals(sheet, counted, share, failing)
    known = scores[~np.isnan(scores)]
    if known.size == 0:
        return None
    tail = (1.0 - options.range_share) / 2.0
    low = float(np.quantile(known, tail, method="inverted_cdf"))
    high = float(np.quantile(known, 1.0 - tail, method="inverted_cdf"))
    if score is not None:
        low, high = min(low, score), max(high, score)
    asked = counted.sum(axis=0)
    mean = np.divide((share * counted).sum(axis=0), asked, out=np.full(len(drafts), np.nan), where=asked > 0)
    return Range(round(float(known.mean()), 2), round(low, 2), round(high, 2), tuple(float(v) for v in mean))


def heard(finding: Finding, scene: Scene, options: Options) -> float:
    """The probability of a finding once the recogniser's doubt of its words is taken into account."""
    certainty = _certainty_of_words(finding, scene)
    return finding.probability * (1.0 - options.words_doubt_weight * (1.0 - certainty))


def _certainty_of_words(finding: Finding, scene: Scene) -> float:
    """Mean probability of the words that a finding rests on; 1 where it rests on none or none is given."""
    if not finding.quote or finding.turn is None or not 0 <= finding.turn < len(scene.call.turns):
        return 1.0
    words = [
        w.probability
        for w in scene.call.turns[finding.turn].words
        if w.probability is not None and w.end > finding.start and w.start < finding.end
    ]
    return float(np.mean(words)) if words else 1.0


def doubtful_scene(form: Form, scene: Scene, options: Options) -> Scene:
    """The scene with what may be there though nothing found it.

    Only for behaviours whose presence a criterion asks for: to give the agent the benefit of what was not
    heard. For behaviours to avoid, nothing is assumed that nobody found. With recall r and even odds
    beforehand, a behaviour that was not found is there with probability (1 - r) / (2 - r).
    """
    wanted = {
        b for _, c in form.criteria() if isinstance(c, Presence) and c.at_least == 1 for b in c.behaviours
    }
    given = [w.probability for t in scene.call.turns if t.speaker == "agent" for w in t.words]
    known = [p for p in given if p is not None]
    certainty = 1.0 - options.words_doubt_weight * (1.0 - float(np.mean(known))) if known else 1.0
    chances = {}
    for behaviour in wanted - set(scene.columns):
        recall = options.recall.get(behaviour, 1.0) * certainty
        if recall < 1.0:
            chances[behaviour] = (1.0 - recall) / (2.0 - recall)
    return with_phantoms(scene, chances) if chances else scene
