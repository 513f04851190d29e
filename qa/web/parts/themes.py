"""Strengths and what to work on, each with moments of own calls to hear."""

from __future__ import annotations

import streamlit as st

from qa.scorecard import Example, Theme
from qa.values import Span
from qa.web import identity, look, navigation
from qa.web.audio_route import audio_path
from qa.web.parts.player import LEAD_S, address_of

WHOLE_CALL = "the whole call shows it"


def theme_card(theme: Theme, *, good: bool, agent: str | None, key: str) -> None:
    """One question of the form: how often it went well, the tip, and own examples to hear.

    ``agent`` is whom it is about; None: whoever reads it.
    """
    with st.container(border=True):
        sign = ":green[✓]" if good else ":yellow[→]"
        st.markdown(f"{sign} **{look.escape(look.addressed(theme.question, agent))}**")
        st.caption(_counted(theme))
        if not good and theme.tip:
            st.markdown(look.escape(theme.tip))
        if not good and theme.gain:
            who = "the" if agent else "your"
            st.caption(f"Worth about {theme.gain:.1f} points of 100 on {who} average call.")
        _examples(theme, key)


def _counted(theme: Theme) -> str:
    if theme.n_met == theme.n_asked:
        return f"In all {theme.n_asked} calls where it came up."
    if not theme.n_met:
        return f"Not yet, in {look.count(theme.n_asked, 'call')} where it came up."
    return f"In {theme.n_met} of {look.count(theme.n_asked, 'call')} where it came up."


@st.fragment
def _examples(theme: Theme, key: str) -> None:
    identity.current_principal()
    examples = [("When it went well", theme.good), ("When it was missed", theme.missed)]
    shown = [(label, example) for label, example in examples if example is not None]
    playing = f"hear-{key}"
    with st.container(horizontal=True, gap="small"):
        for place, (label, example) in enumerate(shown):
            if example.span is None:
                navigation.link("call", f"{label}: {WHOLE_CALL}", id=example.call_id)
            elif st.button(
                label, icon=":material/play_arrow:", key=f"{playing}-{place}", help=_where(example)
            ):
                st.session_state[playing] = place
    chosen = st.session_state.get(playing)
    if chosen is not None and chosen < len(shown):
        _hear(shown[chosen][1])


def _hear(example: Example) -> None:
    span = example.span or Span(0.0, 0.0)
    st.caption(f"{look.escape(example.reason)}")
    st.audio(
        address_of(audio_path(example.call_id)),
        start_time=int(max(0.0, span.start - LEAD_S)),
        end_time=int(max(span.end, span.start + 3.0)) + 1,
        autoplay=True,
        alt=f"From {look.clock(span.start)} to {look.clock(span.end)} of call {example.call_id}",
    )
    navigation.link(
        "call", "Open this call there", icon=":material/arrow_forward:", id=example.call_id, t=span.start
    )


def _where(example: Example) -> str:
    at = look.clock(example.span.start) if example.span else ""
    return f"Call {look.escape(example.call_id)}, from {at}"
