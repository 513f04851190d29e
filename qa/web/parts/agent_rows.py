"""Agents under one another, by name and never by rank: the level as an interval, the weeks as a small line.

Conventions: where an agent's interval and the team's overlap, that is said in place of any order. ``everybody``
holds the mean of each section over all calls that are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import streamlit as st

from qa.scorecard import Scorecard
from qa.scorecard.trend import Trend
from qa.web import look, navigation, state
from qa.web.parts import charts, many_charts

PER_PAGE = 12
LEAST_CALLS = 3
"""Fewer calls in a section say nothing about what somebody is good at."""
LEAST_LOST = 0.3
WEEKS = 12


def agent_rows(
    cards: Sequence[Scorecard],
    *,
    band: tuple[float, float, float] | None,
    everybody: Mapping[str, float],
) -> None:
    """Draw the rows; ``band`` is mean, low and high of all calls that are shown."""
    st.caption(
        "By name, on a line from 0 to 100. The bar is where each level lies with 90 % probability; where bars "
        "overlap, nobody can say who is better. Shaded: all of these calls together. Beside it, the weeks."
    )
    pages = range(0, len(cards), PER_PAGE)
    start = 0
    if len(pages) > 1:
        start = st.selectbox(
            "Agents", list(pages), format_func=lambda n: f"{n + 1} to {min(len(cards), n + PER_PAGE)}"
        )
    titles = look.section_titles(state.default_form())
    for card in cards[start : start + PER_PAGE]:
        _agent(card, band, everybody, titles)


def _agent(
    card: Scorecard,
    band: tuple[float, float, float] | None,
    everybody: Mapping[str, float],
    titles: Mapping[str, str],
) -> None:
    with st.container(border=True, gap=None):
        who, level, weeks, most = st.columns([2.6, 5.2, 2.2, 3], vertical_alignment="center", gap="medium")
        with who, st.container(gap=None):
            navigation.link("agent", f"**{look.escape(card.agent)}**", name=card.agent)
            calls = look.count(card.n_calls, "call")
            st.caption(look.escape("  ·  ".join(part for part in (card.team, calls) if part)))
        with level, st.container(gap=None):
            _level(card, band)
        with weeks, st.container(gap=None):
            _weeks(card.agent, card.trend)
        with most:
            st.markdown("  \n".join(_sections(card, everybody, titles)))


def _sections(card: Scorecard, everybody: Mapping[str, float], titles: Mapping[str, str]) -> list[str]:
    strongest, to_gain = _strongest(card, everybody), _to_gain(card)
    lines = []
    if strongest is not None:
        section, score = strongest
        lines.append(f":gray[:small[strongest]] {_title(section, titles)} {score:.0f}")
    if to_gain is not None:
        section, points = to_gain
        lines.append(f":gray[:small[to gain]] {_title(section, titles)} :gray[:small[{points:.0f} points]]")
    return lines


def _level(card: Scorecard, band: tuple[float, float, float] | None) -> None:
    if card.score is None:
        st.caption("∅ no call could be given a total")
        return
    said = look.score(card.score, card.low, card.high)
    row = charts.Range(" ", card.score, card.low, card.high, said)
    chart = many_charts.level(row, look.palette(), band)
    told = f"{card.agent}: {said} on a line from 0 to 100. {card.comparison.says}"
    st.vega_lite_chart(chart, width="stretch", alt=told, key=f"level-{card.agent}")
    st.caption(compared(card))


def compared(card: Scorecard) -> str:
    """How an agent stands beside the rest, in a few words; most cannot be told apart."""
    beside = card.comparison
    if beside.verdict == "too few calls" or beside.team_score is None:
        return "too few calls to compare"
    return {
        "cannot be told apart": f"cannot be told apart from the others' {beside.team_score:.0f}",
        "above the team": f"above the others' {beside.team_score:.0f} on like calls",
        "below the team": f"below the others' {beside.team_score:.0f} on like calls",
    }[beside.verdict]


def _weeks(agent: str, trend: Trend) -> None:
    points = trend.points[-WEEKS:]
    if len(points) < 2:
        st.caption("one week only" if points else "no dated calls")
        return
    told = "; ".join(f"week of {p.week:%d %b}: {p.score:.0f}" for p in points)
    st.vega_lite_chart(
        many_charts.spark(points, look.palette()),
        width="stretch",
        alt=f"{agent}, week by week. {trend.says} {told}",
        key=f"weeks-{agent}",
    )
    st.caption(_direction(trend))


def _direction(trend: Trend) -> str:
    if trend.per_week is None or trend.low is None or trend.high is None:
        return "too early for a trend"
    if trend.low <= 0 <= trend.high:
        return "no clear change"
    return f"{'▲ rising' if trend.per_week > 0 else '▼ falling'} {abs(trend.per_week):.1f} a week"


def _strongest(card: Scorecard, everybody: Mapping[str, float]) -> tuple[str, float] | None:
    """The section furthest above everybody's mean: what somebody can show the others."""
    known = [s for s in card.sections if s.n_calls >= LEAST_CALLS and s.section in everybody]
    if not known:
        return None
    best = max(known, key=lambda s: s.score - everybody[s.section])
    return best.section, best.score


def _to_gain(card: Scorecard) -> tuple[str, float] | None:
    """The section in which the average call loses most points of 100."""
    if card.n_calls < LEAST_CALLS:
        return None
    lost: defaultdict[str, float] = defaultdict(float)
    for criterion in card.criteria:
        lost[criterion.section] += criterion.lost_per_call
    section = max(lost, key=lambda name: lost[name], default=None)
    return None if section is None or lost[section] < LEAST_LOST else (section, lost[section])


def _title(section: str, titles: Mapping[str, str]) -> str:
    return look.escape(titles.get(section) or look.plain(section))
