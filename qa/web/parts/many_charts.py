"""Small charts that stand many times on a page: drawn once as a pattern, then filled with each row's figures.

Making one chart takes a twentieth of a second, most of it for checking what is the same in each. So the chart of
:mod:`qa.web.parts.charts` is made once for each palette and band, and only its data is exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any

from qa.scorecard.trend import TrendPoint
from qa.web.look import Palette
from qa.web.parts import charts

Spec = dict[str, Any]
Band = tuple[float, float, float]

_ROW = charts.Range(" ", 50.0, 40.0, 60.0, "50 (40–60)")
_WEEKS = tuple(TrendPoint(date(2026, 1, day), 3, 50.0 + day, 40.0, 60.0) for day in (5, 12))


def level(row: charts.Range, colours: Palette, band: Band | None) -> Spec:
    """One level on a line from 0 to 100, as :func:`charts.ranges` draws a bare row; its label is not shown."""
    record = {**asdict(row), "label": _ROW.label, "told": charts.told_of(row)}
    return _filled(_level_pattern(colours, band), {1: [record]})


def spark(points: Sequence[TrendPoint], colours: Palette) -> Spec:
    """The weeks as :func:`charts.spark` draws them; there must be two or more."""
    records = [
        {
            "week": f"{p.week.isoformat()}T00:00:00",
            "score": p.score,
            "low": p.low,
            "high": p.high,
            "told": charts.week_told(p),
        }
        for p in points
    ]
    return _filled(_spark_pattern(colours), {2: records, 1: records[-1:]})


@lru_cache(maxsize=64)
def _level_pattern(colours: Palette, band: Band | None) -> Spec:
    return _made(lambda: charts.ranges([_ROW], colours, band=band, bare=True))


@lru_cache(maxsize=4)
def _spark_pattern(colours: Palette) -> Spec:
    return _made(lambda: charts.spark(_WEEKS, colours))


def _made(make: Callable[[], Any]) -> Spec:
    found: Spec = make().to_dict()
    return found


def _filled(pattern: Spec, records: dict[int, list[dict[str, Any]]]) -> Spec:
    """The pattern with its data exchanged: data sets that tell something, known by their length."""
    datasets = {
        name: records[len(rows)] if "told" in rows[0] else rows for name, rows in pattern["datasets"].items()
    }
    return {**pattern, "datasets": datasets}
