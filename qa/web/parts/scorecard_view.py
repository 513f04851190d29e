"""An agent's scorecard, for those who lead and, in the first person, for the agent."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from qa.scorecard import Scorecard
from qa.store import CallFilter, list_calls
from qa.store.overview import newest_call_at
from qa.values import Principal
from qa.web import data, look, navigation, state
from qa.web.parts import charts
from qa.web.parts.call_list import call_rows
from qa.web.parts.filters import Chosen
from qa.web.parts.own_desk import own_desk
from qa.web.parts.progress_view import progress_view
from qa.web.parts.themes import theme_card

LEAST_WEEKS = 2
NEWEST = 10


def scorecard_view(principal: Principal, agent: str, wanted: Chosen, *, mine: bool) -> None:
    """Level and trend, what waits for the agent, strengths before what to work on, progress, the calls."""
    which = replace(wanted.which, agent=agent, team=None)
    cards = data.scorecards_for(principal, which)
    if not cards:
        _no_calls(principal, mine=mine)
        return
    card = cards[0]
    if mine and card.n_calls < state.settings().min_calls_to_compare:
        _first_calls(card)
    left, middle, right = st.columns([3, 4, 6], gap="medium")
    with left, st.container(border=True, height="stretch"):
        _level(card, mine=mine)
    with middle, st.container(border=True, height="stretch"):
        _trend(card)
    with right, st.container(border=True, height="stretch"):
        _sections(card)
    if mine:
        own_desk(principal)
    form_id = _form_of(principal, which)
    if form_id is not None:
        _themes(principal, agent, form_id, which, mine=mine)
        progress_view(principal, agent, form_id, wanted, mine=mine)
    _calls(principal, which, mine=mine)


def _no_calls(principal: Principal, *, mine: bool) -> None:
    with st.container(border=True):
        if newest_call_at(state.store(), principal) is not None:
            st.subheader("No calls in this time", anchor=False)
            st.markdown("Choose a longer period or another queue above.")
        elif mine:
            st.subheader("Your calls will be here", anchor=False)
            st.markdown(
                "None has been scored yet. Once some are, you see first what goes well, then one or two things "
                "to try, each with moments of your own calls to hear. You can object to anything that is wrong, "
                "and somebody who had no part in it decides."
            )
            navigation.link("behaviours", "What is looked for in a call", icon=":material/menu_book:")
        else:
            st.subheader("No calls of this agent yet", anchor=False)
            st.markdown("They show up here once they are scored.")
    if mine:
        own_desk(principal)


def _first_calls(card: Scorecard) -> None:
    """The first week: a few calls are a beginning and no verdict."""
    least = state.settings().min_calls_to_compare
    with st.container(border=True):
        st.markdown(f"**{'Your first call' if card.n_calls == 1 else 'Your first calls'} in this time**")
        st.markdown(
            "So few calls say little about anybody, so the range is wide and your level leans on the team's: one "
            f"call that went wrong does not decide it. From {least} calls on you are compared with the team. "
            "Until then, the calls themselves are worth more than the number: listen to one."
        )


def _level(card: Scorecard, *, mine: bool) -> None:
    label = "Your level" if mine else "Level"
    if card.score is None:
        st.metric(label, "∅")
        st.caption("No call could be given a total yet.")
        return
    st.metric(label, look.score(card.score, card.low, card.high))
    calls = look.count(card.n_calls, "call")
    without = f"; {card.n_without_score} more without a total" if card.n_without_score else ""
    st.caption(
        f"from {calls}{without}; your level lies in this range with 90 % probability"
        if mine
        else f"from {calls}{without}; the level lies in this range with 90 % probability"
    )
    team = card.comparison
    band = None
    if team.team_score is not None and team.team_low is not None and team.team_high is not None:
        band = (team.team_score, team.team_low, team.team_high)
    row = charts.Range(" ", card.score, card.low, card.high)
    told = f"{look.score(card.score, card.low, card.high)} on a line from 0 to 100"
    st.altair_chart(
        charts.ranges([row], look.palette(), band=band, labels_px=1),
        width="stretch",
        alt=told,
        key="level",
    )
    st.markdown(look.escape(team.says))
    if card.n_auto_failed:
        st.markdown(f":red[✕] {look.count(card.n_auto_failed, 'call')} failed outright.")


def _trend(card: Scorecard) -> None:
    st.markdown("**Week by week**")
    st.caption(look.escape(card.trend.says))
    points = card.trend.points[-16:]
    if len(points) >= LEAST_WEEKS:
        told = "; ".join(f"week of {p.week:%d %b}: {p.score:.0f} ({p.low:.0f}–{p.high:.0f})" for p in points)
        st.altair_chart(charts.weeks(points, look.palette()), width="stretch", alt=told, key="weeks")


def _sections(card: Scorecard) -> None:
    titles = look.section_titles(state.default_form())
    rows = [
        charts.Range(
            titles.get(s.section) or look.plain(s.section),
            s.score,
            s.low,
            s.high,
            f"{s.score:.0f} ({s.low:.0f}–{s.high:.0f})  n={s.n_calls}",
        )
        for s in card.sections
    ]
    st.markdown("**By section**  :gray[:small[n: calls in which it came up]]")
    told = "; ".join(f"{row.label} {row.beside}" for row in rows)
    st.altair_chart(
        charts.ranges(rows, look.palette(), labels_px=110), width="stretch", alt=told, key="sections"
    )


def _form_of(principal: Principal, which: CallFilter) -> str | None:
    """The form that most of these calls were scored by."""
    forms = [row.form for row in data.scores_for(principal, which) if row.score is not None]
    return max(sorted(set(forms)), key=forms.count) if forms else None


def _themes(principal: Principal, agent: str, form_id: str, which: CallFilter, *, mine: bool) -> None:
    found = data.coaching_for(principal, agent, form_id, which)
    if found is None:
        return
    whom = None if mine else agent
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("What goes well", anchor=False)
        for theme in found.strengths:
            theme_card(theme, good=True, agent=whom, key=f"good-{theme.criterion}")
        if not found.strengths:
            _too_early("No strength shows yet: nothing came up in three calls or more.")
    with right:
        st.subheader("What to work on", anchor=False)
        for theme in found.work_on:
            theme_card(theme, good=False, agent=whom, key=f"work-{theme.criterion}")
        if not found.work_on:
            _too_early("Nothing stands out. A theme needs three calls in which it came up.")


def _too_early(says: str) -> None:
    with st.container(border=True):
        st.caption(says)


def _calls(principal: Principal, which: CallFilter, *, mine: bool) -> None:
    found = list_calls(state.store(), principal, which, limit=NEWEST)
    st.subheader("Your calls" if mine else "Calls", anchor=False)
    call_rows(principal, found.rows, with_agent=False)
    if found.total > len(found.rows):
        params = {} if mine else {"agent": which.agent}
        navigation.link("calls", f"All {found.total} calls", icon=":material/arrow_forward:", **params)
