"""Everybody's scorecards for pages: the same levels, from figures that were added up in the database.

The page of a team shows what the average call of an agent loses by section. That is averaged over the newest
calls alone where there are very many; levels, ranges, trends and comparisons are of all of them.
"""

from __future__ import annotations

from dataclasses import replace

from qa.scorecard import Scorecard, scorecards
from qa.store import SYSTEM, CallFilter, Store, agents
from qa.store.levels import level_records, tallies
from qa.store.records import NOBODY
from qa.store.scope import SEES_ALL, no_such
from qa.values import Principal

NEWEST_ASKED = 5_000
"""Answers are added up over so many of the newest calls: far more than a share per agent needs."""


def everybodys_cards(
    store: Store, which: CallFilter, *, min_calls_to_compare: int = 5, with_criteria: bool = True
) -> tuple[Scorecard, ...]:
    """The cards of all agents, to be narrowed by :func:`cards_seen_by` before anybody sees them.

    ``agent`` and ``team`` of ``which`` do not count: levels are pooled towards everybody's.
    """
    everybody = replace(which, agent=None, team=None)
    return scorecards(
        level_records(store, SYSTEM, everybody),
        min_calls_to_compare=min_calls_to_compare,
        tallies=tallies(store, SYSTEM, everybody, newest=NEWEST_ASKED) if with_criteria else (),
    )


def cards_seen_by(
    store: Store, principal: Principal, which: CallFilter, cards: tuple[Scorecard, ...]
) -> tuple[Scorecard, ...]:
    """Those of the cards that a principal may see and asked for, ordered by name.

    Raises
    ------
    NotAllowed
        ``which.agent`` names nobody, or somebody whom the principal may not know of: one answer for both.
    """
    known = {name for name, _ in agents(store, principal)}
    if principal.role in SEES_ALL:
        known.add(NOBODY)
    if which.agent is not None and which.agent not in known:
        raise no_such("agent", which.agent)
    return tuple(
        card
        for card in cards
        if card.agent in known and which.agent in (None, card.agent) and which.team in (None, card.team)
    )
