"""Charts that are read at a glance: ranges as ranges, labels in place of legends, scores from 0 to 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from qa.scorecard.trend import TrendPoint
from qa.values import Step
from qa.web.look import Palette

FONT = "Source Sans, Source Sans Pro, sans-serif"
ROW_PX = 34
TOP_PX = 18
AXIS_PX = 24
SPARK_PX = 46
SCORES = alt.Scale(domain=[0, 100])
# Not None: layers that share an axis must agree that there is one.
NO_AXIS = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)


@dataclass(frozen=True, slots=True)
class Range:
    """One row: a level with its range, and what stands beside it."""

    label: str
    score: float | None
    low: float | None
    high: float | None
    beside: str = ""
    before: float | None = None
    """The level of the time before, drawn as an open circle."""


def ranges(
    rows: Sequence[Range],
    colours: Palette,
    *,
    band: tuple[float, float, float] | None = None,
    mark: float | None = None,
    labels_px: int = 150,
    bare: bool = False,
) -> alt.LayerChart:
    """Each level as a dot on its range, on one line from 0 to 100.

    Parameters
    ----------
    band
        Mean, low and high of the team, drawn behind.
    mark
        The pass mark, drawn as a line.
    bare
        Without the figures of the axis and the name of the band, for rows under one another.
    """
    frame = pd.DataFrame(
        [(r.label, r.score, r.low, r.high, r.beside, r.before, told_of(r)) for r in rows],
        columns=["label", "score", "low", "high", "beside", "before", "told"],
    )
    order = [row.label for row in rows]
    y = alt.Y("label:N", sort=order, title=None, axis=NO_AXIS if bare else _label_axis(colours, labels_px))
    x = alt.X("low:Q", scale=SCORES, title=None, axis=NO_AXIS if bare else _score_axis(colours))
    base = alt.Chart(frame).encode(tooltip=[alt.Tooltip("told:N", title=" ")])
    track = base.mark_rule(color=colours.line, strokeWidth=1).encode(y=y, x=alt.datum(0), x2=alt.datum(100))
    span = base.mark_bar(color=colours.soft, height=10, cornerRadius=5).encode(y=y, x=x, x2="high:Q")
    dot = base.mark_circle(color=colours.accent, size=90, opacity=1).encode(y=y, x="score:Q")
    said = base.mark_text(align="left", dx=8, color=colours.ink, fontSize=13, font=FONT).encode(
        y=y, x=alt.value("width"), text="beside:N"
    )
    layers: list[Any] = [track, span, dot, said]
    if any(row.before is not None for row in rows):
        earlier = base.mark_point(color=colours.muted, size=55, filled=False, strokeWidth=1.5, opacity=1)
        layers.insert(2, earlier.encode(y=y, x="before:Q"))
    if band is not None:
        layers.insert(0, _band(band, colours, named=not bare))
    if mark is not None:
        layers.insert(1, _vertical(mark, f"pass {mark:.0f}", colours))
    height = ROW_PX * max(1, len(rows))
    top = TOP_PX if band is not None and not bare else 4
    return _finished(alt.layer(*layers), height=height, top=top, axis=not bare)


def told_of(row: Range) -> str:
    """A row in words, for those who point at it."""
    if row.score is None or row.low is None or row.high is None:
        return f"{row.label}: not measured"
    return f"{row.label}: {row.score:.0f}, between {row.low:.0f} and {row.high:.0f} with 90 % probability"


def _band(band: tuple[float, float, float], colours: Palette, *, named: bool) -> alt.LayerChart:
    mean, low, high = band
    frame = pd.DataFrame({"low": [low], "high": [high], "mean": [mean]})
    axis = _score_axis(colours) if named else NO_AXIS
    x = alt.X("low:Q", scale=SCORES, title=None, axis=axis)
    area = alt.Chart(frame).mark_rect(color=colours.line, opacity=0.55).encode(x=x, x2="high:Q")
    line = (
        alt.Chart(frame)
        .mark_rule(color=colours.muted, strokeDash=[3, 3])
        .encode(x=alt.X("mean:Q", scale=SCORES, title=None, axis=axis))
    )
    said = (
        alt.Chart(frame)
        .mark_text(baseline="bottom", dy=-4, color=colours.muted, fontSize=12, font=FONT)
        .encode(x="mean:Q", y=alt.value(0), text=alt.value(f"team {mean:.0f}"))
    )
    return alt.layer(area, line, said) if named else alt.layer(area, line)


def _vertical(at: float, label: str, colours: Palette) -> alt.LayerChart:
    frame = pd.DataFrame({"at": [at]})
    line = alt.Chart(frame).mark_rule(color=colours.muted, strokeDash=[3, 3]).encode(x="at:Q")
    said = (
        alt.Chart(frame)
        .mark_text(baseline="bottom", dy=-4, color=colours.muted, fontSize=12, font=FONT)
        .encode(x="at:Q", y=alt.value(0), text=alt.value(label))
    )
    return alt.layer(line, said)


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference with its range, in points of 100; None where it is not known."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    beside: str


def gaps(rows: Sequence[Gap], colours: Palette, *, reach: float, labels_px: int = 190) -> alt.LayerChart:
    """Differences as dots on their ranges about a line at nought, from ``-reach`` to ``reach``."""
    frame = pd.DataFrame(
        [(r.label, r.value, r.low, r.high, r.beside, f"{r.label}: {r.beside}") for r in rows],
        columns=["label", "value", "low", "high", "beside", "told"],
    )
    scale = alt.Scale(domain=[-reach, reach], clamp=True)
    axis = alt.Axis(
        values=[-reach, 0, reach],
        labelExpr="datum.value == 0 ? 'no gap' : (datum.value > 0 ? '+' : '−') + abs(datum.value)",
        labelColor=colours.muted,
        labelFont=FONT,
        domain=False,
        ticks=False,
        grid=False,
    )
    y = alt.Y("label:N", sort=[r.label for r in rows], title=None, axis=_label_axis(colours, labels_px))
    x = alt.X("low:Q", scale=scale, title=None, axis=axis)
    base = alt.Chart(frame).encode(tooltip=[alt.Tooltip("told:N", title=" ")])
    track = base.mark_rule(color=colours.line, strokeWidth=1).encode(
        y=y, x=alt.datum(-reach), x2=alt.datum(reach)
    )
    nought = (
        alt.Chart(pd.DataFrame({"at": [0.0]}))
        .mark_rule(color=colours.muted, strokeDash=[3, 3])
        .encode(x=alt.X("at:Q", scale=scale, axis=axis, title=None))
    )
    span = base.mark_bar(color=colours.soft, height=10, cornerRadius=5).encode(y=y, x=x, x2="high:Q")
    dot = base.mark_circle(color=colours.accent, size=90, opacity=1).encode(y=y, x="value:Q")
    said = base.mark_text(align="left", dx=8, color=colours.ink, fontSize=13, font=FONT).encode(
        y=y, x=alt.value("width"), text="beside:N"
    )
    return _finished(alt.layer(track, span, nought, dot, said), height=ROW_PX * len(rows), top=4)


def distribution(
    scores: Sequence[float], colours: Palette, *, mark: float | None = None, height: int = 150
) -> alt.LayerChart:
    """How many calls lie in each ten points; ``mark`` is the pass mark, drawn as a line."""
    bins = [0] * 10
    for value in scores:
        bins[min(9, int(value // 10))] += 1
    frame = pd.DataFrame(
        [(10 * i, 10 * i + 10, n, str(n) if n else "") for i, n in enumerate(bins)],
        columns=["from", "to", "n", "said"],
    )
    frame["told"] = [
        f"{n} calls from {a} to {b}" for a, b, n in zip(frame["from"], frame["to"], frame["n"], strict=True)
    ]
    x = alt.X("from:Q", scale=SCORES, title=None, axis=_score_axis(colours))
    zero = alt.datum(0)
    y = alt.Y("n:Q", axis=NO_AXIS, scale=alt.Scale(domain=[0, max(bins) * 1.15 or 1]))
    bars = (
        alt.Chart(frame)
        .mark_bar(color=colours.accent, binSpacing=3, cornerRadiusTopLeft=3, cornerRadiusTopRight=3)
        .encode(x=x, x2="to:Q", y=y, y2=zero, tooltip=[alt.Tooltip("told:N", title=" ")])
    )
    said = (
        alt.Chart(frame)
        .mark_text(baseline="bottom", dy=-3, color=colours.ink, fontSize=12, font=FONT)
        .encode(x=alt.X("mid:Q"), y="n:Q", text="said:N")
        .transform_calculate(mid="datum.from + 5")
    )
    layers: list[Any] = [bars, said]
    if mark is not None:
        layers.append(_vertical(mark, f"pass {mark:.0f}", colours))
    return _finished(alt.layer(*layers), height=height)


def weeks(points: Sequence[TrendPoint], colours: Palette) -> alt.LayerChart:
    """The weeks' means on their ranges, from 0 to 100."""
    frame = pd.DataFrame(
        [
            (
                pd.Timestamp(p.week),
                p.score,
                p.low,
                p.high,
                f"{p.score:.0f}",
                week_told(p),
            )
            for p in points
        ],
        columns=["week", "score", "low", "high", "said", "told"],
    )
    x = alt.X(
        "week:T",
        title=None,
        scale=alt.Scale(padding=18),
        axis=alt.Axis(
            format="%-d %b",
            values=[p.week.isoformat() for p in points][:: max(1, len(points) // 6)],
            labelColor=colours.muted,
            labelFont=FONT,
            domainColor=colours.line,
            tickColor=colours.line,
            grid=False,
        ),
    )
    base = alt.Chart(frame).encode(x=x, tooltip=[alt.Tooltip("told:N", title=" ")])
    y = alt.Y("low:Q", scale=SCORES, title=None, axis=_score_axis(colours))
    band = base.mark_area(color=colours.soft, opacity=0.6).encode(y=y, y2="high:Q")
    bars = base.mark_rule(color=colours.soft, strokeWidth=8, strokeCap="round").encode(y=y, y2="high:Q")
    line = base.mark_line(color=colours.accent, strokeWidth=2).encode(y="score:Q")
    dots = base.mark_circle(color=colours.accent, size=70, opacity=1).encode(y="score:Q")
    said = base.mark_text(dy=-12, color=colours.ink, fontSize=12, font=FONT).encode(
        y="score:Q", text="said:N"
    )
    return _finished(alt.layer(band if len(points) > 1 else bars, line, dots, said), height=200)


def spark(points: Sequence[TrendPoint], colours: Palette) -> alt.LayerChart:
    """The weeks' means as a small line without words, on the same 0 to 100 for everybody."""
    frame = pd.DataFrame(
        [(pd.Timestamp(p.week), p.score, p.low, p.high, week_told(p)) for p in points],
        columns=["week", "score", "low", "high", "told"],
    )
    x = alt.X("week:T", title=None, axis=NO_AXIS, scale=alt.Scale(padding=6))
    y = alt.Y("low:Q", scale=SCORES, title=None, axis=NO_AXIS)
    base = alt.Chart(frame).encode(x=x, tooltip=[alt.Tooltip("told:N", title=" ")])
    band = base.mark_area(color=colours.soft, opacity=0.5).encode(y=y, y2="high:Q")
    line = base.mark_line(color=colours.accent, strokeWidth=2).encode(y="score:Q")
    last = (
        alt.Chart(frame.tail(1))
        .mark_circle(color=colours.accent, size=45, opacity=1)
        .encode(x=x, y="score:Q", tooltip=[alt.Tooltip("told:N", title=" ")])
    )
    return _finished(alt.layer(band, line, last), height=SPARK_PX, top=2, axis=False)


def week_told(p: TrendPoint) -> str:
    """A week in words."""
    return f"week of {p.week.day} {p.week:%b %Y}: {p.score:.0f} ({p.low:.0f}–{p.high:.0f}), {p.n_calls} calls"


def waterfall(steps: Sequence[Step], colours: Palette) -> alt.LayerChart:
    """From the base to the total, one bar per criterion that moved it."""
    rows, at = [], 0.0
    for place, step in enumerate(steps):
        if step.kind in ("base", "total"):
            start, end = 0.0, step.points
        else:
            start, end = at, at + step.points
        at = end
        sign = "" if step.kind in ("base", "total") else "+" if step.points > 0 else "−"
        colour = colours.accent if not sign else colours.good if sign == "+" else colours.bad
        said = f"{sign}{abs(step.points):.1f}"
        rows.append((place, step.label, min(start, end), max(start, end), said, colour))
    frame = pd.DataFrame(rows, columns=["n", "label", "low", "high", "said", "colour"])
    y = alt.Y("n:O", title=None, axis=NO_AXIS)
    x = alt.X("low:Q", scale=SCORES, title=None, axis=_score_axis(colours))
    tooltip = [alt.Tooltip("label:N", title=" "), alt.Tooltip("said:N", title="points")]
    base = alt.Chart(frame).encode(y=y, tooltip=tooltip)
    bars = base.mark_bar(height=9, cornerRadius=3, yOffset=9).encode(
        x=x, x2="high:Q", color=alt.Color("colour:N", scale=None)
    )
    said = base.mark_text(align="left", dx=6, dy=9, color=colours.ink, fontSize=12, font=FONT).encode(
        x="high:Q", text="said:N"
    )
    names = base.mark_text(align="left", dy=-7, color=colours.ink, fontSize=13, font=FONT).encode(
        x=alt.value(0), text="label:N"
    )
    return _finished(alt.layer(bars, said, names), height=38 * len(rows), right=45)


def _score_axis(colours: Palette) -> alt.Axis:
    return alt.Axis(
        values=[0, 50, 100],
        labelColor=colours.muted,
        labelFont=FONT,
        domain=False,
        ticks=False,
        grid=True,
        gridColor=colours.line,
        gridOpacity=0.6,
    )


def _label_axis(colours: Palette, width_px: int) -> alt.Axis:
    return alt.Axis(
        labelColor=colours.ink,
        labelFont=FONT,
        labelFontSize=14,
        labelLimit=width_px,
        labelFlush=False,
        domain=False,
        ticks=False,
        labelPadding=10,
        minExtent=width_px,
    )


def _finished(chart: Any, *, height: int, right: int = 5, top: int = TOP_PX, axis: bool = True) -> Any:
    """Sizes as Streamlit takes them: the height holds padding and axis too."""
    bottom = 4
    whole = height + top + bottom + (AXIS_PX if axis else 0)
    return (
        chart.properties(
            height=whole,
            padding={"left": 2, "right": right, "top": top, "bottom": bottom},
            background="transparent",
        )
        .configure_view(strokeWidth=0)
        .configure(font=FONT)
    )
