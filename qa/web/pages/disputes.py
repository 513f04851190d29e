"""Disputes: those that wait, the one due soonest first, and how the others ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from qa.review.course import DECIDERS
from qa.store.disputes import DisputeRow, list_disputes, load_dispute
from qa.store.overview import matters
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash
from qa.web.parts.call_list import NO_MATTER, shortened
from qa.web.parts.dispute_view import about_says, dispute_view
from qa.web.parts.subjects import GROUNDS, SIGNS, STATES, due_says

MINE, WAITING, DECIDED, WITHDRAWN = "Given to you", "Waiting", "Decided", "Taken back"
AT_MOST = 100


def page() -> None:
    """Draw one dispute, or all of them."""
    principal = identity.current_principal()
    asked = st.query_params.get("id")
    if asked:
        _one(principal, asked)
        return
    rows = list_disputes(state.store(), principal)
    st.title("Your disputes" if principal.role == "agent" else "Disputes", anchor=False)
    flash.show()
    late = sum(row.overdue(datetime.now(UTC)) for row in rows)
    waiting = [row for row in rows if row.state == "open"]
    mine = [row for row in waiting if principal.role in DECIDERS and row.assigned_to == principal.name]
    said = f"{look.count(len(waiting), 'dispute')} waiting"
    st.caption(said + (f", ✕ {late} past the time in which it should be decided" if late else ""))
    if not rows:
        _none(principal)
        return
    groups = {
        **({MINE: mine} if mine else {}),
        WAITING: waiting,
        DECIDED: [row for row in rows if row.state in ("upheld", "partly_upheld", "rejected")],
        WITHDRAWN: [row for row in rows if row.state == "withdrawn"],
    }
    chosen = st.segmented_control(
        "Which disputes",
        list(groups),
        default=MINE if mine else WAITING if waiting else DECIDED,
        format_func=lambda name: f"{name} {len(groups[name])}",
        label_visibility="collapsed",
        required=True,
        key="dispute-state",
    )
    _rows(principal, groups[chosen or WAITING])


def _none(principal: Principal) -> None:
    with st.container(border=True):
        st.subheader("No disputes", anchor=False)
        if principal.role == "agent":
            st.markdown(
                "Where you think that an answer or a finding is wrong, open the call and choose **Dispute**. "
                "You see what it would change before you send it, and somebody who had no part in it decides."
            )
            navigation.link("calls", "Your calls", icon=":material/call:")
        else:
            st.markdown(
                "When an agent objects to an answer or a finding, it shows up here with its deadline."
            )


def _rows(principal: Principal, rows: Sequence[DisputeRow]) -> None:
    if not rows:
        with st.container(border=True):
            st.markdown("✓ None of these.")
        return
    about = matters(state.store(), principal, [row.call_id for row in rows[:AT_MOST]])
    for row in rows[:AT_MOST]:
        with st.container(border=True, gap=None):
            label = look.escape(shortened(about_says(row), 110))
            navigation.link("disputes", f"**{SIGNS[row.state]} {label}**", id=row.dispute)
            matter = shortened(about.get(row.call_id) or NO_MATTER, 60)
            facts = [row.agent or "agent not known", f"“{matter}”", GROUNDS[row.ground]]
            st.caption(look.escape("  ·  ".join(facts)))
            st.markdown(f":small[{_ending(row)}]")
    if len(rows) > AT_MOST:
        st.caption(f"The first {AT_MOST} of {len(rows)} are shown.")


def _ending(row: DisputeRow) -> str:
    if row.state == "open":
        to = f", given to {look.escape(row.assigned_to)}" if row.assigned_to else ", given to nobody yet"
        due = look.escape(due_says(row))
        colour = "red" if row.overdue(datetime.now(UTC)) else "gray"
        return f"opened {look.day(row.opened_at)} by {look.escape(row.opened_by)}{to}  ·  :{colour}[{due}]"
    when = look.day(row.decided_at) if row.decided_at else ""
    by = f" by {look.escape(row.decided_by)}" if row.decided_by else ""
    return f"{STATES[row.state]}{by}, {when}"


def _one(principal: Principal, asked: str) -> None:
    row = load_dispute(state.store(), principal, asked)
    navigation.link("disputes", "Disputes", icon=":material/arrow_back:")
    st.title("Dispute", anchor=False)
    flash.show()
    matter = matters(state.store(), principal, [row.call_id]).get(row.call_id)
    facts = [row.agent or "agent not known", shortened(matter, 80) if matter else NO_MATTER]
    facts.append(f"opened {look.day(row.opened_at)} by {row.opened_by}")
    st.caption(look.escape("  ·  ".join(facts)))
    with st.container(border=True, width=860):
        dispute_view(principal, row, with_call=True)
