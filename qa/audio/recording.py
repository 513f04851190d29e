"""The decoded recording, and the level of a stretch of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.values import Span

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A decoded recording. ``channels`` holds arrays of equal length at ``rate_hz``."""

    path: Path
    sha256: str
    codec: str
    source_rate_hz: int
    rate_hz: int
    channels: tuple[Samples, ...]
    duration_s: float
    notes: tuple[str, ...] = ()

    def level_db(self, channel: int, span: Span) -> float:
        """RMS level of a stretch of one channel in dBFS; -100 for digital silence."""
        first, last = round(span.start * self.rate_hz), round(span.end * self.rate_hz)
        return rms_dbfs(self.channels[channel][first:last])


def rms_dbfs(samples: Samples) -> float:
    """RMS level in dBFS; -100 for nothing or digital silence."""
    if not len(samples):
        return -100.0
    wide = samples.astype(np.float32)
    mean_square = float(np.mean(wide * wide)) / 32768.0**2
    return max(-100.0, 10 * np.log10(mean_square)) if mean_square > 0 else -100.0
