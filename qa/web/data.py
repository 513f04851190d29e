"""What pages compute from many calls, kept until a call changes.

Conventions: the principal is part of every key, so that nothing is ever shown to somebody it was not computed
for; the key also holds the store's revision, so that nothing outlives a change.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from qa.report import coaching_of, progress_of, team_scorecards
from qa.scorecard import Coaching, Progress, Scorecard
from qa.store import CallFilter, ScoreRow, scored_calls
from qa.store.facts import forms_used
from qa.store.overview import revision
from qa.values import Principal
from qa.web import state

Key = tuple[str, int, int]


def scorecards_for(principal: Principal, which: CallFilter) -> tuple[Scorecard, ...]:
    """The scorecards that a principal may see."""
    return _scorecards(principal, which, _now())


def scores_for(principal: Principal, which: CallFilter) -> tuple[ScoreRow, ...]:
    """Every call that matches, with its figures."""
    return _scores(principal, which, _now())


def coaching_for(principal: Principal, agent: str, form_id: str, which: CallFilter) -> Coaching | None:
    """What to praise and to work on; None where the form's file is gone."""
    return _coaching(principal, agent, form_id, which, _now())


def progress_for(
    principal: Principal, agent: str, form_id: str, which: CallFilter, since: datetime
) -> tuple[Progress, ...]:
    """How an agent's answers in these calls changed since a day; nothing where the form's file is gone."""
    return _progress(principal, agent, form_id, which, since, _now())


def forms_used_by(principal: Principal) -> tuple[str, ...]:
    """The forms of the calls that a principal may see, the one of most calls first."""
    return _forms(principal, _now())


def _now() -> Key:
    return (str(state.store().home), *revision(state.store()))


@lru_cache(maxsize=64)
def _scorecards(principal: Principal, which: CallFilter, _key: Key) -> tuple[Scorecard, ...]:
    least = state.settings().min_calls_to_compare
    return team_scorecards(state.store(), principal, which, min_calls_to_compare=least)


@lru_cache(maxsize=64)
def _scores(principal: Principal, which: CallFilter, _key: Key) -> tuple[ScoreRow, ...]:
    return scored_calls(state.store(), principal, which)


@lru_cache(maxsize=64)
def _coaching(
    principal: Principal, agent: str, form_id: str, which: CallFilter, _key: Key
) -> Coaching | None:
    form = state.form_named(form_id)
    if form is None:
        return None
    tips = {card.id: card.tip for card in state.cards()}
    return coaching_of(state.store(), principal, agent, form=form, tips=tips, which=which)


@lru_cache(maxsize=64)
def _progress(
    principal: Principal, agent: str, form_id: str, which: CallFilter, since: datetime, _key: Key
) -> tuple[Progress, ...]:
    form = state.form_named(form_id)
    if form is None:
        return ()
    return progress_of(state.store(), principal, agent, form=form, since=since, which=which)


@lru_cache(maxsize=64)
def _forms(principal: Principal, _key: Key) -> tuple[str, ...]:
    return forms_used(state.store(), principal)
