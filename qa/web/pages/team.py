"""Team overview: what needs somebody today, the level of the calls, every agent with the range of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from qa.scorecard import Scorecard
from qa.scorecard.pooling import interval
from qa.store.overview import Attention, attention
from qa.values import Principal
from qa.web import data, identity, look, navigation, state
from qa.web.data import Levels
from qa.web.parts import charts
from qa.web.parts.agent_rows import agent_rows
from qa.web.parts.filters import Chosen, choose

AUTO_FAIL = {"only": "auto-fail"}
NO_TOTAL = {"only": "no total"}
LEAST_CALLS = 5
"""Fewer calls on either side of a comparison give no change to speak of."""


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead", "reviewer", "supervisor")
    title, chosen = st.columns([2, 5], vertical_alignment="bottom")
    title.title("Team", anchor=False)
    with chosen:
        wanted = choose(principal, with_team=True, with_form=True)
    rows = data.scores_for(principal, wanted.which)
    title.caption(f"{wanted.says}  ·  {look.count(len(rows), 'call')}")
    _needs_you(principal, wanted)
    if not rows:
        _nothing_yet(principal)
        return
    _level(principal, wanted, rows)
    _agents(data.scorecards_for(principal, wanted.which, with_criteria=True), rows)


def _nothing_yet(principal: Principal) -> None:
    with st.container(border=True):
        st.subheader("No calls here yet", anchor=False)
        st.markdown("Nothing matches this choice. Choose a longer period, or hand in calls to be scored.")
        if principal.role in navigation.HANDS_IN:
            navigation.link("upload", "Hand in calls", icon=":material/upload_file:")


def _needs_you(principal: Principal, wanted: Chosen) -> None:
    """A row of what waits, each with the way there; calm where nothing does."""
    waiting = _waiting(attention(state.store(), principal, since=wanted.which.since))
    with st.container(border=True, horizontal=True, gap="medium", vertical_alignment="center"):
        if not waiting:
            st.markdown(
                ":green[✓] **Nothing waits for you.** No open disputes, nothing overdue, no failed files."
            )
            return
        st.markdown("**Needs you today**", width="content")
        for label, icon, place, params in waiting:
            navigation.link(place, label, icon=f":material/{icon}:", **params)


def _waiting(found: Attention) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    """What waits: its label, its icon, and the page with its parameters that it leads to."""
    rows: list[tuple[int, str, str, str, str, str, Mapping[str, Any]]] = [
        (found.open_disputes, "dispute waits", "disputes wait", _age(found), "gavel", "disputes", {}),
        (
            found.overdue_promises,
            "promise is overdue",
            "promises are overdue",
            "",
            "event_busy",
            "promises",
            {},
        ),
        (found.auto_failed, "call failed outright", "calls failed outright", "", "block", "calls", AUTO_FAIL),
        (found.failed_files or 0, "file failed", "files failed", "", "draft", "upload", {}),
        (
            found.failed_deliveries or 0,
            "message was not delivered",
            "messages were not delivered",
            "",
            "outgoing_mail",
            "webhooks",
            {},
        ),
        (found.not_scored, "call has no total", "calls have no total", "", "contrast", "calls", NO_TOTAL),
    ]
    return [
        (f"**{n}** {one if n == 1 else many}" + (f" ({more})" if more else ""), icon, place, params)
        for n, one, many, more, icon, place, params in rows
        if n
    ]


def _age(found: Attention) -> str:
    if found.overdue_disputes:
        return f"{found.overdue_disputes} past the deadline"
    if found.oldest_dispute_at is None:
        return ""
    days = (datetime.now(UTC) - found.oldest_dispute_at).days
    return "since today" if days < 1 else f"the oldest for {look.count(days, 'day')}"


def _level(principal: Principal, wanted: Chosen, rows: Levels) -> None:
    scores = rows.scores
    earlier_rows = data.scores_for(principal, wanted.before) if wanted.before else Levels()
    earlier = earlier_rows.scores
    left, middle, right = st.columns([3, 4, 6], gap="medium")
    with left, st.container(border=True, height="stretch"):
        if not scores:
            st.metric("Score of these calls", "∅")
            st.caption("No call could be given a total.")
        else:
            mean, low, high = interval(scores)
            st.metric("Score of these calls", look.score(mean, low, high))
            st.caption(f"mean of {look.count(len(scores), 'call')}; the range holds it with 90 % probability")
            st.caption(_against(mean, earlier))
            st.caption(_passes(rows))
    with middle, st.container(border=True, height="stretch"):
        st.markdown("**How the scores lie**  :gray[:small[calls in each ten points]]")
        if scores:
            form = state.default_form()
            told = f"Distribution of {len(scores)} scores from {min(scores):.0f} to {max(scores):.0f}"
            chart = charts.distribution(
                scores, look.palette(), mark=form.pass_mark if form else None, height=230
            )
            st.altair_chart(chart, width="stretch", alt=told, key="distribution")
    with right, st.container(border=True, height="stretch"):
        _sections(rows, earlier_rows)


def _passes(rows: Levels) -> str:
    """How many pass, failed outright or have no total."""
    judged = [row for row in rows if row.passed is not None]
    parts = [f"{sum(bool(row.passed) for row in judged)} of {len(judged)} pass"] if judged else []
    failed = sum(row.auto_failed_by is not None for row in rows)
    without = sum(row.score is None for row in rows)
    parts += [f"✕ {failed} failed outright"] if failed else []
    parts += [f"∅ {without} without a total"] if without else []
    return ", ".join(parts)


def _against(mean: float, earlier: Sequence[float]) -> str:
    if not earlier:
        return "No calls in the same stretch of time before."
    before, low, high = interval(earlier)
    if low <= mean <= high:
        return f"No clear change from {before:.0f} in the {look.count(len(earlier), 'call')} before."
    return f"{_signed(mean - before)} against {before:.0f} in the {look.count(len(earlier), 'call')} before."


def _signed(change: float) -> str:
    return f"{change:+.0f}".replace("-", "−")


def _sections(rows: Levels, earlier: Levels) -> None:
    titles = look.section_titles(state.default_form())
    now, then = rows.by_section, earlier.by_section
    order = [name for name in titles if name in now] + [name for name in now if name not in titles]
    shown = []
    for section in order:
        mean, low, high = interval(now[section])
        label = titles.get(section) or look.plain(section)
        before = sum(then[section]) / len(then[section]) if then.get(section) else None
        beside = f"{mean:.0f} ({low:.0f}–{high:.0f})  {_change(now[section], then.get(section, ()))}"
        shown.append(charts.Range(label, mean, low, high, beside, before))
    with_before = any(row.before is not None for row in shown)
    st.markdown(
        "**By section**"
        + (
            "  :gray[:small[○ the time before; ≈ no clear change, ▲▼ more than chance]]"
            if with_before
            else ""
        )
    )
    told = "; ".join(f"{row.label} {row.beside}" for row in shown)
    st.altair_chart(
        charts.ranges(shown, look.palette(), labels_px=110), width="stretch", alt=told, key="sections"
    )


def _change(now: Sequence[float], then: Sequence[float]) -> str:
    """A change is one where neither mean lies in the other's range; nothing is said of a few calls."""
    if min(len(now), len(then)) < LEAST_CALLS:
        return ""
    (mean, low, high), (before, below, above) = interval(now), interval(then)
    if low <= before <= high or below <= mean <= above:
        return "≈"
    return f"{'▲' if mean > before else '▼'}{abs(mean - before):.0f}"


def _agents(cards: Sequence[Scorecard], rows: Levels) -> None:
    st.subheader("Agents", anchor=False)
    scores = rows.scores
    everybody = {name: sum(found) / len(found) for name, found in rows.by_section.items()}
    agent_rows(cards, band=interval(scores) if len(scores) > 1 else None, everybody=everybody)
