"""The firm's table of its agents' groups: seen, taken away as CSV, and given anew."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.review.staff_table import parse_staff, write_staff
from qa.store.staff import StaffRow, keep_staff, list_staff
from qa.values import Principal
from qa.web import look, state
from qa.web.parts import flash

EXAMPLE_KINDS = ("site", "shift")
MAX_MB = 2


def groups_table(principal: Principal) -> None:
    """Draw it, folded; what is given takes effect after it was looked at."""
    rows = list_staff(state.store(), principal)
    kinds = sorted({kind for row in rows for kind in row.groups})
    with st.expander("Groups of your agents", icon=":material/table:", expanded=not kinds):
        if kinds:
            _now(rows, kinds)
        st.markdown(
            "A table with the column **agent** (the name as in the calls), and a column for each kind of group, "
            "such as site, shift or language. Empty cells are fine: who has no group takes no part."
        )
        st.download_button(
            "Your agents as a table to fill in",
            write_staff(rows, kinds=kinds or EXAMPLE_KINDS),
            file_name="agents.csv",
            mime="text/csv",
            icon=":material/download:",
        )
        given = st.file_uploader("Table of groups, CSV", type="csv", key="groups", max_upload_size=MAX_MB)
        if given is not None:
            _looked_at(principal, rows, given.getvalue(), given.name)


def _now(rows: tuple[StaffRow, ...], kinds: list[str]) -> None:
    st.dataframe(
        [
            {"agent": row.name, "team": row.team or ""} | {kind: row.groups.get(kind, "") for kind in kinds}
            for row in rows
        ],
        hide_index=True,
        alt="Each agent's team and groups",
    )


def _looked_at(principal: Principal, rows: tuple[StaffRow, ...], content: bytes, name: str) -> None:
    try:
        given = parse_staff(content, name=name)
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    known = {row.name for row in rows}
    kinds = sorted({kind for row in given for kind in row.groups})
    if not kinds:
        st.error("This table has no groups: add a column such as site, and fill it in.")
        return
    st.markdown(f"**{look.count(len(given), 'agent')}**, grouped by {look.escape(', '.join(kinds))}.")
    strange = [row.name for row in given if row.name not in known]
    if strange:
        listed = ", ".join(strange[:5]) + (f" and {len(strange) - 5} more" if len(strange) > 5 else "")
        st.warning(
            look.escape(f"No calls yet of {listed}. Check the spelling; they are kept all the same."),
            icon=":material/person_search:",
        )
    replace = st.checkbox(
        "These are all the groups there are: forget the others",
        value=True,
        key="groups-replace",
        help="Else what is in this table is added, and groups it does not name stay as they are.",
    )
    if st.button("Keep these groups", type="primary", key="groups-keep"):
        try:
            n = keep_staff(state.store(), principal, given, replace_groups=bool(replace))
        except QaError as err:
            st.error(look.escape(str(err)))
            return
        flash.done(f"{look.count(n, 'agent')} changed.")
