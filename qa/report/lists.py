"""The lists at the end of a PDF scorecard: every question of the form, and the kinds of calls it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Table, TableStyle

from qa.report.charts import LINE
from qa.report.fonts import marked_up
from qa.scorecard import Scorecard

LEAST_KINDS = 2
BAND = HexColor("#F4F2EC")


class Names(Protocol):
    """How sections and questions are called on the page."""

    def section(self, name: str) -> str: ...
    def question(self, name: str) -> str: ...


def by_question(card: Scorecard, names: Names, styles: Mapping[str, ParagraphStyle]) -> list[Any]:
    """Every question that was answered for one of the calls: how often met, the share with its range, what it cost."""
    rows: list[tuple[str, ...]] = []
    bands, section = [], None
    for c in card.criteria:
        if c.share is None or c.low is None or c.high is None:
            continue
        if c.section != section:
            section = c.section
            bands.append(len(rows) + 1)
            rows.append((names.section(section), "", "", "", ""))
        asked = c.n_met + c.n_missed
        figures = (f"{c.share:.0f} %", f"{c.low:.0f}–{c.high:.0f} %", f"{c.lost_per_call:.1f}")
        rows.append((names.question(c.criterion), f"{c.n_met} of {asked}", *figures))
    if not rows:
        return []
    header = ("Question", "Met", "Share", "Range 90 %", "Lost per call")
    table = _table(header, rows, (None, 17, 15, 24, 26), styles["cell"], bands=bands)
    told = "Share is drawn towards the team's where there are few calls; lost are points of 100 on the average call."
    return [
        Paragraph("Question by question", styles["heading"]),
        Paragraph(told, styles["muted"]),
        table,
    ]


def kinds_of_calls(card: Scorecard, styles: Mapping[str, ParagraphStyle]) -> list[Any]:
    """The queues and difficulties of the calls, beside everybody's; nothing where all are of one kind."""
    if len(card.mix) < LEAST_KINDS:
        return []
    rows = [
        (
            row.queue or "no queue",
            row.difficulty or "not known",
            str(row.n_calls),
            f"{row.score:.0f}",
            f"{row.team_score:.0f} in {row.team_n_calls}",
        )
        for row in card.mix
    ]
    header = ("Queue", "Difficulty", "Calls", "Mean", "Everybody's")
    table = _table(header, rows, (None, 28, 17, 17, 28), styles["cell"])
    return [Paragraph("Kinds of calls", styles["heading"]), table]


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths_mm: Sequence[float | None],
    style: ParagraphStyle,
    *,
    bands: Sequence[int] = (),
) -> Table:
    """A plain table; the first column wraps, ``bands`` are the rows that head a group."""
    cells = [[Paragraph(marked_up(name, bold=True), style) for name in header]]
    for number, row in enumerate(rows, start=1):
        cells.append([Paragraph(marked_up(text, bold=number in bands), style) for text in row])
    table = Table(cells, colWidths=[None if w is None else w * mm for w in widths_mm], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("LEFTPADDING", (0, 0), (0, -1), 2),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                *(("BACKGROUND", (0, n), (-1, n), BAND) for n in bands),
            ]
        )
    )
    return table
