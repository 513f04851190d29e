"""Fairness: whether scores differ between groups that the firm names, and whether the recogniser is behind it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qa.calibration import Estimate
from qa.review.fairness import MIN_AGENTS, Gap, HiddenGroup
from qa.web import data, identity, look
from qa.web.parts import charts, flash
from qa.web.parts.filters import choose
from qa.web.parts.groups_table import groups_table

LEAST_REACH = 10
STEP = 10

HOW = f"""
- **Groups** come from your own table of agents (site, shift, language and so on). Nothing is guessed about anybody.
- A **gap** is a group's mean minus that of the other agents of the same kind of group. Its range redraws whole
  agents: ten calls of one agent are one person. A range that reaches over “no gap” can be chance.
- **At equal confidence** asks: if the recogniser had heard both as well, would the gap still be there? A gap that
  vanishes then is more likely the line's or the accent's than the agents': look at the sound first.
- **Findings taken back** is the share of judged findings that people said were wrong. More of them in one group
  means that the program is worse for it.
- Groups of fewer than {MIN_AGENTS} agents, or that leave fewer than {MIN_AGENTS} outside, are not shown: a person
  could be recognised in them.
"""


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead")
    title, chosen = st.columns([2, 5], vertical_alignment="bottom")
    title.title("Fairness", anchor=False)
    with chosen:
        wanted = choose(principal, with_form=True)
    title.caption(wanted.says)
    flash.show()
    with st.expander("How to read this", icon=":material/help:"):
        st.markdown(HOW)
    with st.spinner("Comparing the groups"):
        shown, hidden = data.gaps_for(principal, wanted.which)
    if not shown and not hidden:
        _none()
    for kind in sorted({one.kind for one in shown} | {one.kind for one in hidden}):
        _kind(kind, [one for one in shown if one.kind == kind], [one for one in hidden if one.kind == kind])
    groups_table(principal)


def _none() -> None:
    with st.container(border=True):
        st.subheader("No groups to compare yet", anchor=False)
        st.markdown(
            "Say below which site, shift or other group your agents belong to, and this page shows whether their "
            f"scores differ, and whether the recogniser is behind it. Groups of {MIN_AGENTS} agents or more, "
            "with calls in this time, are compared."
        )


def _kind(kind: str, shown: Sequence[Gap], hidden: Sequence[HiddenGroup]) -> None:
    st.subheader(look.escape(look.plain(kind)), anchor=False)
    # Of two groups, one's gap is the other's turned round: it is shown once.
    pair = len(shown) == 2 and not hidden
    if pair:
        shown = sorted(shown, key=lambda gap: gap.score.value or 0.0)
    for gap in shown[:1] if pair else shown:
        other = f"{shown[1].group} ({look.count(shown[1].n_agents, 'agent')})" if pair else "all others"
        _gap(gap, against=other)
    if hidden:
        names = ", ".join(f"{one.group} ({look.count(one.n_agents, 'agent')})" for one in hidden)
        st.caption(
            look.escape(
                f"Not shown, since a person could be recognised: {names}. It takes {MIN_AGENTS} agents in a group "
                f"and {MIN_AGENTS} outside it."
            )
        )


def _gap(gap: Gap, *, against: str) -> None:
    rows = [
        _row("Score", gap.score, 1.0),
        _row("Score at equal confidence", gap.score_adjusted, 1.0),
        _row("Recogniser's confidence", gap.confidence, 100.0),
        _row("Findings taken back", gap.overturn, 100.0),
    ]
    ends = [abs(end) for row in rows for end in (row.low, row.high, row.value) if end is not None]
    reach = max(LEAST_REACH, STEP * -(-max(ends, default=0.0) // STEP))
    with st.container(border=True):
        size = f"{look.count(gap.n_agents, 'agent')}, {look.count(gap.n_calls, 'call')}"
        st.markdown(f"**{look.escape(gap.group)}** ({size}) against {look.escape(against)}")
        st.markdown(f"{_sign(gap)} {look.escape(gap.says)}")
        told = f"{gap.group} against {against}. {gap.says} " + "; ".join(
            f"{r.label} {r.beside}" for r in rows
        )
        st.altair_chart(
            charts.gaps(rows, look.palette(), reach=reach),
            width="stretch",
            alt=told,
            key=f"gap-{gap.kind}-{gap.group}",
        )
        st.caption("Scores in points of 100; confidence and findings in percentage points.")


def _sign(gap: Gap) -> str:
    """Calm where there is no gap, a question where the recogniser may be behind it, else attention."""
    score, equal = gap.score, gap.score_adjusted
    if score.low is None or score.high is None or score.low <= 0 <= score.high:
        return ":green[✓]"
    if equal.low is None or equal.high is None or equal.low <= 0 <= equal.high:
        return ":yellow[?]"
    return ":red[!]"


def _row(label: str, found: Estimate, scale: float) -> charts.Gap:
    if found.value is None:
        return charts.Gap(label, None, None, None, "∅ not known")
    value = scale * found.value
    if found.low is None or found.high is None:
        return charts.Gap(label, value, None, None, _signed(value))
    low, high = scale * found.low, scale * found.high
    return charts.Gap(label, value, low, high, f"{_signed(value)} ({_signed(low)} to {_signed(high)})")


def _signed(value: float) -> str:
    said = f"{value:+.0f}"
    return "0" if said in ("+0", "-0") else said.replace("-", "−")
