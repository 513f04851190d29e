"""Choosing calls: the period, the queue, the team, the form. What is chosen stands in the address and stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from qa.store import CallFilter, agents, queues
from qa.store.overview import newest_call_at
from qa.values import Principal
from qa.web import data, look, state

OWN_DAYS = "choose days"
PERIODS = {"4 weeks": 4, "13 weeks": 13, "52 weeks": 52, "all calls": None, OWN_DAYS: None}
EVERY_QUEUE = "all queues"
EVERY_TEAM = "all teams"
EVERY_FORM = "all forms"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen: the calls, the same stretch of time before, and how to say it."""

    which: CallFilter
    before: CallFilter | None
    says: str


def choose(principal: Principal, *, with_team: bool = False, with_form: bool = False) -> Chosen:
    """Draw the filters of a page and give what was chosen.

    Periods are counted back from the newest call where that is older than today, so that a period is never
    empty only because nothing came in lately. What leaves no choice is not shown.
    """
    store = state.store()
    known_queues = queues(store, principal)
    teams = sorted({team for _, team in agents(store, principal) if team}) if with_team else []
    used = data.forms_used_by(principal) if with_form else ()
    newest = newest_call_at(store, principal)
    days: tuple[date, ...] = ()
    queue = team = form = None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        period = st.selectbox(
            "Period", list(PERIODS), key="period", bind="query-params", width=150, persist_state="session"
        )
        if period == OWN_DAYS:
            days = _days(newest)
        if known_queues:
            queue = st.selectbox(
                "Queue", [EVERY_QUEUE, *known_queues], key="queue", bind="query-params", width=160
            )
        if len(teams) > 1:
            team = st.selectbox("Team", [EVERY_TEAM, *teams], key="team", bind="query-params", width=140)
        if len(used) > 1:
            form = st.selectbox("Form", [EVERY_FORM, *used], key="form", bind="query-params", width=160)
    plain = CallFilter(
        queue=None if queue == EVERY_QUEUE else queue,
        team=None if team == EVERY_TEAM else team,
        form=None if form == EVERY_FORM else form,
    )
    if period == OWN_DAYS:
        return _between(days, plain)
    return _chosen(PERIODS[period or "4 weeks"], newest, plain)


def _days(newest: datetime | None) -> tuple[date, ...]:
    """Two days chosen in a calendar; one alone while the other is still to be chosen."""
    last = (newest or datetime.now(UTC)).astimezone(look.zone()).date()
    given = st.date_input(
        "From and to", value=(last - timedelta(days=27), last), format="DD/MM/YYYY", key="days", width=230
    )
    return given if isinstance(given, tuple) else (given,) if given else ()


def _between(days: tuple[date, ...], plain: CallFilter) -> Chosen:
    """From the first moment of one day to the last of another, and as many days before."""
    if not days:
        return Chosen(plain, None, "all calls so far")
    first, last = days[0], days[-1]
    here = look.zone()
    since = datetime.combine(first, time(), here)
    until = datetime.combine(last + timedelta(days=1), time(), here)
    before = _narrowed(plain, since - (until - since), since)
    says = look.day(since) if first == last else f"{look.day(since)} to {last.day} {last:%b %Y}"
    return Chosen(_narrowed(plain, since, until), before, says)


def _chosen(weeks: int | None, newest: datetime | None, plain: CallFilter) -> Chosen:
    if weeks is None or newest is None:
        return Chosen(plain, None, "all calls so far")
    end = min(datetime.now(UTC), newest)
    # From midnight, so that the same day always gives the same calls.
    first = (end.astimezone(look.zone()) - timedelta(weeks=weeks)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    since = first + timedelta(days=1)
    before = _narrowed(plain, since - timedelta(weeks=weeks), since)
    return Chosen(_narrowed(plain, since, None), before, f"{look.day(since)} to {look.day(end)}")


def _narrowed(plain: CallFilter, since: datetime, until: datetime | None) -> CallFilter:
    return CallFilter(queue=plain.queue, team=plain.team, form=plain.form, since=since, until=until)
