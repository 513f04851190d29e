"""Samples for human review, and what they say about all calls.

Conventions
-----------
- Drawn without replacement within strata (agent, team, queue, or none), each call of a stratum with the same
  stored chance; the same seed and calls give the same sample.
- Calls chosen for doubt come on top, among those not drawn. They had no known chance and take no part in
  means: reading what is doubtful would make every team look worse.
- A mean over a sample weighs each call by the calls it stands for. Calls not yet reviewed are taken to be like
  the reviewed ones of their stratum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from qa.errors import InputError
from qa.store.engine import Store
from qa.store.rows import CallFilter
from qa.store.samples import Candidate, NewSample, SampleRow, candidates, keep_sample
from qa.values import Principal

By = Literal["agent", "team", "queue", "all"]
DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weighted mean with its interval; ``n`` calls reviewed stand for ``of``. None where too few are."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    of: float


def plan_sample(
    calls: Sequence[Candidate],
    *,
    by: By = "agent",
    per_stratum: int = 3,
    doubtful: int = 0,
    seed: int = 0,
    reviewers: Sequence[str] = (),
) -> tuple[NewSample, ...]:
    """Draw a sample.

    Parameters
    ----------
    per_stratum
        Calls of each stratum; all of a smaller one.
    doubtful
        How many of the others are chosen on top, those of which the program is least sure.
    reviewers
        Logins that take turns; none: nobody is named.
    """
    if per_stratum < 0 or doubtful < 0:
        raise InputError("a sample needs counts of 0 or more")
    strata: dict[str, list[Candidate]] = defaultdict(list)
    for call in sorted(calls, key=lambda c: c.call_id):
        strata["all" if by == "all" else str(getattr(call, by) or "unknown")].append(call)
    rng = np.random.default_rng(seed)
    drawn: list[NewSample] = []
    for stratum in sorted(strata):
        inside = strata[stratum]
        n = min(per_stratum, len(inside))
        for place in sorted(rng.choice(len(inside), size=n, replace=False)):
            drawn.append(NewSample(inside[place].call_id, stratum, n / len(inside)))
    taken = {s.call_id for s in drawn}
    rest = sorted((c for c in calls if c.call_id not in taken), key=lambda c: (-c.doubt, c.call_id))
    drawn += [NewSample(c.call_id, DOUBT, None) for c in rest[:doubtful]]
    if not reviewers:
        return tuple(drawn)
    order = rng.permutation(len(drawn))
    named = {int(place): reviewers[turn % len(reviewers)] for turn, place in enumerate(order)}
    return tuple(NewSample(s.call_id, s.stratum, s.probability, named[i]) for i, s in enumerate(drawn))


def draw_sample(
    store: Store,
    principal: Principal,
    *,
    round_name: str,
    which: CallFilter,
    by: By = "agent",
    per_stratum: int = 3,
    doubtful: int = 0,
    seed: int = 0,
    reviewers: Sequence[str] = (),
) -> tuple[NewSample, ...]:
    """Draw a sample and keep it.

    Raises
    ------
    NotAllowed
        Only leads and admins draw samples.
    InputError
        Nothing matches, the name was used, or a reviewer is unknown.
    """
    found = candidates(store, principal, which)
    if not found:
        raise InputError("no scored call matches; choose other calls")
    made = plan_sample(
        found, by=by, per_stratum=per_stratum, doubtful=doubtful, seed=seed, reviewers=reviewers
    )
    keep_sample(store, principal, round_name=round_name, seed=seed, samples=made)
    return made


def weighted_mean(rows: Sequence[SampleRow], values: Mapping[str, float], *, share: float = 0.90) -> Weighted:
    """The mean of ``values`` (by call) over all calls that the sample was drawn from.

    Stratified, with the finite population correction; the interval is Student's with Satterthwaite's degrees
    of freedom. A stratum with one reviewed call borrows the scatter of the others.
    """
    sizes: dict[str, tuple[float, list[float]]] = {}
    for stratum in dict.fromkeys(r.stratum for r in rows if r.probability is not None):
        inside = [r for r in rows if r.stratum == stratum and r.probability is not None]
        given = [values[r.call_id] for r in inside if r.call_id in values]
        if given:
            sizes[stratum] = (sum(1.0 / (r.probability or 1.0) for r in inside), given)
    total = sum(size for size, _ in sizes.values())
    n = sum(len(given) for _, given in sizes.values())
    if not sizes:
        return Weighted(None, None, None, 0, 0.0)
    mean = sum(size * float(np.mean(given)) for size, given in sizes.values()) / total
    own = [float(np.var(given, ddof=1)) for _, given in sizes.values() if len(given) > 1]
    if not own:
        return Weighted(mean, None, None, n, total)
    parts, freedom_below = [], 0.0
    for size, given in sizes.values():
        variance = float(np.var(given, ddof=1)) if len(given) > 1 else float(np.mean(own))
        part = (size / total) ** 2 * max(0.0, 1 - len(given) / size) * variance / len(given)
        parts.append(part)
        freedom_below += part**2 / max(1, len(given) - 1)
    freedom = sum(parts) ** 2 / freedom_below if freedom_below else float(n)
    reach = float(stats.t.ppf(0.5 + share / 2, max(1.0, freedom))) * float(np.sqrt(sum(parts)))
    return Weighted(mean, mean - reach, mean + reach, n, total)


def sample_result(rows: Sequence[SampleRow]) -> dict[str, Weighted]:
    """What a sample says: the mean in force, the program's own, and how far people moved it, per call."""
    done = [r for r in rows if r.state == "done" and r.score is not None]
    both = [r for r in done if r.program_score is not None]
    return {
        "score": weighted_mean(rows, {r.call_id: r.score for r in done if r.score is not None}),
        "program": weighted_mean(
            rows, {r.call_id: r.program_score for r in both if r.program_score is not None}
        ),
        "moved": weighted_mean(rows, {r.call_id: (r.score or 0.0) - (r.program_score or 0.0) for r in both}),
    }
