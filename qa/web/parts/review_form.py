"""Answering a question beside the program, in place."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.review.deciding import Decision, confirm_answers, review_answer
from qa.store import StoredCall
from qa.store.reviews import AnswerBeside, answers_beside
from qa.values import Principal
from qa.web import look, state
from qa.web.parts import flash
from qa.web.parts.judge import judge
from qa.web.parts.subjects import question_of

ANSWERS: dict[Decision, str] = {"met": "✓ met", "missed": "✕ missed", "not_applicable": "– did not apply"}


def review_form(principal: Principal, stored: StoredCall) -> None:
    """Choose a question, answer it, say why."""
    call_id = stored.row.call_id
    rows = {row.criterion: row for row in answers_beside(state.store(), principal, call_id)}
    form = state.form_named(stored.evaluation.form)
    st.caption("Your answer stands beside the program's and counts from now on. Nothing is overwritten.")
    left, right = st.columns([3, 2])
    chosen = left.selectbox(
        "Which question?",
        list(rows),
        index=None,
        format_func=lambda name: f"{look.SIGNS[rows[name].in_force]} {question_of(form, name)}",
        placeholder="choose a question of the form",
        key="review-question",
    )
    n = sum(row.agree is None and row.program in ("met", "missed", "not_applicable") for row in rows.values())
    if right.button(f"Agree with the other {look.count(n, 'answer')}", key="review-agree", disabled=not n):
        confirm_answers(state.store(), principal, judge(), call_id)
        flash.done("You agreed with every answer that nobody had looked at.")
    if chosen is not None:
        answer_form(principal, call_id, rows[chosen], key="review")


def answer_form(principal: Principal, call_id: str, row: AnswerBeside, *, key: str) -> None:
    """The program's answer, those of people, and the form for one's own."""
    said = f"The program: {look.SIGNS[row.program]} {look.MEANINGS[row.program]}. {row.program_reason}"
    st.markdown(look.escape(said))
    for person in row.people:
        sign = f"{look.SIGNS[person.outcome]} {look.MEANINGS[person.outcome]}"
        st.markdown(f"{look.escape(person.by)}: {sign}. {look.escape(person.reason)}")
    with st.form(f"{key}-{row.criterion}", border=False):
        outcome = st.radio(
            "Your answer", list(ANSWERS), format_func=ANSWERS.__getitem__, index=None, horizontal=True
        )
        reason = st.text_input("Why?")
        wanted = st.form_submit_button("Keep my answer", type="primary")
    if not wanted:
        return
    if outcome is None:
        st.error("Choose an answer first.")
        return
    try:
        made = review_answer(
            state.store(),
            principal,
            judge(),
            call_id,
            criterion=row.criterion,
            outcome=outcome,
            reason=reason or "",
        )
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    after = made.after
    flash.done(f"Your answer counts. The score is {look.score(after.score, after.low, after.high)}.")
