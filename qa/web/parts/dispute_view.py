"""One dispute: what it is about, its course, and, for those who may, its decision."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from qa.errors import NotAllowed, QaError
from qa.review.claims import change_of
from qa.review.course import DECIDERS, comment, withdraw_dispute
from qa.review.deciding import Decided, load_case, preview
from qa.review.disputing import decide_dispute
from qa.store import evaluations_of, load_call
from qa.store.colleagues import own_login
from qa.store.disputes import DisputeRow, State, dispute_events, finding_named
from qa.values import Finding, Principal
from qa.web import look, navigation, state
from qa.web.parts import flash, hearing
from qa.web.parts.decided import decided_view
from qa.web.parts.dispute_desk import given_to, may_decide
from qa.web.parts.judge import judge
from qa.web.parts.subjects import (
    EVENTS,
    GROUNDS,
    SIGNS,
    STATES,
    due_says,
    finding_says,
    question_of,
    turn_says,
)

DECISIONS: dict[State, str] = {
    "upheld": "✓ Uphold: the dispute is right",
    "partly_upheld": "◐ Uphold in part: some of the points",
    "rejected": "✕ Reject: the score stays",
}


def disputed_finding(row: DisputeRow) -> Finding | None:
    """The finding that a dispute is about; None where it is about an answer."""
    if row.finding is None:
        return None
    with state.store().reading() as connection:
        return finding_named(connection, row.finding, row.call_id)


def about_says(row: DisputeRow, form_id: str | None = None) -> str:
    """What a dispute is about, in one line."""
    if row.criterion is not None:
        form = state.form_named(form_id) if form_id else state.default_form()
        return question_of(form, row.criterion)
    found = disputed_finding(row)
    return "a finding" if found is None else finding_says(found)


def dispute_view(principal: Principal, row: DisputeRow, *, with_call: bool) -> None:
    """Draw all of it."""
    stored = load_call(state.store(), principal, row.call_id)
    found = disputed_finding(row)
    st.markdown(f"**{look.escape(about_says(row, stored.evaluation.form))}**")
    colour = "red" if row.overdue(datetime.now(UTC)) else "gray"
    st.markdown(f"{SIGNS[row.state]} {STATES[row.state]}  :{colour}[{look.escape(due_says(row))}]")
    st.markdown(f"{GROUNDS[row.ground]}: {look.escape(row.text)}")
    for one in row.corrections:
        was = look.escape(turn_says(stored.call, one.turn))
        now = f"“{one.text}”" if one.text is not None else f"said by the {one.speaker}"
        st.markdown(f"- {was} → **{look.escape(now)}**")
    if row.at_turn is not None and row.at_turn < len(stored.call.turns):
        st.markdown(f"- here: {look.escape(turn_says(stored.call, row.at_turn))}")
    _evidence(principal, row, found, key=row.dispute)
    if with_call:
        navigation.link("call", "Open the whole call", icon=":material/graphic_eq:", id=row.call_id)
    if row.result_evaluation_id is not None:
        _outcome(principal, row)
    _course(principal, row)
    if row.state == "open":
        _acts(principal, row, found)


def _evidence(principal: Principal, row: DisputeRow, found: Finding | None, *, key: str) -> None:
    stored = load_call(state.store(), principal, row.call_id)
    spans = [(found.start, found.end, "")] if found is not None else []
    if row.criterion is not None:
        answer = next((a for a in stored.evaluation.answers if a.criterion == row.criterion), None)
        if answer is not None:
            st.caption(f"{look.SIGNS[answer.outcome]} now: {look.escape(answer.reason)}")
            spans += [(f.start, f.end, "") for f in answer.evidence]
            spans += [(f.start, f.end, "the chance") for f in answer.opportunity]
    turns = [n for n in (row.at_turn, *(c.turn for c in row.corrections)) if n is not None]
    for n in turns:
        if n < len(stored.call.turns):
            spans.append((stored.call.turns[n].start, stored.call.turns[n].end, "here"))
    if spans:
        sound = hearing.has_sound(principal, row.call_id)
        shown = [hearing.Moment(start, end, label) for start, end, label in spans[:6]]
        hearing.moments(row.call_id, shown, key=f"dispute-{key}", sound=sound)


def _outcome(principal: Principal, row: DisputeRow) -> None:
    history = {one.evaluation_id: one for one in evaluations_of(state.store(), principal, row.call_id)}
    before, after = history.get(row.evaluation_id), history.get(row.result_evaluation_id or 0)
    if before is not None and after is not None:
        was = look.score(before.score, before.low, before.high)
        now = look.score(after.score, after.low, after.high)
        st.markdown(f"→ The score went from {was} to **{now}**.")


def _course(principal: Principal, row: DisputeRow) -> None:
    events = dispute_events(state.store(), principal, row.dispute)
    with st.expander(f"Its course ({look.count(len(events), 'step')})", expanded=row.state != "open"):
        for event in events:
            said = f": {look.escape(event.text)}" if event.text and event.event != "opened" else ""
            what = EVENTS.get(event.event, event.event)
            st.markdown(f"{look.day_and_time(event.at)}  {look.escape(event.by)} · **{what}**{said}")
        if row.earlier:
            navigation.link("disputes", "The dispute before it", id=row.earlier)


def _acts(principal: Principal, row: DisputeRow, found: Finding | None) -> None:
    if principal.role in DECIDERS:
        people = may_decide(principal, row)
        me = own_login(state.store(), principal)
        given_to(principal, row, people, me=me)
        if me in people:
            _decide(principal, row, found)
            return
        st.info("You had a part in this before, so somebody else decides it.", icon=":material/balance:")
    _remark(principal, row)
    if row.opened_by == principal.name:
        _withdraw(principal, row)


def _decide(principal: Principal, row: DisputeRow, found: Finding | None) -> None:
    st.markdown("**Your decision**")
    chosen = st.radio(
        "Your decision",
        list(DECISIONS),
        format_func=DECISIONS.__getitem__,
        index=None,
        key=f"decision-{row.dispute}",
        label_visibility="collapsed",
    )
    if chosen is None:
        return
    share = None
    if chosen == "partly_upheld":
        percent = st.slider("Share of the points, %", 10, 90, 50, 10, key=f"share-{row.dispute}")
        share = percent / 100
    try:
        foreseen = _foreseen(principal, row, found, state_=chosen, share=share)
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    with st.container(border=True):
        decided_view(foreseen, would=True)
    text = st.text_area("Why? The agent reads this.", key=f"why-{row.dispute}")
    if st.button("Decide", type="primary", icon=":material/gavel:", key=f"decide-{row.dispute}"):
        try:
            _, decided = decide_dispute(
                state.store(), principal, judge(), row.dispute, state=chosen, text=text or "", share=share
            )
        except QaError as err:
            st.error(look.escape(str(err)))
            return
        after = decided.after
        flash.done(f"Decided. The score is {look.score(after.score, after.low, after.high)}.")


def _foreseen(
    principal: Principal, row: DisputeRow, found: Finding | None, *, state_: State, share: float | None
) -> Decided:
    case = load_case(state.store(), principal, row.call_id)
    if state_ == "rejected":
        return Decided(row.call_id, case.stored.evaluation, case.stored.evaluation, ())
    change = change_of(
        case, row, found, state=state_, share=share, criterion=None, by=principal.name, text=""
    )
    return preview(case, change, judge())


def _remark(principal: Principal, row: DisputeRow) -> None:
    with st.form(f"remark-{row.dispute}", border=False, clear_on_submit=True):
        text = st.text_input("Add a remark", key=f"remark-text-{row.dispute}")
        if st.form_submit_button("Add it") and text and text.strip():
            comment(state.store(), principal, row.dispute, text)
            flash.done("Your remark was added.")


def _withdraw(principal: Principal, row: DisputeRow) -> None:
    if st.button("Take the dispute back", icon=":material/undo:", key=f"withdraw-{row.dispute}"):
        try:
            withdraw_dispute(state.store(), principal, row.dispute)
        except NotAllowed as err:
            st.error(look.escape(str(err)))
            return
        flash.done("Your dispute was taken back.")
