"""The choices that somebody saved on the page of calls: taken up again by a click, named, made the default, deleted.

Conventions: a choice is the page's own query parameters, so that a saved one and a shared link are the same thing.
The default is taken up when the page is opened without any parameter, once in a visit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import streamlit as st

from qa.errors import QaError
from qa.store.saved_filters import SavedFilterRow, delete_filter, keep_filter, make_default, saved_filters
from qa.values import Principal
from qa.web import identity, look, state
from qa.web.parts import flash

KEYS = (
    "q",
    "customer",
    "agent",
    "team",
    "queue",
    "form",
    "period",
    "days",
    "only",
    "score",
    "behaviour",
    "question",
    "answer",
    "order",
)
"""What a choice consists of: the keys of the page's filters, and of its query parameters."""
_ONCE = "calls_default_taken"


def take_default(principal: Principal) -> None:
    """Begin with the default where nothing was asked for; to be called before the filters are drawn."""
    if st.session_state.get(_ONCE):
        return
    st.session_state[_ONCE] = True
    if any(key in st.query_params or key in st.session_state for key in KEYS):
        return
    for row in saved_filters(state.store(), principal):
        if row.is_default:
            _take(dict(row.choice))


def saved_choices(principal: Principal) -> None:
    """Draw the menu; below the filters, so that what they hold can be saved."""
    rows = saved_filters(state.store(), principal)
    begins = next((f": {row.name}" for row in rows if row.is_default), "")
    with st.popover("Saved", icon=":material/bookmark:", help=f"Saved choices of calls{look.escape(begins)}"):
        for row in rows:
            _row(row)
        if not rows:
            st.caption("Nothing saved yet. Only you see what you save.")
        _new()


def _row(row: SavedFilterRow) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            look.escape(row.name),
            key=f"take-{row.name}",
            on_click=_take,
            args=(dict(row.choice),),
            width="stretch",
        )
        begins = "Begin with it no more" if row.is_default else "Begin with it each time"
        icon = ":material/star:" if row.is_default else ":material/star_border:"
        st.button(
            "",
            icon=icon,
            key=f"default-{row.name}",
            help=begins,
            on_click=_begin_with,
            args=(None if row.is_default else row.name,),
        )
        st.button(
            "",
            icon=":material/delete:",
            key=f"forget-{row.name}",
            help="Delete it",
            on_click=_forget,
            args=(row.name,),
        )


def _new() -> None:
    with st.form("save-choice", border=False, clear_on_submit=True):
        name = st.text_input(
            "Save this choice as", placeholder="such as Refunds, missed recaps", key="save-name"
        )
        pressed = st.form_submit_button("Save", icon=":material/bookmark_add:")
    if not pressed:
        return
    principal = identity.current_principal()
    try:
        keep_filter(state.store(), principal, name=name or "", choice=_now())
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    flash.done(f"Saved as {look.escape(' '.join((name or '').split()))}.")


def _now() -> dict[str, str]:
    """What is chosen at this moment, as text."""
    chosen = {}
    for key in KEYS:
        value = st.session_state.get(key)
        if isinstance(value, tuple | list):
            chosen[key] = ";".join(str(one) for one in value)
        elif value not in (None, ""):
            chosen[key] = str(value)
    return chosen


def _take(choice: Mapping[str, str]) -> None:
    """Put a choice into the filters; runs before they are drawn."""
    for key in KEYS:
        kept = choice.get(key)
        if kept is None:
            st.session_state.pop(key, None)
            st.query_params.pop(key, None)
            continue
        try:
            st.session_state[key] = _value(key, kept)
        except ValueError:
            st.session_state.pop(key, None)


def _value(key: str, kept: str) -> object:
    if key == "days":
        return tuple(date.fromisoformat(one) for one in kept.split(";"))
    if key == "score":
        low, high = kept.split(";")
        return (int(low), int(high))
    return kept


def _begin_with(name: str | None) -> None:
    make_default(state.store(), identity.current_principal(), name)


def _forget(name: str) -> None:
    delete_filter(state.store(), identity.current_principal(), name)
