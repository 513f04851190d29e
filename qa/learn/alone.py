"""Texts that are handed in alone, without a call around them: what a probability means there.

Conventions: in a whole call one turn in fifty carries any given behaviour; a text that somebody picked does so far
more often. A classifier that was calibrated on calls is restated for such texts: by the scale fitted on the project's
own single utterances where there is one (``scales`` of the model card), else by the change of the prior alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ALONE_SHARE = 0.2
"""Prior for a text that is handed in alone: one in five is the middle of what such collections hold."""
ALONE_THRESHOLD = 0.5
_EDGE = 1e-4


def logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds, cut where a probability is all but 0 or 1."""
    held = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(held / (1 - held)))


def as_alone(
    probability: float, behaviour: str, *, scales: Mapping[str, tuple[float, float]], share_of_turns: float
) -> float:
    """A probability for a turn of a call, restated for a text handed in alone."""
    if probability <= 0.0 or probability >= 1.0:
        return probability
    if behaviour in scales:
        slope, offset = scales[behaviour]
        odds = math.exp(slope * float(logit(np.asarray([probability]))[0]) + offset)
    else:
        odds = probability / (1 - probability) * (1 - share_of_turns) / share_of_turns
        odds *= ALONE_SHARE / (1 - ALONE_SHARE)
    return odds / (1 + odds)
