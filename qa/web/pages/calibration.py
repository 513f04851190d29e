"""Calibration: several people rate the same calls blind; then how far they, and the program, agree."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.store import CallFilter, list_calls
from qa.store.calibrations import (
    RATERS,
    RoundRow,
    close_round,
    list_rounds,
    load_round,
    new_round,
)
from qa.store.colleagues import colleagues, own_login
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash
from qa.web.parts.blind_rating import blind_rating
from qa.web.parts.round_view import round_view

MOST_CALLS = 200


def page() -> None:
    """Draw one round, or all of them."""
    principal = identity.current_principal()
    identity.require(principal, *RATERS)
    asked = st.query_params.get("round")
    if asked:
        _one(principal, load_round(state.store(), principal, asked))
        return
    st.title("Calibration", anchor=False)
    st.caption(
        "Several people rate the same calls without seeing one another or the program. Where they differ, "
        "the question needs talking about, not the person."
    )
    flash.show()
    if principal.role in navigation.LEADS:
        _new(principal)
    rounds = list_rounds(state.store(), principal)
    if not rounds:
        with st.container(border=True):
            st.subheader("No rounds yet", anchor=False)
            st.markdown(
                "Five calls and three people are enough to see where a form is read differently."
                if principal.role in navigation.LEADS
                else "Once a lead asks you to rate calls, the round shows up here."
            )
    for row in rounds:
        with st.container(border=True, gap=None):
            sign = "…" if row.state == "open" else "✓"
            navigation.link("calibration", f"**{sign} {look.escape(row.name)}**", round=row.round)
            state_ = "open" if row.state == "open" else "closed"
            facts = [state_, look.count(len(row.calls), "call"), look.count(len(row.raters), "rater")]
            facts += [row.form, f"begun {look.day(row.created_at)}"]
            st.caption(look.escape("  ·  ".join(facts)))


def _one(principal: Principal, row: RoundRow) -> None:
    navigation.link("calibration", "Calibration", icon=":material/arrow_back:")
    st.title(look.escape(row.name), anchor=False)
    st.caption(look.escape(f"{look.count(len(row.calls), 'call')}  ·  {row.form}  ·  {row.state}"))
    flash.show()
    if row.state == "closed":
        round_view(principal, row)
        return
    if own_login(state.store(), principal) in row.raters:
        blind_rating(principal, row)
    if principal.role in navigation.LEADS:
        _progress(principal, row)


def _progress(principal: Principal, row: RoundRow) -> None:
    with st.container(border=True):
        st.markdown("**How far it is**")
        for rater in row.raters:
            n = row.done.get(rater, 0)
            sign = "✓" if n == len(row.calls) else "…"
            st.markdown(f"{sign} {look.escape(rater)}: {n} of {look.count(len(row.calls), 'call')}")
        st.caption("Once it is closed nothing can be added, and everybody in it sees everything.")
        if st.button("Close the round", icon=":material/lock:", key="close-round"):
            try:
                close_round(state.store(), principal, row.round)
            except QaError as err:
                st.error(look.escape(str(err)))
                return
            flash.done("The round is closed. Here is how far you agree.")


def _new(principal: Principal) -> None:
    with st.expander("Begin a round", icon=":material/add:"):
        form = state.default_form()
        forms = [one.id for one in state.library().all]
        index = forms.index(form.id) if form and form.id in forms else 0
        chosen = st.selectbox("The form", forms, index=index, key="round-form")
        found = list_calls(state.store(), principal, CallFilter(form=chosen), limit=MOST_CALLS)
        calls = {
            row.call_id: f"{look.day_and_time(row.started_at)}, {row.agent or 'agent not known'}, "
            f"{look.clock(row.duration_s)}"
            for row in found.rows
            if row.score is not None
        }
        with st.form("round", border=False):
            name = st.text_input("Its name", placeholder="such as November: acknowledging")
            picked = st.multiselect("Calls", list(calls), format_func=calls.__getitem__)
            people = colleagues(state.store(), principal, RATERS)
            raters = st.multiselect(
                "Who rates", list(people), format_func=people.__getitem__, placeholder="two people or more"
            )
            wanted = st.form_submit_button("Begin", type="primary")
        if not wanted:
            return
        if not name or not name.strip():
            st.error("Give the round a name.")
            return
        try:
            new_round(
                state.store(), principal, name=name.strip(), form=chosen or "", calls=picked, raters=raters
            )
        except QaError as err:
            st.error(look.escape(str(err)))
            return
        flash.done("The round has begun; its raters see it here.")
