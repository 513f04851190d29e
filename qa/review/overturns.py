"""How often people overturn a behaviour's findings, and which behaviours are therefore advice only.

Conventions: judged is a finding on which a person's word stands: a label given in a review, or a dispute that
was decided. Disputed findings are picked because somebody thinks them wrong, so the rate of a behaviour that is
only disputed and never reviewed is too high; the parts are shown apart. A behaviour becomes advice only where
even the lower end of the rate's interval lies above the limit of the settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from scipy import stats

from qa.scoring.options import ADVICE_ONLY
from qa.settings import Settings
from qa.store.audit import record
from qa.store.engine import Store
from qa.store.reviews import LabelRow, list_labels
from qa.store.scope import require
from qa.values import Principal


@dataclass(frozen=True, slots=True)
class Overturn:
    """One behaviour: how many findings people judged, and how many of them they took back."""

    behaviour: str
    reviewed: int
    reviewed_overturned: int
    disputed: int
    disputed_overturned: int
    low: float
    high: float
    missed: int
    """Times that people heard it where the program found nothing."""
    advice_only: bool

    @property
    def judged(self) -> int:
        return self.reviewed + self.disputed

    @property
    def overturned(self) -> int:
        return self.reviewed_overturned + self.disputed_overturned

    @property
    def share(self) -> float:
        return self.overturned / self.judged if self.judged else 0.0


def overturns_from(labels: Iterable[LabelRow], *, limit: float, least: int) -> tuple[Overturn, ...]:
    """Overturn rates, the highest first; ``least`` judged findings are needed to be advice only."""
    last: dict[tuple[str, str | None, int | None, float | None], LabelRow] = {}
    for label in labels:
        last[label.call_id, label.behaviour, label.turn, label.start_s] = label
    by_behaviour: dict[str, list[LabelRow]] = defaultdict(list)
    for label in last.values():
        by_behaviour[label.behaviour].append(label)
    rows = [_overturn(name, given, limit=limit, least=least) for name, given in by_behaviour.items()]
    return tuple(sorted(rows, key=lambda r: (-r.share, -r.judged, r.behaviour)))


def overturns(store: Store, principal: Principal, settings: Settings) -> tuple[Overturn, ...]:
    """Overturn rates of every behaviour that people judged.

    Raises
    ------
    NotAllowed
        Only those who review see them.
    """
    labels = list_labels(store, principal, limit=1_000_000)
    return overturns_from(labels, limit=settings.max_overturn_share, least=settings.min_overturn_judged)


def apply_overturns(store: Store, principal: Principal, settings: Settings) -> dict[str, str]:
    """Write down which behaviours are advice only from now on, in QA_HOME, and give them with the reasons.

    Scores that exist stay as they are; programs that run read the list when they start.

    Raises
    ------
    NotAllowed
        Only leads and admins may.
    """
    require(principal, "admin", "lead")
    advice = {
        row.behaviour: _because(row) for row in overturns(store, principal, settings) if row.advice_only
    }
    file = settings.home / ADVICE_ONLY
    if advice == read_advice(file):
        return advice
    partial = file.with_suffix(".part")
    partial.write_text(yaml.safe_dump(advice, allow_unicode=True, sort_keys=True), encoding="utf-8")
    partial.replace(file)
    record(store, principal, "advice only", object="settings", object_id=ADVICE_ONLY, after=sorted(advice))
    return advice


def read_advice(file: Path) -> Mapping[str, str]:
    """The list as it stands; empty where there is none."""
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {} if file.is_file() else {}


def wilson(hits: int, n: int, *, share: float = 0.90) -> tuple[float, float]:
    """Wilson's interval of a share; 0 to 1 where nothing is known."""
    if n == 0:
        return 0.0, 1.0
    z = float(stats.norm.ppf(0.5 + share / 2))
    p, below = hits / n, 1 + z * z / n
    centre, reach = (p + z * z / (2 * n)) / below, z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5 / below
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _overturn(behaviour: str, labels: list[LabelRow], *, limit: float, least: int) -> Overturn:
    on_findings = [label for label in labels if label.finding is not None]
    disputed = [label for label in on_findings if label.dispute is not None]
    reviewed = [label for label in on_findings if label.dispute is None]
    wrong = sum(not label.present for label in on_findings)
    low, high = wilson(wrong, len(on_findings))
    return Overturn(
        behaviour=behaviour,
        reviewed=len(reviewed),
        reviewed_overturned=sum(not label.present for label in reviewed),
        disputed=len(disputed),
        disputed_overturned=sum(not label.present for label in disputed),
        low=low,
        high=high,
        missed=sum(label.present and label.finding is None for label in labels),
        advice_only=len(on_findings) >= least and low > limit,
    )


def _because(row: Overturn) -> str:
    return f"Advice only: people took back {row.overturned} of {row.judged} of its findings."
