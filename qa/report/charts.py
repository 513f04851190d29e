"""The drawings of a PDF scorecard: a range on a line from 0 to 100, section bars, the weeks.

Every range is drawn as a range, with the figure beside it; nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from qa.report.fonts import runs, width_of
from qa.scorecard import Scorecard
from qa.scorecard.trend import TrendPoint

INK, MUTED, LINE = HexColor("#1F2430"), HexColor("#6B7280"), HexColor("#E5E2DA")
ACCENT, SOFT = HexColor("#2F5D8A"), HexColor("#C9D8E6")
ROW = 20.0
LABELS = 150.0
FIGURES = 95.0


def level(card: Scorecard, width: float) -> Drawing:
    """The agent's range beside the team's, on one line from 0 to 100."""
    beside = card.comparison
    rows = [("This agent", card.score, card.low, card.high)]
    if beside.team_score is not None:
        rows.append(("The rest of the team", beside.team_score, beside.team_low, beside.team_high))
    return ranges(rows, width)


def ranges(rows: Sequence[tuple[str, float | None, float | None, float | None]], width: float) -> Drawing:
    """One row per range: label, bar from low to high with a dot at the score, figures."""
    drawing = Drawing(width, ROW * len(rows) + 14)
    left, right = LABELS, width - FIGURES

    def at(points: float) -> float:
        return left + (right - left) * points / 100

    for points in (0, 50, 100):
        drawing.add(Line(at(points), 12, at(points), drawing.height, strokeColor=LINE, strokeWidth=0.6))
        drawing.add(_text(at(points), 2, str(points), size=7, color=MUTED, anchor="middle"))
    for n, (label, score, low, high) in enumerate(rows):
        y = drawing.height - ROW * (n + 0.5)
        drawing.add(_text(0, y - 3, _shortened(label, LABELS - 8, 9), size=9, color=INK))
        if score is None or low is None or high is None:
            drawing.add(_text(right + 8, y - 3, "not measured", size=8, color=MUTED))
            continue
        wide = max(at(high) - at(low), 1.0)
        drawing.add(Rect(at(low), y - 4, wide, 8, fillColor=SOFT, strokeColor=None, rx=2, ry=2))
        drawing.add(Circle(at(score), y, 3.2, fillColor=ACCENT, strokeColor=None))
        figures = f"{score:.0f}  ({low:.0f}–{high:.0f})"
        drawing.add(_text(right + 8, y - 3, figures, size=9, color=INK))
    return drawing


def weeks(points: Sequence[TrendPoint], width: float, height: float = 110.0) -> Drawing:
    """Mean of each week with its range, from 0 to 100."""
    drawing = Drawing(width, height)
    left, bottom, top = 26.0, 16.0, height - 6.0

    def y_of(score: float) -> float:
        return bottom + (top - bottom) * score / 100

    for score in (0, 50, 100):
        drawing.add(Line(left, y_of(score), width, y_of(score), strokeColor=LINE, strokeWidth=0.6))
        drawing.add(_text(left - 4, y_of(score) - 2.5, str(score), size=7, color=MUTED, anchor="end"))
    step = (width - left) / max(len(points), 1)
    for n, point in enumerate(points):
        x = left + step * (n + 0.5)
        drawing.add(Line(x, y_of(point.low), x, y_of(point.high), strokeColor=SOFT, strokeWidth=5))
        drawing.add(Circle(x, y_of(point.score), 3, fillColor=ACCENT, strokeColor=None))
        if n % max(1, len(points) // 8) == 0:
            day = point.week.strftime("%d %b")
            drawing.add(_text(x, 4, day, size=7, color=MUTED, anchor="middle"))
    return drawing


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    color: HexColor,
    anchor: str = "start",
) -> Group:
    """A text on one line, each of its letters in a font that has it."""
    whole = width_of(text, size)
    left = x - whole * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
    group = Group()
    for name, letters in runs(text):
        group.add(String(left, y, letters, fontName=name, fontSize=size, fillColor=color))
        left += float(stringWidth(letters, name, size))
    return group


def _shortened(text: str, room: float, size: float) -> str:
    """A text that fits into so many points, cut with an ellipsis where it must be."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"
