"""Choosing calls: the period, the queue, the team. What is chosen stands in the address and stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st

from qa.store import CallFilter, agents, queues
from qa.store.overview import newest_call_at
from qa.values import Principal
from qa.web import look, state

PERIODS = {"4 weeks": 4, "13 weeks": 13, "52 weeks": 52, "all calls": None}
EVERY_QUEUE = "all queues"
EVERY_TEAM = "all teams"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen: the calls, the same stretch of time before, and how to say it."""

    which: CallFilter
    before: CallFilter | None
    says: str


def choose(principal: Principal, *, with_team: bool = False) -> Chosen:
    """Draw the filters of a page and give what was chosen.

    Periods are counted back from the newest call where that is older than today, so that a period is never
    empty only because nothing came in lately.
    """
    store = state.store()
    known_queues = queues(store, principal)
    teams = sorted({team for _, team in agents(store, principal) if team}) if with_team else []
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        period = st.selectbox(
            "Period", list(PERIODS), key="period", bind="query-params", width=150, persist_state="session"
        )
        queue = team = None
        if known_queues:
            queue = st.selectbox(
                "Queue", [EVERY_QUEUE, *known_queues], key="queue", bind="query-params", width=170
            )
        if len(teams) > 1:
            team = st.selectbox("Team", [EVERY_TEAM, *teams], key="team", bind="query-params", width=150)
    return _chosen(
        PERIODS[period or "4 weeks"],
        newest_call_at(store, principal),
        queue=None if queue == EVERY_QUEUE else queue,
        team=None if team == EVERY_TEAM else team,
    )


def _chosen(weeks: int | None, newest: datetime | None, *, queue: str | None, team: str | None) -> Chosen:
    plain = CallFilter(queue=queue, team=team)
    if weeks is None or newest is None:
        return Chosen(plain, None, "all calls so far")
    end = min(datetime.now(UTC), newest)
    # From midnight, so that the same day always gives the same calls.
    first = (end.astimezone(look.zone()) - timedelta(weeks=weeks)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    since = first + timedelta(days=1)
    which = CallFilter(queue=queue, team=team, since=since)
    before = CallFilter(queue=queue, team=team, since=since - timedelta(weeks=weeks), until=since)
    return Chosen(which, before, f"{look.day(since)} to {look.day(end)}")
