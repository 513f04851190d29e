"""Reviewing one sampled call: question by question, accept or reject by a key, what was heard one click away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from qa.errors import InputError, NotAllowed, QaError
from qa.review.deciding import Decision, confirm_answers, review_answer
from qa.store import StoredCall, load_call
from qa.store.overview import matters
from qa.store.reviews import AnswerBeside, answers_beside
from qa.store.samples import State, end_sample, list_samples
from qa.values import Outcome, Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash, hearing
from qa.web.parts.call_list import NO_MATTER, shortened
from qa.web.parts.dispute_box import rated_blind
from qa.web.parts.judge import judge
from qa.web.parts.player import player
from qa.web.parts.review_form import answer_form
from qa.web.parts.subjects import question_of

JUDGED: tuple[Outcome, ...] = ("met", "missed", "not_applicable")
TO_JUDGE: tuple[Outcome, ...] = ("met", "missed", "uncertain")
"""What did not apply or could not be measured is listed below, and not put before everybody."""
LIST_PX = 420
ACCEPTED = "Listened to; agreed."

_keys = st.components.v2.component(
    "qa.review_keys",
    html="<span hidden></span>",
    js=(Path(__file__).parent / "review_keys.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)
"""Streamlit's own shortcuts can't take the letter r."""


def review_desk(principal: Principal, round_name: str, call_id: str) -> None:
    """Draw the desk."""
    rows = list_samples(state.store(), principal, round_name=round_name)
    sample = next((row for row in rows if row.call_id == call_id), None)
    if sample is None:
        raise NotAllowed(f"sampled call {call_id}: there is none of that name, or it is not yours to see")
    navigation.link("review_queue", "Review queue", icon=":material/arrow_back:")
    if rated_blind(principal, call_id):
        return
    stored = load_call(state.store(), principal, call_id)
    matter = matters(state.store(), principal, [call_id]).get(call_id)
    st.title(look.escape(shortened(matter)) if matter else NO_MATTER, anchor=False)
    place = [row.call_id for row in rows].index(call_id) + 1
    facts = [stored.row.agent or "agent not known", look.day_and_time(stored.row.started_at)]
    facts += [look.clock(stored.row.duration_s), f"call {place} of {len(rows)} in {round_name}"]
    st.caption(look.escape("  ·  ".join(facts)))
    flash.show()
    _desk(round_name, call_id)
    navigation.link("call", "Open the whole call", icon=":material/graphic_eq:", id=call_id)
    if hearing.has_sound(principal, call_id):
        player(call_id)


@st.fragment
def _desk(round_name: str, call_id: str) -> None:
    principal = identity.current_principal()
    stored = load_call(state.store(), principal, call_id)
    beside = answers_beside(state.store(), principal, call_id)
    skipped: set[str] = st.session_state.setdefault(f"skipped-{call_id}", set())
    open_rows = [r for r in beside if not r.people and r.program in TO_JUDGE]
    # What costs points or is unsure comes first: there a person's ear changes most.
    open_rows.sort(key=lambda r: r.program == "met")
    todo = [r for r in open_rows if r.criterion not in skipped] or open_rows
    n = sum(r.program in TO_JUDGE for r in beside)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if todo:
            _question(principal, stored, todo[0], n_done=n - len(open_rows), n=n)
        else:
            _all_done()
    with right, st.container(border=True):
        _list(stored, beside)
    _ending(principal, round_name, call_id, open_rows)


def _question(principal: Principal, stored: StoredCall, row: AnswerBeside, *, n_done: int, n: int) -> None:
    form = state.form_named(stored.evaluation.form)
    call_id = stored.row.call_id
    with st.container(border=True):
        st.progress(n_done / n if n else 1.0, text=f"question {n_done + 1} of {n}")
        st.subheader(look.escape(question_of(form, row.criterion)), anchor=False)
        st.markdown(f"The program says **{look.SIGNS[row.program]} {look.MEANINGS[row.program]}**")
        st.caption(look.escape(row.program_reason))
        _evidence(principal, stored, row)
        rejecting = f"rejecting-{call_id}-{row.criterion}"
        with st.container(horizontal=True, gap="small"):
            unsure = row.program not in JUDGED
            if st.button(
                "Accept `a`", icon=":material/check:", type="primary", key="accept", disabled=unsure
            ):
                _accept(principal, call_id, row)
            if st.button("Reject `r`", icon=":material/close:", key="reject"):
                st.session_state[rejecting] = True
            if st.button("Later `l`", icon=":material/redo:", key="later"):
                st.session_state[f"skipped-{call_id}"].add(row.criterion)
                st.rerun()
        _keys(key="review-keys", height="content")
        if unsure or st.session_state.get(rejecting):
            answer_form(principal, call_id, row, key="desk")


def _evidence(principal: Principal, stored: StoredCall, row: AnswerBeside) -> None:
    answer = next((a for a in stored.evaluation.answers if a.criterion == row.criterion), None)
    if answer is None:
        return
    shown = [(f, "") for f in answer.evidence] + [(f, "the chance") for f in answer.opportunity]
    for finding, label in shown[:4]:
        if finding.quote:
            before = f"{label}: " if label else ""
            st.markdown(f"> {before}{look.escape(finding.quote)}")
    if shown:
        moments = [hearing.Moment(f.start, f.end, label) for f, label in shown[:4]]
        sound = hearing.has_sound(principal, stored.row.call_id)
        hearing.moments(stored.row.call_id, moments, key=f"desk-{row.criterion}", sound=sound)


def _accept(principal: Principal, call_id: str, row: AnswerBeside) -> None:
    outcome: Decision = "met" if row.program == "met" else "missed"
    share = None
    if row.max_points and row.program in ("met", "missed"):
        share = min(1.0, max(0.0, row.program_points / row.max_points))
    try:
        review_answer(
            state.store(),
            principal,
            judge(),
            call_id,
            criterion=row.criterion,
            outcome=outcome,
            reason=ACCEPTED,
            share=share,
        )
    except InputError as err:
        st.error(look.escape(str(err)))
        return
    st.rerun()


def _all_done() -> None:
    with st.container(border=True):
        st.subheader("✓ Every answer was looked at", anchor=False)
        st.markdown("Finish the call below; the next one follows.")


def _list(stored: StoredCall, beside: Sequence[AnswerBeside]) -> None:
    form = state.form_named(stored.evaluation.form)
    evaluation = stored.evaluation
    st.metric("Score", look.score(evaluation.score, evaluation.low, evaluation.high))
    st.markdown("**The program, then people**")
    lines = []
    for row in beside:
        if row.program not in TO_JUDGE and not row.people:
            continue
        person = f" → {look.SIGNS[row.in_force]}" if row.people else ""
        differs = "  :blue[differs]" if row.agree is False else ""
        question = look.escape(question_of(form, row.criterion))
        lines.append(f":small[{look.SIGNS[row.program]}{person}  {question}{differs}]")
    with st.container(height=LIST_PX, border=False):
        st.markdown("  \n".join(lines))
    rest = [row for row in beside if row.program not in TO_JUDGE and not row.people]
    if rest:
        with st.expander(f"– {len(rest)} did not apply or could not be measured"):
            for row in rest:
                question = look.escape(question_of(form, row.criterion))
                st.markdown(f":small[{look.SIGNS[row.program]} {question}]")


def _ending(principal: Principal, round_name: str, call_id: str, todo: Sequence[AnswerBeside]) -> None:
    with st.container(horizontal=True, gap="small"):
        agree = f"Agree with the other {len(todo)} and finish" if todo else "Finish this call"
        if st.button(
            agree, icon=":material/done_all:", type="secondary" if todo else "primary", key="finish"
        ):
            _end(principal, round_name, call_id, state_="done")
        if st.button("Leave this call out", icon=":material/skip_next:", key="leave-out"):
            _end(principal, round_name, call_id, state_="skipped")


def _end(principal: Principal, round_name: str, call_id: str, *, state_: State) -> None:
    try:
        if state_ == "done":
            confirm_answers(state.store(), principal, judge(), call_id)
        end_sample(state.store(), principal, round_name, call_id, state=state_)
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    waiting = list_samples(state.store(), principal, round_name=round_name, state="waiting")
    if not waiting:
        navigation.go("review_queue")
    navigation.go("review_queue", round=round_name, call=waiting[0].call_id)
