"""What changed for an agent since the time before: better first, then what slipped, the rest in a line."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from qa.scorecard import Progress
from qa.values import Principal
from qa.web import data, look
from qa.web.parts.filters import Chosen


def progress_view(principal: Principal, agent: str, form_id: str, wanted: Chosen, *, mine: bool) -> None:
    """Draw it; nothing where there is no time before to compare with."""
    since = wanted.which.since
    if wanted.before is None or since is None:
        return
    both = replace(wanted.which, since=wanted.before.since, agent=agent, team=None)
    rows = data.progress_for(principal, agent, form_id, both, since)
    if not any(row.n_before for row in rows):
        return
    whom = None if mine else agent
    better = sorted((row for row in rows if row.verdict == "better"), key=_moved, reverse=True)
    worse = sorted((row for row in rows if row.verdict == "worse"), key=_moved)
    same = sum(row.verdict == "no clear change" for row in rows)
    few = sum(row.verdict == "too few calls" for row in rows)
    with st.container(border=True):
        st.markdown("**Since the time before**")
        st.caption(f"{wanted.says}, against the same stretch of time before it")
        _level(principal, agent, wanted)
        for row in better:
            st.markdown(f":green[▲] {_says(row, whom)}")
        for row in worse:
            st.markdown(f":yellow[▼] {_says(row, whom)}")
        if not better and not worse:
            st.markdown("No question moved by more than chance.")
        rest = [f"{look.count(same, 'question')} without a clear change"] if same else []
        rest += [f"{few} with too few calls to say"] if few else []
        if rest:
            st.caption(", ".join(rest))


def _level(principal: Principal, agent: str, wanted: Chosen) -> None:
    if wanted.before is None:
        return
    found = [
        card[0]
        for which in (wanted.before, wanted.which)
        if (card := data.scorecards_for(principal, replace(which, agent=agent, team=None)))
    ]
    if len(found) == 2 and all(card.score is not None for card in found):
        then, now = (
            f"{look.score(card.score, card.low, card.high)} over {look.count(card.n_calls, 'call')}"
            for card in found
        )
        st.markdown(f"Level: {then}, then **{now}**")


def _moved(row: Progress) -> float:
    return (row.since or 0.0) - (row.before or 0.0)


def _says(row: Progress, whom: str | None) -> str:
    question = look.escape(look.addressed(row.question, whom))
    return (
        f"{question}  **{row.before:.0f} → {row.since:.0f} %**  "
        f":gray[:small[of its points, {row.n_before} and {look.count(row.n_since, 'call')}]]"
    )
