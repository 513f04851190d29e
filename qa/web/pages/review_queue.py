"""Review queue: sampled calls, one at a time, a person's answer beside the program's."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qa.errors import QaError
from qa.review.sampling import DOUBT, Weighted, draw_sample, sample_result
from qa.store.colleagues import colleagues
from qa.store.overview import matters
from qa.store.samples import REVIEWERS, SampleRow, list_samples
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash
from qa.web.parts.call_list import NO_MATTER, shortened
from qa.web.parts.filters import choose
from qa.web.parts.review_desk import review_desk

STRATA = {"agent": "of each agent", "team": "of each team", "queue": "of each queue", "all": "of all calls"}
MINE, EVERYBODYS = "given to me", "everybody's"
AT_MOST = 30
ROUNDS = 5


def page() -> None:
    """Draw one call to review, or the queue."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead", "reviewer")
    round_name, call_id = st.query_params.get("round"), st.query_params.get("call")
    if round_name and call_id:
        review_desk(principal, round_name, call_id)
        return
    st.title("Review queue", anchor=False)
    flash.show()
    waiting = list_samples(state.store(), principal, state="waiting")
    rows = list_samples(state.store(), principal, newest_rounds=ROUNDS)
    st.caption(f"{look.count(len(waiting), 'sampled call')} waiting to be listened to")
    if principal.role in navigation.LEADS:
        _draw(principal)
    if not rows:
        with st.container(border=True):
            st.subheader("Nothing was sampled yet", anchor=False)
            st.markdown(
                "A sample is drawn by chance, so that what people find in a few calls can be said of all of "
                "them. A lead draws one."
            )
        return
    _queue(principal, waiting)
    _results(rows)


def _queue(principal: Principal, waiting: Sequence[SampleRow]) -> None:
    whose = st.segmented_control(
        "Whose calls",
        [MINE, EVERYBODYS],
        default=EVERYBODYS,
        label_visibility="collapsed",
        required=True,
        key="queue-whose",
    )
    if whose == MINE:
        mine = list_samples(state.store(), principal, state="waiting", mine=True)
        waiting = mine
    if not waiting:
        with st.container(border=True):
            st.markdown("✓ **Nothing waits here.** All sampled calls were listened to.")
        return
    first = waiting[0]
    navigation.link(
        "review_queue",
        "**Begin with the first**",
        icon=":material/play_arrow:",
        round=first.round,
        call=first.call_id,
    )
    about = matters(state.store(), principal, [row.call_id for row in waiting[:AT_MOST]])
    for row in waiting[:AT_MOST]:
        with st.container(border=True, gap=None):
            matter = about.get(row.call_id)
            label = look.escape(shortened(matter)) if matter else NO_MATTER
            navigation.link("review_queue", f"**{label}**", round=row.round, call=row.call_id)
            why = "chosen because the program is unsure" if row.stratum == DOUBT else "drawn by chance"
            to = f"for {row.assigned_to}" if row.assigned_to else None
            facts = [row.agent or "agent not known", f"sample {row.round}", why, to]
            st.caption(look.escape("  ·  ".join(fact for fact in facts if fact)))


def _results(rows: Sequence[SampleRow]) -> None:
    st.subheader("What the newest samples say", anchor=False)
    for name in dict.fromkeys(row.round for row in reversed(rows)):
        inside = [row for row in rows if row.round == name]
        done = sum(row.state == "done" for row in inside)
        with st.container(border=True):
            st.markdown(f"**{look.escape(name)}**  :gray[{done} of {look.count(len(inside), 'call')} done]")
            st.progress(done / len(inside))
            found = sample_result(inside)
            score = found["score"]
            if score.mean is None:
                st.caption("No drawn call was listened to yet, so there is nothing to say of all calls.")
                continue
            st.markdown(
                f"All calls that it was drawn from score {_range(score)} by people, "
                f"and {_range(found['program'])} by the program alone."
            )
            st.caption(_moved(found["moved"]))


def _range(value: Weighted) -> str:
    if value.mean is None:
        return "∅"
    if value.low is None or value.high is None:
        return f"about **{value.mean:.0f}** (too few for a range)"
    return f"**{value.mean:.0f}** ({value.low:.0f}–{value.high:.0f})"


def _moved(moved: Weighted) -> str:
    if moved.mean is None or moved.low is None or moved.high is None:
        return "Too few were listened to for saying whether people are stricter than the program."
    if moved.low <= 0 <= moved.high:
        return (
            f"On average people leave the score where it is: {moved.mean:+.1f} points, which may be chance."
        )
    way = "kinder" if moved.mean > 0 else "stricter"
    return f"People are {way} than the program, by {abs(moved.mean):.1f} points on average."


def _draw(principal: Principal) -> None:
    with st.expander("Draw a sample", icon=":material/casino:"):
        wanted = choose(principal, with_team=True)
        reviewers = colleagues(state.store(), principal, REVIEWERS)
        with st.form("draw", border=False):
            name = st.text_input("Its name", placeholder="such as March, second half")
            left, middle, right = st.columns(3)
            by = left.selectbox("Drawn", list(STRATA), format_func=STRATA.__getitem__)
            each = middle.number_input("Calls each", 0, 100, 3)
            doubtful = right.number_input(
                "And the most doubtful", 0, 100, 2, help="They come on top and take no part in the averages."
            )
            people = st.multiselect(
                "Shared among",
                list(reviewers),
                format_func=reviewers.__getitem__,
                placeholder="nobody in particular",
            )
            seed = int(st.number_input("Seed", 0, 2**31 - 1, 0, help="The same seed draws the same calls."))
            pressed = st.form_submit_button("Draw", type="primary")
        if not pressed:
            return
        if not name or not name.strip():
            st.error("Give the sample a name.")
            return
        try:
            made = draw_sample(
                state.store(),
                principal,
                round_name=name.strip(),
                which=wanted.which,
                by=by,  # type: ignore[arg-type]
                per_stratum=int(each),
                doubtful=int(doubtful),
                seed=seed,
                reviewers=people,
            )
        except QaError as err:
            st.error(look.escape(str(err)))
            return
        flash.done(f"{look.count(len(made), 'call')} drawn.")
