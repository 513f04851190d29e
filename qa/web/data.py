"""What pages compute from many calls, kept until a call changes (:mod:`qa.web.kept`).

Conventions: the principal is part of every key, so that nothing is ever shown to somebody it was not computed
for. The one exception are the cards of everybody, which levels are pooled from: they are kept once, and narrowed
to what the principal may see before they leave this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from qa.report import coaching_of, progress_of
from qa.report.levels import cards_seen_by, everybodys_cards
from qa.review.fairness import Gap, HiddenGroup, fairness, hidden_groups
from qa.scorecard import Coaching, Progress, Scorecard
from qa.store import CallFilter
from qa.store.facts import forms_used
from qa.store.levels import level_rows
from qa.store.overview import revision
from qa.store.rows import LevelRow
from qa.store.staff import list_staff
from qa.values import Principal
from qa.web import state
from qa.web.kept import Kept


class Levels(tuple[LevelRow, ...]):
    """Rows of calls with what is asked of all of them, added up once."""

    @cached_property
    def scores(self) -> tuple[float, ...]:
        """The totals of the calls that have one."""
        return tuple(row.score for row in self if row.score is not None)

    @cached_property
    def by_section(self) -> Mapping[str, Sequence[float]]:
        """The scores of each section, of calls with a total."""
        found: dict[str, list[float]] = {}
        for row in self:
            for section, score in row.sections if row.score is not None else ():
                if score is not None:
                    found.setdefault(section, []).append(score)
        return found


_cards: Kept[tuple[Scorecard, ...]] = Kept(most=16)
_scores: Kept[Levels] = Kept(most=32)
_coaching: Kept[Coaching | None] = Kept()
_progress: Kept[tuple[Progress, ...]] = Kept()
_gaps: Kept[tuple[tuple[Gap, ...], tuple[HiddenGroup, ...]]] = Kept(most=16)
_forms: Kept[tuple[str, ...]] = Kept()


def scorecards_for(
    principal: Principal, which: CallFilter, *, with_criteria: bool = False
) -> tuple[Scorecard, ...]:
    """The scorecards that a principal may see; ``with_criteria``: with each question of the form, which is slower."""
    store, least = state.store(), state.settings().min_calls_to_compare
    everybody = replace(which, agent=None, team=None)
    cards = _cards.get(
        (store.home, everybody, least, with_criteria),
        revision(store),
        lambda: everybodys_cards(store, everybody, min_calls_to_compare=least, with_criteria=with_criteria),
    )
    return cards_seen_by(store, principal, which, cards)


def scores_for(principal: Principal, which: CallFilter) -> Levels:
    """Every call that matches, with its figures."""
    store = state.store()
    key = (store.home, principal, which)
    return _scores.get(key, revision(store), lambda: Levels(level_rows(store, principal, which)))


def coaching_for(principal: Principal, agent: str, form_id: str, which: CallFilter) -> Coaching | None:
    """What to praise and to work on; None where the form's file is gone."""
    store, form = state.store(), state.form_named(form_id)
    if form is None:
        return None
    tips = {card.id: card.tip for card in state.cards()}
    return _coaching.get(
        (store.home, principal, agent, form_id, which),
        revision(store),
        lambda: coaching_of(store, principal, agent, form=form, tips=tips, which=which),
    )


def progress_for(
    principal: Principal, agent: str, form_id: str, which: CallFilter, since: datetime
) -> tuple[Progress, ...]:
    """How an agent's answers in these calls changed since a day; nothing where the form's file is gone."""
    store, form = state.store(), state.form_named(form_id)
    if form is None:
        return ()
    return _progress.get(
        (store.home, principal, agent, form_id, which, since),
        revision(store),
        lambda: progress_of(store, principal, agent, form=form, since=since, which=which),
    )


def gaps_for(principal: Principal, which: CallFilter) -> tuple[tuple[Gap, ...], tuple[HiddenGroup, ...]]:
    """Groups of agents against each other, and those too small to be shown."""
    store = state.store()
    groups = tuple((row.name, *sorted(row.groups.items())) for row in list_staff(store, principal))
    return _gaps.get(
        (store.home, principal, which, groups),
        revision(store),
        lambda: (fairness(store, principal, which), hidden_groups(store, principal, which)),
    )


def forms_used_by(principal: Principal) -> tuple[str, ...]:
    """The forms of the calls that a principal may see, the one of most calls first."""
    store = state.store()
    return _forms.get((store.home, principal), revision(store), lambda: forms_used(store, principal))
