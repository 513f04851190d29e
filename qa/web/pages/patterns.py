"""Difficult calls: what customers brought, which kinds come again, and who handled such calls well."""

from __future__ import annotations

import streamlit as st

from qa.review.patterns import WEIGHTS, DifficultCall, Pattern, survey
from qa.store.overview import matters, revision
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.kept import Kept
from qa.web.parts.call_list import NO_MATTER, shortened
from qa.web.parts.filters import choose
from qa.web.parts.subjects import behaviour_name

AT_MOST = 25
LEAST_WELL = 2
IN_A_KIND = 8
_surveys: Kept[tuple[tuple[DifficultCall, ...], tuple[Pattern, ...]]] = Kept(most=32)


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead", "reviewer", "supervisor")
    title, chosen = st.columns([3, 4], vertical_alignment="bottom")
    title.title("Difficult calls", anchor=False)
    with chosen:
        wanted = choose(principal, with_team=True)
    store = state.store()
    calls, kinds = _surveys.get(
        (store.home, principal, wanted.which),
        revision(store),
        lambda: survey(store, principal, wanted.which),
    )
    title.caption(f"{wanted.says}  ·  {look.count(len(calls), 'difficult call')}")
    with st.expander("What counts as difficult", icon=":material/help:"):
        st.markdown(
            "Only what the customer brought counts, so that a call is not difficult because it was handled "
            "badly. Each sign adds to the difficulty, up to twice in a call; from 2 on, a call is listed."
        )
        for behaviour, weight in WEIGHTS.items():
            st.markdown(f"- {look.escape(behaviour_name(behaviour))}: {weight:g}")
    if not calls:
        with st.container(border=True):
            st.subheader("No difficult calls in this time", anchor=False)
            st.markdown("Choose a longer period to see more.")
        return
    if kinds:
        st.subheader("Kinds that come again", anchor=False)
        for kind in kinds:
            _kind(principal, kind)
    st.subheader("All of them, the most difficult first", anchor=False)
    _calls(principal, calls[:AT_MOST])
    if len(calls) > AT_MOST:
        st.caption(f"The first {AT_MOST} of {len(calls)} are shown; choose a shorter period for the others.")


def _kind(principal: Principal, kind: Pattern) -> None:
    names = [behaviour_name(sign) for sign in kind.signs]
    well = sum(call.handled_well for call in kind.calls)
    with st.container(border=True):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.markdown(f"**{look.escape(' and '.join(names))}**")
            st.caption(f"{look.count(len(kind.calls), 'call')}, {well} handled well{_trend(kind)}")
            if kind.words:
                said = ", ".join(f"“{word}”" for word in kind.words)
                st.markdown(f"Customers say more often: {look.escape(said)}")
            _helped(kind)
        with right:
            _handlers(kind)
        shown = kind.calls[:IN_A_KIND]
        n = look.count(len(kind.calls), "call")
        label = f"The {n}" if len(shown) == len(kind.calls) else f"The most difficult {len(shown)} of {n}"
        with st.expander(label):
            _calls(principal, shown, boxed=False)


def _trend(kind: Pattern) -> str:
    if kind.trend is None or abs(kind.trend) < 0.1:
        return ""
    way = "more" if kind.trend > 0 else "fewer"
    return f"; about {abs(kind.trend):.1f} {way} each week"


def _helped(kind: Pattern) -> None:
    """What agents did more often; one call handled well would make everything in it look like a cause."""
    if not kind.did or sum(call.handled_well for call in kind.calls) < LEAST_WELL:
        return
    st.markdown("**In those handled well, agents more often:**")
    rows = [
        f"- {look.escape(behaviour_name(behaviour))}: in {100 * here:.0f} %, against {100 * there:.0f} %"
        for behaviour, here, there in kind.did
    ]
    st.markdown("\n".join(rows))
    among = f" Compared in the newest {kind.n_compared}." if kind.n_compared < len(kind.calls) else ""
    st.caption(f"Few calls make this a hint, not a proof.{among}")


def _handlers(kind: Pattern) -> None:
    """Whom one can ask: those who handled such calls well, never a list of those who did not."""
    st.markdown("**Who handled such calls well**")
    well = [handler for handler in kind.handlers if handler.n_well]
    for handler in well[:5]:
        navigation.link(
            "agent",
            f"{look.escape(handler.agent)}: {handler.n_well} of {look.count(handler.n_calls, 'call')}",
            name=handler.agent,
        )
    if not well:
        st.caption("Nobody yet in this time. Worth talking about in the team.")


def _calls(principal: Principal, calls: tuple[DifficultCall, ...], *, boxed: bool = True) -> None:
    about = matters(state.store(), principal, [call.call_id for call in calls])
    for call in calls:
        with st.container(border=boxed, gap=None):
            matter = about.get(call.call_id)
            label = look.escape(shortened(matter)) if matter else NO_MATTER
            navigation.link("call", f"**{label}**", id=call.call_id)
            signs = ", ".join(behaviour_name(sign).lower() for sign in call.signs)
            score = "no total" if call.score is None else f"score {call.score:.0f}"
            ending = "✓ handled well" if call.handled_well else "→ could have gone better"
            day = f"{call.day.day} {call.day:%b %Y}" if call.day else "no date"
            facts = [day, call.agent or "agent not known", f"difficulty {call.difficulty:g}: {signs}"]
            st.caption(look.escape("  ·  ".join([*facts, score, ending])))
