"""On the page of a call: acknowledge, dispute, review, and the disputes there are about it."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.review.disputing import OPENERS
from qa.store import StoredCall, load_call
from qa.store.acknowledgements import acknowledge, acknowledgements_of
from qa.store.calibrations import may_see_the_program
from qa.store.disputes import list_disputes
from qa.store.reviews import REVIEWERS
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash
from qa.web.parts.dispute_form import dispute_form
from qa.web.parts.dispute_view import dispute_view
from qa.web.parts.review_form import review_form
from qa.web.parts.subjects import SIGNS, STATES

ACKNOWLEDGE, DISPUTE, REVIEW = "Acknowledge", "Dispute", "Review"


def rated_blind(principal: Principal, call_id: str) -> bool:
    """True, and said so, while the principal still has to rate this call without seeing the program's answers."""
    if may_see_the_program(state.store(), principal, call_id):
        return False
    with st.container(border=True):
        st.subheader("You rate this call blind", anchor=False)
        st.markdown(
            "It is in a calibration round that is still open. Its score and answers are shown to you once "
            "the round is closed."
        )
        navigation.link("calibration", "Go to the round", icon=":material/balance:")
    return True


def dispute_box(principal: Principal, stored: StoredCall) -> None:
    """What people can do about this call, and what they did."""
    flash.show()
    _acknowledged(principal, stored)
    _acts(stored.row.call_id)
    _disputes(principal, stored)


def _acknowledged(principal: Principal, stored: StoredCall) -> None:
    rows = acknowledgements_of(state.store(), principal, stored.row.call_id)
    for row in rows:
        if row.in_force:
            said = f": {look.escape(row.comment)}" if row.comment else ""
            st.caption(f"✓ {look.escape(row.by)} has seen this score, {look.day_and_time(row.at)}{said}")
    if rows and not any(row.in_force for row in rows) and principal.role == "agent":
        st.caption("The score changed since you last saw it.")


@st.fragment
def _acts(call_id: str) -> None:
    principal = identity.current_principal()
    stored = load_call(state.store(), principal, call_id)
    choices = _choices(principal, stored)
    if not choices:
        return
    chosen = st.segmented_control(
        "What to do with this call", choices, label_visibility="collapsed", key="act"
    )
    if chosen is None:
        return
    with st.container(border=True):
        if chosen == ACKNOWLEDGE:
            _acknowledge(principal, stored)
        elif chosen == DISPUTE:
            dispute_form(principal, stored)
        else:
            review_form(principal, stored)


def _choices(principal: Principal, stored: StoredCall) -> list[str]:
    choices = []
    own = principal.role == "agent" and principal.agent == stored.row.agent
    if own and not _seen(principal, stored):
        choices.append(ACKNOWLEDGE)
    if principal.role in OPENERS:
        choices.append(DISPUTE)
    if principal.role in REVIEWERS:
        choices.append(REVIEW)
    return choices


def _seen(principal: Principal, stored: StoredCall) -> bool:
    rows = acknowledgements_of(state.store(), principal, stored.row.call_id)
    return any(row.in_force and row.by == principal.name for row in rows)


def _acknowledge(principal: Principal, stored: StoredCall) -> None:
    st.caption("It says that you have seen this score, not that you agree; you can still dispute it.")
    comment = st.text_input("A remark, if you like", key="acknowledge-comment")
    if st.button("I have seen it", type="primary", icon=":material/check:", key="acknowledge"):
        try:
            acknowledge(state.store(), principal, stored.row.call_id, comment=comment or "")
        except QaError as err:
            st.error(look.escape(str(err)))
            return
        flash.done("Thank you. It is noted that you have seen this score.")


def _disputes(principal: Principal, stored: StoredCall) -> None:
    rows = list_disputes(state.store(), principal, call_id=stored.row.call_id)
    for row in rows:
        label = f"{SIGNS[row.state]} Dispute by {look.escape(row.opened_by)}, {STATES[row.state]}"
        with st.expander(label, icon=":material/gavel:", expanded=row.state == "open"):
            dispute_view(principal, row, with_call=False)
