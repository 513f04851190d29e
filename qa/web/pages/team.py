"""Team overview: what needs somebody today, the level of the calls, every agent with the range of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from qa.scorecard import Scorecard
from qa.scorecard.pooling import interval
from qa.store import ScoreRow
from qa.store.overview import attention
from qa.values import Principal
from qa.web import data, identity, look, navigation, state
from qa.web.parts import charts
from qa.web.parts.filters import Chosen, choose

PER_PAGE = 25
AUTO_FAIL = {"only": "auto-fail"}
NO_TOTAL = {"only": "no total"}


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead", "reviewer", "supervisor")
    title, chosen = st.columns([3, 4], vertical_alignment="bottom")
    title.title("Team", anchor=False)
    with chosen:
        wanted = choose(principal, with_team=True)
    rows = data.scores_for(principal, wanted.which)
    title.caption(f"{wanted.says}  ·  {look.count(len(rows), 'call')}")
    _needs_you(principal, wanted)
    if not rows:
        _nothing_yet(principal)
        return
    _level(principal, wanted, rows)
    _agents(data.scorecards_for(principal, wanted.which), rows)


def _nothing_yet(principal: Principal) -> None:
    with st.container(border=True):
        st.subheader("No calls here yet", anchor=False)
        st.markdown("Nothing matches this choice. Choose a longer period, or hand in calls to be scored.")
        if principal.role in navigation.HANDS_IN:
            navigation.link("upload", "Hand in calls", icon=":material/upload_file:")


def _needs_you(principal: Principal, wanted: Chosen) -> None:
    """A row of what waits, each with the way there; calm where nothing does."""
    found = attention(state.store(), principal, since=wanted.which.since)
    oldest = _age(found.oldest_dispute_at)
    waiting = [
        (found.open_disputes, "dispute waits", "disputes wait", oldest, "gavel", "disputes", {}),
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
        (found.not_scored, "call has no total", "calls have no total", "", "contrast", "calls", NO_TOTAL),
    ]
    waiting = [one for one in waiting if one[0]]
    with st.container(border=True, horizontal=True, gap="medium", vertical_alignment="center"):
        if not waiting:
            st.markdown(
                ":green[✓] **Nothing waits for you.** No open disputes, nothing overdue, no failed files."
            )
            return
        st.markdown("**Needs you today**", width="content")
        for n, one, many, more, icon, place, params in waiting:
            label = f"**{n}** {one if n == 1 else many}" + (f" ({more})" if more else "")
            navigation.link(place, label, icon=f":material/{icon}:", **params)


def _age(moment: datetime | None) -> str:
    if moment is None:
        return ""
    days = (datetime.now(UTC) - moment).days
    return "since today" if days < 1 else f"the oldest for {look.count(days, 'day')}"


def _level(principal: Principal, wanted: Chosen, rows: Sequence[ScoreRow]) -> None:
    scores = [row.score for row in rows if row.score is not None]
    earlier_rows = data.scores_for(principal, wanted.before) if wanted.before else ()
    earlier = [row.score for row in earlier_rows if row.score is not None]
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
    with middle, st.container(border=True, height="stretch"):
        st.markdown("**How the scores lie**")
        if scores:
            told = f"Distribution of {len(scores)} scores from {min(scores):.0f} to {max(scores):.0f}"
            st.altair_chart(charts.distribution(scores, look.palette()), width="stretch", alt=told)
    with right, st.container(border=True, height="stretch"):
        _sections(rows, earlier_rows)


def _against(mean: float, earlier: Sequence[float]) -> str:
    if not earlier:
        return "No calls in the same stretch of time before."
    before, low, high = interval(earlier)
    if low <= mean <= high:
        return f"No clear change from {before:.0f} in the {look.count(len(earlier), 'call')} before."
    moved = mean - before
    return f"{moved:+.0f} against {before:.0f} in the {look.count(len(earlier), 'call')} before."


def _sections(rows: Sequence[ScoreRow], earlier: Sequence[ScoreRow]) -> None:
    titles = look.section_titles(state.default_form())
    now, then = _by_section(rows), _by_section(earlier)
    shown = []
    for section, scores in now.items():
        mean, low, high = interval(scores)
        change = f"  {mean - sum(then[section]) / len(then[section]):+.0f}" if then.get(section) else ""
        label = titles.get(section) or look.plain(section)
        shown.append(charts.Range(label, mean, low, high, f"{mean:.0f} ({low:.0f}–{high:.0f}){change}"))
    st.markdown("**By section**" + ("  :gray[:small[and the change from the time before]]" if then else ""))
    told = "; ".join(f"{row.label} {row.beside}" for row in shown)
    st.altair_chart(charts.ranges(shown, look.palette(), labels_px=110), width="stretch", alt=told)


def _by_section(rows: Sequence[ScoreRow]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        for section, score in row.sections if row.score is not None else ():
            if score is not None:
                found.setdefault(section, []).append(score)
    return found


def _agents(cards: Sequence[Scorecard], rows: Sequence[ScoreRow]) -> None:
    st.subheader("Agents", anchor=False)
    st.caption(
        "In alphabetical order, on a line from 0 to 100. The bar is where each level lies with 90 % probability; where "
        "bars overlap, nobody can say who is better. Shaded: all of these calls together."
    )
    scores = [row.score for row in rows if row.score is not None]
    team = interval(scores) if len(scores) > 1 else None
    pages = range(0, len(cards), PER_PAGE)
    start = 0
    if len(pages) > 1:
        start = st.selectbox(
            "Agents", list(pages), format_func=lambda n: f"{n + 1} to {min(len(cards), n + PER_PAGE)}"
        )
    titles = look.section_titles(state.default_form())
    for card in cards[start : start + PER_PAGE]:
        _agent(card, team, titles)


def _agent(card: Scorecard, team: tuple[float, float, float] | None, titles: dict[str, str]) -> None:
    with st.container(border=True, gap=None):
        who, level, best, gain = st.columns([3, 6, 2.4, 2.4], vertical_alignment="center", gap="medium")
        with who, st.container(gap=None):
            navigation.link("agent", f"**{look.escape(card.agent)}**", name=card.agent)
            calls = look.count(card.n_calls, "call")
            st.caption(look.escape("  ·  ".join(part for part in (card.team, calls) if part)))
        with level:
            if card.score is None:
                st.caption("∅ no call could be given a total")
            else:
                said = look.score(card.score, card.low, card.high)
                row = charts.Range(" ", card.score, card.low, card.high, said)
                chart = charts.ranges([row], look.palette(), band=team, bare=True)
                st.altair_chart(
                    chart, width="stretch", alt=f"{card.agent}: {said}", key=f"level-{card.agent}"
                )
        ordered = sorted(card.sections, key=lambda section: section.score)
        if ordered:
            for column, named, section in (
                (best, "Strongest", ordered[-1]),
                (gain, "Most to gain", ordered[0]),
            ):
                title = _title(section.section, titles)
                column.markdown(f":gray[:small[{named}]]  \n{title} {section.score:.0f}")


def _title(section: str, titles: dict[str, str]) -> str:
    return look.escape(titles.get(section) or look.plain(section))
