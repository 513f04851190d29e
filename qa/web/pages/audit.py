"""The audit log: who did what, when, to which thing, and whether the log is whole."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from qa.store.audit import AuditRow, check_chain, list_audit
from qa.web import identity, look, navigation, state

PER_PAGE = 50
ANYTHING = "anything"
OBJECTS = ("call", "dispute", "promise", "sample", "calibration", "account", "form", "settings")


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead")
    st.title("Audit log", anchor=False)
    st.caption("Nothing here can be changed. No words of a call are in it, only who did what to which one.")
    _whole()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = st.selectbox("About", [ANYTHING, *OBJECTS], key="object", bind="query-params", width=170)
        name = st.text_input("Its id", key="about", bind="query-params", width=220)
        actor = st.text_input("Done by", key="actor", bind="query-params", width=200)
    chosen = (kind, name, actor)
    if st.session_state.get("audit_choice") != chosen:
        st.session_state["audit_choice"], st.session_state["audit_first"] = chosen, 0
    first = int(st.session_state["audit_first"])
    rows = list_audit(
        state.store(),
        principal,
        object=None if kind in (None, ANYTHING) else kind,
        object_id=name or None,
        actor=actor or None,
        limit=PER_PAGE + 1,
        offset=first,
    )
    if not rows:
        with st.container(border=True):
            st.subheader("No entry matches", anchor=False)
            st.markdown("Names and ids are matched whole: leave one empty to see more.")
        return
    for row in rows[:PER_PAGE]:
        _row(row)
    _turn_pages(first, more=len(rows) > PER_PAGE)


@st.fragment
def _whole() -> None:
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead")
    if not st.button("Check that the log is whole", icon=":material/verified:"):
        return
    with st.spinner("Walking through the log"):
        right, broken = check_chain(state.store())
    if broken is None:
        st.success(f"The log is whole: {look.count(right, 'entry', 'entries')}, each fits the one before.")
    else:
        st.error(
            f"Entry {broken} was changed behind the program's back. {right} entries before it are right."
        )


def _row(row: AuditRow) -> None:
    with st.container(border=True, gap=None):
        left, right = st.columns([2, 5], vertical_alignment="center", gap="small")
        left.markdown(f"**{look.escape(row.actor)}**")
        left.caption(look.day_and_time(row.at) + (f"  ·  {look.escape(row.ip)}" if row.ip else ""))
        with right:
            if row.object == "call":
                navigation.link("call", f"{row.action}: call {look.escape(row.object_id)}", id=row.object_id)
            elif row.object == "dispute":
                navigation.link(
                    "disputes", f"{row.action}: dispute {look.escape(row.object_id)}", id=row.object_id
                )
            else:
                st.markdown(look.escape(f"{row.action}: {row.object} {row.object_id}"))
            told = _told(row)
            if told:
                st.caption(look.escape(told))


def _told(row: AuditRow) -> str:
    before, after = _said(row.before), _said(row.after)
    if before and after:
        return f"{before} → {after}"
    return after or before


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(one)}" for key, one in value.items() if one is not None)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _turn_pages(first: int, *, more: bool) -> None:
    if not first and not more:
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        newer = st.button("Newer", icon=":material/chevron_left:", disabled=not first)
        older = st.button("Older", icon=":material/chevron_right:", icon_position="right", disabled=not more)
    if newer or older:
        st.session_state["audit_first"] = max(0, first + (PER_PAGE if older else -PER_PAGE))
        st.rerun()
