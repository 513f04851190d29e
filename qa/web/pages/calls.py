"""All calls that one may see: searched in the words, narrowed by what was found, paged in the database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from qa.store import CallFilter, agents, list_calls
from qa.store.rows import Order
from qa.values import Outcome, Principal
from qa.web import identity, look, state
from qa.web.parts import flash
from qa.web.parts.call_list import call_rows
from qa.web.parts.filters import choose
from qa.web.parts.saved_choices import saved_choices, take_default

PER_PAGE = 20
ANYBODY = "every agent"
ANYTHING = "anything"
ORDERS: dict[str, Order] = {
    "newest first": "-started_at",
    "oldest first": "started_at",
    "lowest score first": "score",
    "highest score first": "-score",
    "longest first": "-duration_s",
}
ONLY = ("all", "auto-fail", "under the mark", "no total")
ANSWERS: dict[str, Outcome] = {
    "missed": "missed",
    "met": "met",
    "uncertain": "uncertain",
    "not measured": "not_measured",
    "not asked": "not_applicable",
}
SCORES = (0, 100)


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    take_default(principal)
    title, chosen = st.columns([2, 5], vertical_alignment="bottom")
    title.title("Your calls" if principal.role == "agent" else "Calls", anchor=False)
    flash.show()
    with chosen:
        wanted = choose(principal, with_team=True, with_form=True)
    which = _narrowed(principal, wanted.which)
    order = ORDERS[str(st.session_state.get("order") or "newest first")]
    first = _page_start(which, order)
    found = list_calls(state.store(), principal, which, order=order, limit=PER_PAGE, offset=first)
    if first and not found.rows:
        first = st.session_state["calls_first"] = 0
        found = list_calls(state.store(), principal, which, order=order, limit=PER_PAGE)
    title.caption(f"{wanted.says}  ·  {look.count(found.total, 'call')}")
    if not found.rows:
        with st.container(border=True):
            st.subheader("No call matches", anchor=False)
            st.markdown("Take a word or a filter away, or choose a longer period.")
        return
    call_rows(principal, found.rows, with_agent=principal.role != "agent")
    _turn_pages(found.total, first)


def _narrowed(principal: Principal, which: CallFilter) -> CallFilter:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            "Search what was said",
            key="q",
            bind="query-params",
            type="search",
            icon=":material/search:",
            placeholder='refund "money back"',
            help="Every word must have been said, in any order; words in quotes together.",
            width=300,
        )
        customer = st.text_input(
            "Customer",
            key="customer",
            bind="query-params",
            placeholder="how the id begins",
            width=160,
        )
        if principal.role != "agent":
            names = [name for name, _ in agents(state.store(), principal)]
            agent = st.selectbox("Agent", [ANYBODY, *names], key="agent", bind="query-params", width=180)
            if agent and agent != ANYBODY:
                which = replace(which, agent=agent)
        only = st.selectbox("Only", ONLY, key="only", bind="query-params", width=150)
        st.selectbox("Order", list(ORDERS), key="order", bind="query-params", width=180)
        saved_choices(principal)
    which = _by_finding(which)
    which = replace(which, text=text or None, customer_from=(customer or "").strip() or None)
    narrowed = _only(only or "all")
    # Both may ask for a highest score: the lower one counts.
    most = [one for one in (which.max_score, narrowed.pop("max_score", None)) if one is not None]
    return replace(which, max_score=min(most, default=None), **narrowed)


def _only(chosen: str) -> dict[str, Any]:
    form = state.default_form()
    mark = 70.0 if form is None else form.pass_mark
    narrowed: dict[str, dict[str, Any]] = {
        "auto-fail": {"auto_failed": True},
        "under the mark": {"max_score": mark - 0.001},
        "no total": {"status": "not_scored"},
    }
    return narrowed.get(chosen, {})


def _by_finding(which: CallFilter) -> CallFilter:
    """By a behaviour that was found, by how a question of the form was answered, by the score."""
    cards = {card.name: card.id for card in state.cards()}
    asked = {question: name for name, question in look.questions(state.default_form()).items()}
    with (
        st.expander("By what was found in them and what they scored", icon=":material/manage_search:"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        behaviour = st.selectbox(
            "Behaviour", [ANYTHING, *sorted(cards)], key="behaviour", bind="query-params", width=270
        )
        question = st.selectbox(
            "Question", [ANYTHING, *asked], key="question", bind="query-params", width=400
        )
        answer = st.selectbox("was", list(ANSWERS), key="answer", bind="query-params", width=130)
        low, high = st.slider("Score", *SCORES, SCORES, key="score", bind="query-params", width=220)
    if behaviour and behaviour != ANYTHING:
        which = replace(which, behaviour=cards[behaviour])
    if question and question != ANYTHING:
        which = replace(which, criterion=asked[question], outcome=ANSWERS[answer or "missed"])
    if low > SCORES[0]:
        which = replace(which, min_score=float(low))
    if high < SCORES[1]:
        which = replace(which, max_score=float(high))
    return which


def _page_start(which: CallFilter, order: Order) -> int:
    """Where the page begins; another choice begins at the front again."""
    chosen = (which, order)
    if st.session_state.get("calls_choice") != chosen:
        st.session_state["calls_choice"] = chosen
        st.session_state["calls_first"] = 0
    return int(st.session_state.get("calls_first", 0))


def _turn_pages(total: int, first: int) -> None:
    if total <= PER_PAGE:
        return
    last = min(total, first + PER_PAGE)
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        before = st.button("Earlier in the list", icon=":material/chevron_left:", disabled=first == 0)
        st.caption(f"{first + 1} to {last} of {total}", width="content")
        after = st.button(
            "Later in the list",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=last >= total,
        )
    if before or after:
        st.session_state["calls_first"] = max(0, first + (PER_PAGE if after else -PER_PAGE))
        st.rerun()
