"""Scorecards out of the store, as values and as JSON or CSV.

An agent's level is pooled towards the team's, so everybody's calls are read to compute it; given back are only
the cards of agents whom the principal may know of.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

from qa.errors import NotAllowed
from qa.scorecard import Scorecard, as_json, scorecards
from qa.store import SYSTEM, CallFilter, Store, agents
from qa.store.records import NOBODY, scorecard_records
from qa.values import Principal

EVERY_CALL = CallFilter()


def team_scorecards(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    min_calls_to_compare: int = 5,
) -> tuple[Scorecard, ...]:
    """The scorecards a principal may see, ordered by name.

    Parameters
    ----------
    which
        The calls that count. ``agent`` and ``team`` choose among the cards; they do not change what the levels
        are pooled towards.

    Raises
    ------
    NotAllowed
        ``which.agent`` names nobody, or somebody whom the principal may not know of: one answer for both.
    """
    known = {name for name, _ in agents(store, principal)}
    if principal.role in ("admin", "lead", "reviewer", "system"):
        known.add(NOBODY)
    if which.agent is not None and which.agent not in known:
        raise NotAllowed(f"agent {which.agent}: there is none of that name, or not yours to see")
    records = scorecard_records(store, SYSTEM, replace(which, agent=None, team=None))
    cards = scorecards(records, min_calls_to_compare=min_calls_to_compare)
    return tuple(
        card
        for card in cards
        if card.agent in known and which.agent in (None, card.agent) and which.team in (None, card.team)
    )


def to_json(cards: tuple[Scorecard, ...]) -> str:
    """One JSON object per agent, in a list."""
    return json.dumps([as_json(card) for card in cards], ensure_ascii=False, indent=2) + "\n"


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


def table_of(cards: tuple[Scorecard, ...]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Header and one row per agent; each section is a column of its own."""
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
