"""Promises: what was promised to customers, by when, and what became of it; overdue ones first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import streamlit as st

from qa.errors import QaError
from qa.review.ledger import refresh_ledger
from qa.store.promises import PromiseRow, Status, list_promises, mark_promise, marks_of, promise_groups
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash

OVERDUE, OPEN, KEPT, BROKEN, UNKNOWN = "Overdue", "Still to do", "Kept", "Broken", "Not known"
SIGNS: dict[Status, str] = {"open": "…", "kept": "✓", "broken": "✕", "unknown": "?"}
GROUPS: dict[str, Literal["overdue"] | Status] = {
    OVERDUE: "overdue",
    OPEN: "open",
    KEPT: "kept",
    BROKEN: "broken",
    UNKNOWN: "unknown",
}
AT_MOST = 20
END_OF_DAY = (23, 59)


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    title, act = st.columns([4, 1], vertical_alignment="center")
    title.title("Your promises" if principal.role == "agent" else "Promises", anchor=False)
    if principal.role in navigation.LEADS:
        _refresh(principal, act)
    flash.show()
    counts = promise_groups(state.store(), principal)
    groups = {name: counts.get(group, 0) for name, group in GROUPS.items()}
    n = sum(counts.values())
    title.caption(
        f"{look.count(n, 'promise')} found in calls, "
        f"{look.grouped(groups[OVERDUE])} overdue, {look.grouped(groups[OPEN])} still to do"
        if n
        else "What was promised in calls, and what later calls and people say became of it"
    )
    if not n:
        _none(principal)
        return
    begin = next((name for name in (OVERDUE, OPEN, UNKNOWN, BROKEN, KEPT) if groups[name]), OPEN)
    chosen = st.segmented_control(
        "Which promises",
        list(groups),
        default=begin,
        format_func=lambda name: f"{name} {look.grouped(groups[name])}",
        label_visibility="collapsed",
        required=True,
        key="promise-group",
    )
    name = chosen or begin
    shown = _shown(principal, name)
    if not shown:
        with st.container(border=True):
            st.markdown("✓ None of these.")
    for row in shown:
        _row(principal, row)
    if groups[name] > len(shown):
        st.caption(f"The first {len(shown)} of {look.grouped(groups[name])} are shown.")


def _shown(principal: Principal, name: str) -> tuple[PromiseRow, ...]:
    group = GROUPS[name]
    status: Status = "open" if group == "overdue" else group
    overdue = {OVERDUE: True, OPEN: False}.get(name)
    return list_promises(state.store(), principal, status=status, overdue=overdue, limit=AT_MOST)


def _refresh(principal: Principal, place: st.delta_generator.DeltaGenerator) -> None:
    says = "Look in all calls anew; what people marked stays as they marked it."
    if place.button("Look anew", icon=":material/refresh:", help=says, width="stretch"):
        with st.spinner("Looking through the calls"):
            n = refresh_ledger(state.store(), principal, state.settings())
        flash.done(f"{look.count(n, 'promise')} found.")


def _none(principal: Principal) -> None:
    with st.container(border=True):
        st.subheader("No promises yet", anchor=False)
        if principal.role in navigation.LEADS:
            st.markdown("**Look anew** goes through all calls and lists what was promised in them.")
        else:
            st.markdown(
                "When you promise a customer something, such as to call back by Friday, it is listed here "
                "with its day, so that it is not forgotten."
                if principal.role == "agent"
                else "What was promised in calls is listed here once a lead had the calls looked through."
            )


def _row(principal: Principal, row: PromiseRow) -> None:
    with st.container(border=True):
        what, act = st.columns([5, 2], vertical_alignment="center", gap="small")
        with what, st.container(gap=None):
            st.markdown(f"{SIGNS[row.status]} **{look.escape(row.what)}**")
            who = "the customer" if row.who == "customer" else (row.agent or "agent not known")
            facts = [who, f"customer {row.customer}" if row.customer else None, row.amount]
            st.caption(look.escape("  ·  ".join(fact for fact in facts if fact)))
            st.markdown(f":small[{_due(row)}]")
            st.caption(look.escape(row.because))
            with st.container(horizontal=True, gap="medium"):
                navigation.link(
                    "call",
                    f"Hear it at {look.clock(row.start_s)}",
                    icon=":material/play_arrow:",
                    id=row.call_id,
                    t=row.start_s,
                )
                if row.decided_by_call and row.decided_by_call != row.call_id:
                    navigation.link(
                        "call", "The call that shows it", icon=":material/graphic_eq:", id=row.decided_by_call
                    )
        with act, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            _marks(principal, row)


def _due(row: PromiseRow) -> str:
    if row.due_at is None:
        return (
            f":gray[by “{look.escape(row.by)}”, no day understood]" if row.by else ":gray[no day was named]"
        )
    due = row.due_at if row.due_at.tzinfo else row.due_at.replace(tzinfo=UTC)
    # In the call's own zone: "by Friday" means the Friday of those who spoke.
    when = f"{due.day} {due:%b %Y}" + ("" if (due.hour, due.minute) == END_OF_DAY else f", {due:%H:%M}")
    said = f" (“{look.escape(row.by)}”)" if row.by else ""
    if not row.overdue:
        return f":gray[by {when}{said}]"
    days = max(0, (datetime.now(UTC) - due).days)
    ago = f"{look.count(days, 'day')} ago" if days else "today"
    return f":red[✕ overdue: it was due {when}{said}, {ago}]"


def _marks(principal: Principal, row: PromiseRow) -> None:
    """Kept or broken by a click; what people said before is one click away."""
    for status, label, icon in (("kept", "Kept", "check"), ("broken", "Broken", "close")):
        if row.status != status and st.button(
            label, icon=f":material/{icon}:", key=f"{status}-{row.promise_id}"
        ):
            _mark(principal, row, status)  # type: ignore[arg-type]
    more = st.popover("More", key=f"more-{row.promise_id}", on_change="rerun")
    if not more.open:
        return
    with more:
        for mark in marks_of(state.store(), principal, row.promise_id):
            note = f": {look.escape(mark.note)}" if mark.note else ""
            when = look.day_and_time(mark.at)
            st.markdown(f"{SIGNS[mark.status]} {look.escape(mark.by)}, {when}{note}")
        with st.form(f"note-{row.promise_id}", border=False):
            chosen = st.radio("What became of it?", list(SIGNS), horizontal=True, index=None)
            said = st.text_input("How is that known?")
            if st.form_submit_button("Keep") and chosen is not None:
                _mark(principal, row, chosen, said or "")


def _mark(principal: Principal, row: PromiseRow, status: Status, note: str = "") -> None:
    try:
        mark_promise(state.store(), principal, row.promise_id, status=status, note=note)
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    flash.done(f"Marked as {status}.")
