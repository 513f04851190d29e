"""Giving a dispute to somebody to decide: only those are offered who had no part in it before."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from qa.errors import QaError
from qa.review.course import assign_dispute, who_may_decide
from qa.store.disputes import DisputeRow
from qa.values import Principal
from qa.web import look, state
from qa.web.parts import flash


def may_decide(principal: Principal, row: DisputeRow) -> dict[str, str]:
    """Login to name of everybody who may decide this dispute."""
    return who_may_decide(state.store(), principal, row.dispute)


def given_to(principal: Principal, row: DisputeRow, people: Mapping[str, str], *, me: str | None) -> None:
    """Who has it, and handing it on; ``me`` is the login of whoever looks."""
    if not people:
        st.warning(
            "Everybody who may decide had a part in this. An admin can let another lead in on the page of accounts.",
            icon=":material/group_add:",
        )
        return
    now = f"given to {look.escape(row.assigned_to)}" if row.assigned_to else "given to nobody yet"
    with st.popover(f"Who decides: {now}", icon=":material/person:", key=f"given-{row.dispute}"):
        st.caption("Whoever opened it, gave the answer or decided it before is not on the list.")
        names = list(people)
        chosen = st.selectbox(
            "Give it to",
            names,
            index=None,
            format_func=lambda login: _name(login, people, me),
            placeholder="a lead or an admin",
            key=f"give-to-{row.dispute}",
        )
        if st.button("Give it", key=f"give-{row.dispute}", disabled=chosen is None) and chosen is not None:
            _give(principal, row, chosen)


def _name(login: str, people: Mapping[str, str], me: str | None) -> str:
    twice = sum(name == people[login] for name in people.values()) > 1
    return people[login] + (f" ({login})" if twice else "") + (", yourself" if login == me else "")


def _give(principal: Principal, row: DisputeRow, login: str) -> None:
    try:
        given = assign_dispute(state.store(), principal, row.dispute, login)
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    flash.done(f"{given.assigned_to} has it now and decides it.")
