"""Calls as rows: when, what it was about, who, the score with its range, and what is special about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qa.store.overview import matters
from qa.store.rows import CallRow
from qa.values import Principal
from qa.web import look, navigation, state

CUT_OFF = " ,;:-–"
GOES_ON = frozenset({"and", "but", "so", "or", "because", "which", "that", "who"})
NO_MATTER = "A call without words of the customer"


def call_rows(principal: Principal, rows: Sequence[CallRow], *, with_agent: bool = True) -> None:
    """Draw the rows; on a phone each becomes a card."""
    about = matters(state.store(), principal, [row.call_id for row in rows])
    for row in rows:
        _row(row, about.get(row.call_id), with_agent=with_agent)


def _row(row: CallRow, matter: str | None, *, with_agent: bool) -> None:
    with st.container(border=True, gap=None):
        title, figures = st.columns([5, 2], vertical_alignment="center", gap="small")
        with title, st.container(gap=None):
            label = look.escape(shortened(matter)) if matter else NO_MATTER
            navigation.link("call", f"**{label}**", id=row.call_id)
            facts = [look.day_and_time(row.started_at)]
            if with_agent:
                facts.append(row.agent or "agent not known")
            facts += [fact for fact in (row.queue, look.clock(row.duration_s)) if fact]
            st.caption(look.escape("  ·  ".join(facts)))
        with (
            figures,
            st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"),
        ):
            for label, colour in marks(row):
                st.badge(label, color=colour)  # type: ignore[arg-type]
            st.markdown(f"**{look.score(row.score, row.low, row.high)}**", width="content")


def marks(row: CallRow) -> list[tuple[str, str]]:
    """What is special about a call, with a colour for each; the words come first."""
    found = []
    if row.auto_failed_by:
        found.append(("✕ auto-fail", "red"))
    elif row.passed is False:
        found.append(("✕ under the pass mark", "yellow"))
    if row.open_disputes:
        found.append(("disputed", "violet"))
    if row.origin != "machine":
        found.append(("decided by a person", "blue"))
    if not row.has_sound:
        found.append(("no sound", "gray"))
    return found


def shortened(text: str, most: int = 90) -> str:
    """The beginning of a text, cut between words; dots stand where it begins or ends inside a sentence."""
    text = text.strip()
    before = "… " if text.split(" ", 1)[0] in GOES_ON else ""
    if len(text) > most:
        return before + text[: most - 1].rsplit(" ", 1)[0].rstrip(CUT_OFF) + "…"
    whole = text.rstrip(CUT_OFF)
    return before + whole + ("…" if whole != text else "")
