"""A scorecard to hand out: one page or two per agent, strengths first, every figure with its range."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer

from qa.report.charts import INK, MUTED, level, ranges, weeks
from qa.report.fonts import marked_up, register
from qa.report.lists import by_question, kinds_of_calls
from qa.scorecard import Coaching, Scorecard
from qa.scorecard.coaching import Theme

MARGIN = 18 * mm
PADDING = 6.0
"""What the page's frame leaves free on each side."""
WIDTH = A4[0] - 2 * MARGIN - 2 * PADDING
LEAST_WEEKS = 2


@dataclass(frozen=True, slots=True)
class Wording:
    """Names shown for the form's ids, and the day on the page."""

    sections: Mapping[str, str]
    day: date
    period: str = "All calls so far"
    questions: Mapping[str, str] = field(default_factory=dict)

    def question(self, name: str) -> str:
        return self.questions.get(name) or name.replace("_", " ").capitalize()

    def section(self, name: str) -> str:
        return self.sections.get(name) or name.replace("_", " ").capitalize()


def to_pdf(card: Scorecard, coaching: Coaching | None, wording: Wording) -> bytes:
    """The scorecard of one agent as a PDF."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"Scorecard {card.agent}",
        author="Call QA",
        # Reproducible: the same card gives the same bytes.
        invariant=1,
    )
    document.build(
        _story(card, coaching, wording),
        onFirstPage=lambda canvas, _doc: _foot(canvas, wording),
        onLaterPages=lambda canvas, _doc: _foot(canvas, wording),
    )
    return out.getvalue()


def _story(card: Scorecard, coaching: Coaching | None, wording: Wording) -> list[Any]:
    styles = _styles()
    story: list[Any] = [
        Paragraph(marked_up(card.agent, bold=True), styles["title"]),
        Paragraph(marked_up(_subtitle(card, wording)), styles["muted"]),
        Spacer(1, 6 * mm),
        Paragraph(marked_up(_sentence(card)), styles["text"]),
        Spacer(1, 3 * mm),
        level(card, WIDTH),
    ]
    if card.sections:
        rows = [
            (f"{wording.section(s.section)} ({s.n_calls})", s.score, s.low, s.high) for s in card.sections
        ]
        story += [
            Paragraph("By section (calls in which it was asked)", styles["heading"]),
            ranges(rows, WIDTH),
        ]
    if len(card.trend.points) >= LEAST_WEEKS:
        told = Paragraph(marked_up(card.trend.says), styles["text"])
        chart = weeks(card.trend.points[-16:], WIDTH)
        story.append(KeepTogether([Paragraph("Week by week", styles["heading"]), told, chart]))
    if coaching is not None:
        story += _themes("What goes well", coaching.strengths, styles, good=True)
        story += _themes("What to work on next", coaching.work_on, styles, good=False)
    story.append(
        KeepTogether([Paragraph("How to read this", styles["heading"]), Paragraph(_READING, styles["muted"])])
    )
    story += kinds_of_calls(card, styles) + by_question(card, wording, styles)
    return story


def _subtitle(card: Scorecard, wording: Wording) -> str:
    team = f"{card.team} · " if card.team else ""
    calls = "1 call" if card.n_calls == 1 else f"{card.n_calls} calls"
    without = f" · {card.n_without_score} without a total" if card.n_without_score else ""
    return f"{team}{wording.period} · {calls}{without}"


def _sentence(card: Scorecard) -> str:
    if card.score is None or card.low is None or card.high is None:
        return "No call could be given a total yet."
    own = f"These calls speak for a level of {card.score:.0f} of 100; it lies between {card.low:.0f} and "
    return f"{own}{card.high:.0f} with 90 % probability. {card.comparison.says}"


def _themes(
    title: str, themes: Sequence[Theme], styles: Mapping[str, ParagraphStyle], *, good: bool
) -> list[Any]:
    if not themes:
        return []
    parts: list[Any] = []
    for n, theme in enumerate(themes):
        lines = [
            Paragraph(marked_up(f"{'✓' if good else '→'} {theme.question}", bold=True), styles["theme"]),
            Paragraph(marked_up(_counted(theme, good=good)), styles["text"]),
        ]
        if not good and theme.tip:
            lines.append(Paragraph(marked_up(theme.tip), styles["text"]))
        lines += [Paragraph(marked_up(told), styles["muted"]) for told in _moments(theme, good=good)]
        heading = [Paragraph(title, styles["heading"])] if n == 0 else []
        parts.append(KeepTogether([*heading, *lines, Spacer(1, 2 * mm)]))
    return parts


def _counted(theme: Theme, *, good: bool) -> str:
    told = f"Met {theme.n_met} of {theme.n_asked} times."
    if good or not theme.gain:
        return told
    return f"{told} Done each time, it would gain {theme.gain:.1f} points of 100 on the average call."


def _moments(theme: Theme, *, good: bool) -> list[str]:
    """Where to listen: the call and the minute of an example of one's own, and why it was missed."""
    told = []
    for name, example in (("Went well", theme.good), ("Was missed", None if good else theme.missed)):
        if example is not None:
            at = "" if example.span is None else f" at {_clock(example.span.start)}"
            why = f". {example.reason}" if example is theme.missed else ""
            told.append(f"{name}: call {example.call_id}{at}{why}")
    return told


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _styles() -> dict[str, ParagraphStyle]:
    plain, bold = register()
    text = ParagraphStyle("text", fontName=plain, fontSize=9.5, leading=14, textColor=INK)
    return {
        "text": text,
        "muted": ParagraphStyle("muted", parent=text, textColor=MUTED, fontSize=8.5, leading=12.5),
        "title": ParagraphStyle("title", parent=text, fontName=bold, fontSize=22, leading=27),
        "heading": ParagraphStyle(
            "heading", parent=text, fontName=bold, fontSize=12, leading=16, spaceBefore=12, spaceAfter=5
        ),
        "theme": ParagraphStyle("theme", parent=text, fontName=bold, spaceBefore=2),
        "cell": ParagraphStyle("cell", parent=text, fontSize=8, leading=10),
    }


_READING = (
    "The score of an agent is drawn towards the team's where there are few calls, and its range says how far "
    "it can be trusted: two agents whose ranges overlap can't be told apart. A question that did not come up "
    "in a call, or that the recording can't show, costs nothing. Each point can be heard in the call itself, "
    "and each can be disputed."
)


def _foot(canvas: Any, wording: Wording) -> None:
    plain, _ = register()
    canvas.saveState()
    canvas.setFont(plain, 7.5)
    canvas.setFillColor(MUTED)
    canvas.drawString(
        MARGIN + PADDING,
        10 * mm,
        f"Call QA · {wording.day.isoformat()} · for this agent and the QA team only",
    )
    canvas.drawRightString(A4[0] - MARGIN - PADDING, 10 * mm, str(canvas.getPageNumber()))
    canvas.restoreState()
