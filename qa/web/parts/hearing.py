"""Hearing one moment in place: a button each, and the player under them once one was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from qa.errors import NotAllowed
from qa.store import listening_copy
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.audio_route import audio_path
from qa.web.parts.player import LEAD_S, address_of

TAIL_S = 1.0
LEAST_S = 3.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a call and what it is called on its button; seconds."""

    start_s: float
    end_s: float
    label: str = ""


def has_sound(principal: Principal, call_id: str) -> bool:
    """Whether there is a sound of this call to play, for this principal."""
    try:
        path = listening_copy(state.store(), principal, call_id)
    except NotAllowed:
        return False
    return path is not None and path.is_file()


@st.fragment
def moments(call_id: str, shown: Sequence[Moment], *, key: str, sound: bool) -> None:
    """Buttons that play; where there is no sound, links to the place in the transcript."""
    identity.current_principal()
    chosen_key = f"hear-{key}"
    with st.container(horizontal=True, gap="small"):
        for place, moment in enumerate(shown):
            at = look.clock(moment.start_s)
            label = f"{at} {moment.label}".strip()
            if not sound:
                navigation.link("call", f"read at {label}", id=call_id, t=moment.start_s)
            elif st.button(label, icon=":material/play_arrow:", key=f"{chosen_key}-{place}"):
                st.session_state[chosen_key] = place
    chosen = st.session_state.get(chosen_key)
    if not sound or chosen is None or chosen >= len(shown):
        return
    moment = shown[chosen]
    st.audio(
        address_of(audio_path(call_id)),
        start_time=int(max(0.0, moment.start_s - LEAD_S)),
        end_time=int(max(moment.end_s, moment.start_s + LEAST_S) + TAIL_S),
        autoplay=True,
        alt=f"From {look.clock(moment.start_s)} of this call",
    )
