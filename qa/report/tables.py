"""Scorecards as plain tables, for CSV and for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

from qa.scorecard import Scorecard

Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]
"""A header and its rows."""

COLUMNS = (
    "agent",
    "team",
    "n_calls",
    "n_without_score",
    "n_auto_failed",
    "score",
    "low",
    "high",
    "compared_with_team",
)


def table_of(cards: tuple[Scorecard, ...]) -> Table:
    """One row per agent; each section is a column of its own."""
    sections = list(dict.fromkeys(section.section for card in cards for section in card.sections))
    rows = []
    for card in cards:
        by_name = {section.section: section.score for section in card.sections}
        rows.append(
            (
                card.agent,
                card.team,
                card.n_calls,
                card.n_without_score,
                card.n_auto_failed,
                card.score,
                card.low,
                card.high,
                card.comparison.verdict,
                *(by_name.get(name) for name in sections),
            )
        )
    return (*COLUMNS, *sections), rows


def sections_of(cards: tuple[Scorecard, ...]) -> Table:
    """One row per agent and section, with its range."""
    rows = [
        (card.agent, s.section, s.n_calls, s.score, s.low, s.high) for card in cards for s in card.sections
    ]
    return ("agent", "section", "n_calls", "score", "low", "high"), rows


def criteria_of(cards: tuple[Scorecard, ...]) -> Table:
    """One row per agent and criterion: how often each answer was given, and what it cost."""
    header = (
        "agent",
        "section",
        "criterion",
        "met",
        "missed",
        "not_applicable",
        "not_measured",
        "uncertain",
        "share",
        "low",
        "high",
        "lost_per_call",
    )
    rows = [
        (
            card.agent,
            c.section,
            c.criterion,
            c.n_met,
            c.n_missed,
            c.n_not_applicable,
            c.n_not_measured,
            c.n_uncertain,
            c.share,
            c.low,
            c.high,
            c.lost_per_call,
        )
        for card in cards
        for c in card.criteria
    ]
    return header, rows


def weeks_of(cards: tuple[Scorecard, ...]) -> Table:
    """One row per agent and week, by its Monday."""
    rows = [
        (card.agent, p.week.isoformat(), p.n_calls, p.score, p.low, p.high)
        for card in cards
        for p in card.trend.points
    ]
    return ("agent", "week", "n_calls", "score", "low", "high"), rows


def kinds_of(cards: tuple[Scorecard, ...]) -> Table:
    """One row per agent and kind of call, beside everybody's calls of that kind."""
    rows = [
        (card.agent, m.queue, m.difficulty, m.n_calls, m.score, m.team_n_calls, m.team_score)
        for card in cards
        for m in card.mix
    ]
    return ("agent", "queue", "difficulty", "n_calls", "score", "team_n_calls", "team_score"), rows


def harmless(value: Any) -> Any:
    """A value that a spreadsheet takes as it is: text that would be a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


def to_csv(cards: tuple[Scorecard, ...]) -> str:
    """Comma-separated values with a header; safe to open in a spreadsheet."""
    header, rows = table_of(cards)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(name) for name in header])
    writer.writerows([["" if cell is None else harmless(cell) for cell in row] for row in rows])
    return out.getvalue()
