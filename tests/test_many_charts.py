"""Charts that stand many times on a page are those of the one-by-one charts, with each row's own figures."""

from __future__ import annotations

from datetime import date
from typing import Any

from qa.scorecard.trend import TrendPoint
from qa.web import look
from qa.web.parts import charts, many_charts

BAND = (62.0, 60.0, 64.0)
ROW = charts.Range(" ", 71.0, 66.0, 76.0, "71 (66–76)")


def data_of(spec: dict[str, Any]) -> list[Any]:
    return sorted((str(rows) for rows in spec["datasets"].values()), key=len)


def drawing_of(spec: dict[str, Any]) -> str:
    """Everything but the data and the names that altair gives it."""
    named = str({key: value for key, value in spec.items() if key != "datasets"})
    for place, name in enumerate(spec["datasets"]):
        named = named.replace(name, f"data {place}")
    return named


def test_a_level_is_drawn_as_by_itself() -> None:
    alone = charts.ranges([ROW], look.LIGHT, band=BAND, bare=True).to_dict()
    many = many_charts.level(ROW, look.LIGHT, BAND)
    assert data_of(many) == data_of(alone)
    assert len(drawing_of(many)) == len(drawing_of(alone))


def test_weeks_are_drawn_as_by_themselves() -> None:
    points = [TrendPoint(date(2026, 3, day), day, 60.0 + day, 55.0, 75.0) for day in (2, 9, 16)]
    alone = charts.spark(points, look.DARK).to_dict()
    many = many_charts.spark(points, look.DARK)
    assert data_of(many) == data_of(alone)


def test_one_row_never_shows_the_figures_of_another() -> None:
    first = many_charts.level(ROW, look.LIGHT, BAND)
    other = charts.Range(" ", 12.0, 10.0, 14.0, "12 (10–14)")
    assert "12 (10–14)" not in str(first)
    assert "71 (66–76)" not in str(many_charts.level(other, look.LIGHT, BAND))
    assert "71 (66–76)" in str(first)
