"""Scorecards out of the store: as values, JSON, CSV, a workbook, a PDF per agent.

An agent's level is pooled towards the team's, so everybody's calls are read to compute it; given back are only
the cards of agents whom the principal may know of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from qa.report.tables import to_csv
from qa.scorecard import Coaching, Progress, Scorecard, as_json, coaching, progress, scorecards
from qa.scoring import Form
from qa.store import SYSTEM, CallFilter, Store, agents
from qa.store.records import NOBODY, scorecard_records
from qa.store.scope import no_such
from qa.values import Principal

__all__ = ["coaching_of", "progress_of", "team_scorecards", "to_csv", "to_json"]

EVERY_CALL = CallFilter()
BESIDE = 1_000
"""So many of everybody's newest calls an agent's are compared with in coaching."""


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
        raise no_such("agent", which.agent)
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


def coaching_of(
    store: Store,
    principal: Principal,
    agent: str,
    *,
    form: Form,
    tips: Mapping[str, str],
    which: CallFilter = EVERY_CALL,
) -> Coaching:
    """What to praise and to work on with one agent, with moments of the agent's own calls.

    Raises
    ------
    NotAllowed
        There is no such agent, or the principal may not know of that person.
    """
    if agent not in {name for name, _ in agents(store, principal)}:
        raise no_such("agent", agent)
    everybody = replace(which, agent=None, team=None, form=form.id)
    own = {
        record.evaluation.call_id: record
        for record in scorecard_records(store, SYSTEM, replace(everybody, agent=agent), with_evidence=True)
    }
    # Only the agent's own calls are pointed into, so only their evidence is read; what everybody does is known
    # well enough from the newest calls.
    others = [
        record
        for record in scorecard_records(store, SYSTEM, everybody, newest=BESIDE)
        if record.evaluation.call_id not in own
    ]
    return coaching([*own.values(), *others], agent, form, tips=tips)


def progress_of(
    store: Store,
    principal: Principal,
    agent: str,
    *,
    form: Form,
    since: datetime,
    which: CallFilter = EVERY_CALL,
) -> tuple[Progress, ...]:
    """How one agent's answers changed since a day, question by question; ``which`` holds both stretches of time.

    Raises
    ------
    NotAllowed
        There is no such agent, or the principal may not know of that person.
    """
    if agent not in {name for name, _ in agents(store, principal)}:
        raise no_such("agent", agent)
    own = replace(which, agent=agent, team=None, form=form.id)
    return progress(scorecard_records(store, SYSTEM, own), agent, form, since=since)
