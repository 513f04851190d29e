"""Opening a dispute: what it is about, what is wrong, in one's own words, and what it would change."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from qa.errors import QaError
from qa.review.disputing import open_dispute, preview_dispute
from qa.store import StoredCall
from qa.store.disputes import Correction, Ground
from qa.values import Principal
from qa.web import look, state
from qa.web.parts import flash
from qa.web.parts.decided import decided_view
from qa.web.parts.judge import judge
from qa.web.parts.subjects import GROUNDS, Subject, subjects, turn_says

NEEDS_TURN = ("wrong_words", "wrong_speaker")
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Draft:
    """A dispute as it is filled in."""

    about: Subject
    ground: Ground
    corrections: tuple[Correction, ...] = ()
    at_turn: int | None = None

    @property
    def criterion(self) -> str | None:
        return self.about.name if self.about.kind == "criterion" else None

    @property
    def finding(self) -> str | None:
        return self.about.name if self.about.kind == "finding" else None


def dispute_form(principal: Principal, stored: StoredCall) -> None:
    """Draw the form; who decides is always somebody else."""
    settings = state.settings()
    st.caption(
        f"Somebody who had no part in it decides within {look.count(settings.dispute_decide_days, 'day')}, "
        "and you can read why."
    )
    choices = {(s.kind, s.name): s for s in subjects(stored)}
    if not choices:
        st.markdown("Nothing was found or answered in this call, so there is nothing to dispute.")
        return
    chosen = st.selectbox(
        "What is it about?",
        list(choices),
        format_func=lambda key: choices[key].says,
        index=None,
        placeholder="an answer, or something that was found",
        key="dispute-about",
    )
    ground = st.radio(
        "What is wrong?", list(GROUNDS), format_func=GROUNDS.__getitem__, key="dispute-ground", index=None
    )
    if chosen is None or ground is None:
        st.caption("Choose both, and you see what your dispute would change before you send it.")
        return
    draft = _draft(stored, choices[chosen], ground)
    if draft is None or not _foreseen(principal, stored, draft):
        return
    text = st.text_area(
        "In your own words", key="dispute-text", placeholder="What whoever decides should know"
    )
    if st.button("Send the dispute", type="primary", icon=":material/gavel:", key="dispute-send"):
        _send(principal, stored, draft, text or "")


def _draft(stored: StoredCall, about: Subject, ground: Ground) -> Draft | None:
    turns = range(len(stored.call.turns))

    def says(n: int) -> str:
        return "nowhere in particular" if n == NOWHERE else turn_says(stored.call, n)

    if ground in NEEDS_TURN:
        start = about.turn if about.turn is not None else 0
        n = st.selectbox("Where?", list(turns), index=start, format_func=says, key="dispute-turn")
        if ground == "wrong_speaker":
            other = "customer" if stored.call.turns[n].speaker == "agent" else "agent"
            return Draft(about, ground, (Correction(n, speaker=other),))  # type: ignore[arg-type]
        said = st.text_input("What was really said there?", value=stored.call.turns[n].text, key=f"said-{n}")
        if not said or said == stored.call.turns[n].text:
            st.caption("Correct the words above.")
            return None
        return Draft(about, ground, (Correction(n, text=said),))
    if about.kind == "criterion" and ground == "not_that":
        n = st.selectbox(
            "Where did you do it, if it can be pointed at?",
            [NOWHERE, *turns],
            format_func=says,
            key="dispute-at",
        )
        return Draft(about, ground, at_turn=None if n == NOWHERE else n)
    return Draft(about, ground)


def _foreseen(principal: Principal, stored: StoredCall, draft: Draft) -> bool:
    try:
        seen = preview_dispute(
            state.store(),
            principal,
            judge(),
            stored.row.call_id,
            ground=draft.ground,
            criterion=draft.criterion,
            finding=draft.finding,
            corrections=draft.corrections,
            at_turn=draft.at_turn,
        )
    except QaError as err:
        st.error(look.escape(str(err)))
        return False
    with st.container(border=True):
        st.markdown("**If you are right**")
        decided_view(seen, would=True)
    return True


def _send(principal: Principal, stored: StoredCall, draft: Draft, text: str) -> None:
    try:
        row, _ = open_dispute(
            state.store(),
            principal,
            judge(),
            stored.row.call_id,
            ground=draft.ground,
            text=text,
            settings=state.settings(),
            criterion=draft.criterion,
            finding=draft.finding,
            corrections=draft.corrections,
            at_turn=draft.at_turn,
        )
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    due = f" It will be decided by {look.day(row.due_at)}." if row.due_at else ""
    flash.done(f"Your dispute was sent.{due}")
