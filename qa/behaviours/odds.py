"""Putting probabilities together, for detectors that weigh several signs.

Conventions: the signs of one call are treated as independent unless a detector says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from qa.values import Finding


def any_of(probabilities: Iterable[float]) -> float:
    """That at least one of them is so."""
    none = 1.0
    for p in probabilities:
        none *= 1.0 - p
    return 1.0 - none


def at_least(probabilities: Iterable[float], count: int) -> float:
    """That at least ``count`` of them are so (Poisson binomial)."""
    ways = [1.0]
    for p in probabilities:
        ways = [
            (ways[k] if k < len(ways) else 0.0) * (1 - p) + (ways[k - 1] * p if k else 0.0)
            for k in range(len(ways) + 1)
        ]
    return max(0.0, min(1.0, sum(ways[count:])))


def weighed(finding: Finding, factor: float, because: str = "") -> Finding:
    """The finding with its probability multiplied by ``factor`` and the reason extended by a sentence."""
    reason = f"{finding.reason} {because}".strip() if because else finding.reason
    return replace(finding, probability=round(min(1.0, finding.probability * factor), 4), reason=reason)
