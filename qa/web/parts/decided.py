"""A call before and after a decision: the score, and every answer that comes out otherwise."""

from __future__ import annotations

import streamlit as st

from qa.review.deciding import Decided
from qa.web import look, state


def decided_view(decided: Decided, *, would: bool) -> None:
    """Say what a decision changes; ``would``: it is only foreseen."""
    before, after = decided.before, decided.after
    was = look.score(before.score, before.low, before.high)
    now = look.score(after.score, after.low, after.high)
    verb = "would change" if would else "changed"
    if not decided.changed and was == now:
        st.markdown(f"– The score {'would stay' if would else 'stays'} **{was}**, and so does every answer.")
        return
    moved = decided.by_points
    by = "" if not moved else f"  ({moved:+.1f} points)".replace("-", "−")
    st.markdown(f"→ The score {verb} from {was} to **{now}**{by}.")
    asked = look.questions(state.form_named(after.form))
    for change in decided.changed:
        question = look.escape(asked.get(change.criterion) or look.plain(change.criterion))
        st.markdown(
            f"- {question} {look.SIGNS[change.before]} {look.MEANINGS[change.before]}, "
            f"{change.points_before:.1f} points → **{look.SIGNS[change.after]} {look.MEANINGS[change.after]}, "
            f"{change.points_after:.1f} points**"
        )
    if after.score is None and after.why_no_score:
        st.caption(look.escape(after.why_no_score))
    if before.passed != after.passed and None not in (before.passed, after.passed):
        st.markdown("✓ It would pass." if after.passed else "✕ It would no longer pass.")
