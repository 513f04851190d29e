"""Rating one call of a round without seeing what the program or anybody else said."""

from __future__ import annotations

import streamlit as st

from qa.errors import InputError
from qa.review.rounds import RATED, questions, rate_call
from qa.scoring import Form
from qa.scoring.form import Manual
from qa.store import StoredCall
from qa.store.calibrations import RatingRow, RoundRow, ratings_of
from qa.store.calls import load_machine_call
from qa.values import Outcome, Principal, Turn
from qa.web import look, state
from qa.web.parts import flash, hearing
from qa.web.parts.player import player

PANE_PX = 640
"""Words and answers side by side, each scrolling by itself."""
SAYS = {"met": "✓ met", "missed": "✕ missed", "not_applicable": "– n/a"}


def blind_rating(principal: Principal, row: RoundRow) -> None:
    """The first call that is not rated yet, or another one that was chosen."""
    given = ratings_of(state.store(), principal, row.round)
    rated = {one.call_id for one in given}
    left = [call for call in row.calls if call not in rated]
    st.progress(
        len(rated) / len(row.calls), text=f"{len(rated)} of {look.count(len(row.calls), 'call')} rated"
    )
    if not left:
        with st.container(border=True):
            st.subheader("✓ You have rated every call", anchor=False)
            st.markdown(
                "The comparison is shown once the round is closed. Until then you can change an answer."
            )

    def says(call_id: str) -> str:
        return f"{'✓' if call_id in rated else '…'} Call {row.calls.index(call_id) + 1}"

    chosen = st.segmented_control(
        "Which call",
        list(row.calls),
        default=left[0] if left else row.calls[0],
        format_func=says,
        label_visibility="collapsed",
        required=True,
        key=f"rate-{row.round}-{len(rated)}",
    )
    call_id = chosen or row.calls[0]
    stored = load_machine_call(state.store(), principal, call_id)
    form = questions(state.store(), principal, row)
    said, answers = st.columns([1, 1], gap="medium")
    with said:
        _transcript(stored)
    with answers:
        _answers(principal, row, call_id, form, {g.criterion: g for g in given if g.call_id == call_id})
    if hearing.has_sound(principal, call_id):
        player(call_id)


def _transcript(stored: StoredCall) -> None:
    st.markdown("**What was said**")
    with st.container(height=PANE_PX, border=True):
        for turn in stored.call.turns:
            st.markdown(_said(turn, stored.call.agent))


def _said(turn: Turn, agent: str | None) -> str:
    name = (agent or "Agent").split()[0] if turn.speaker == "agent" else "Customer"
    colour = "blue" if turn.speaker == "agent" else "orange"
    at = look.clock(turn.start)
    return f":gray[{at}] :{colour}[**{look.escape(name)}**] {look.escape(turn.text)}"


def _answers(
    principal: Principal, row: RoundRow, call_id: str, form: Form, given: dict[str, RatingRow]
) -> None:
    st.markdown("**Your answers**")
    st.caption("Listen first. What you leave empty is not counted.")
    place = st.container(height=PANE_PX, border=True)
    with place, st.form(f"rating-{row.round}-{call_id}", border=False):
        chosen: dict[str, Outcome | None] = {}
        notes: dict[str, str] = {}
        for section in form.sections:
            st.markdown(f"**{look.escape(section.title)}**")
            for criterion in section.criteria:
                before = given.get(criterion.id)
                guidance = criterion.guidance if isinstance(criterion, Manual) else None
                chosen[criterion.id] = st.segmented_control(
                    look.escape(criterion.question),
                    list(RATED),
                    default=before.outcome if before else None,
                    format_func=SAYS.__getitem__,
                    help=guidance,
                    key=f"rate-{row.round}-{call_id}-{criterion.id}",
                )
        note = st.text_input("A note for the talk afterwards", key=f"note-{row.round}-{call_id}")
        wanted = st.form_submit_button("Keep these answers", type="primary")
    if not wanted:
        return
    answers = {name: (outcome, None) for name, outcome in chosen.items() if outcome is not None}
    if not answers:
        st.error("Answer at least one question.")
        return
    if note:
        notes = dict.fromkeys(answers, note)
    try:
        rate_call(state.store(), principal, row.round, call_id, answers, notes=notes)
    except InputError as err:
        st.error(look.escape(str(err)))
        return
    flash.done("Your answers are kept.")
