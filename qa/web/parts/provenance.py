"""Where things come from: the words, the timing, the score; and what this recording can't show."""

from __future__ import annotations

import streamlit as st

from qa.store import StoredCall, evaluations_of
from qa.values import Principal
from qa.web import look, state

KINDS = {
    "two_channels": "a recording with one channel each",
    "dual_mono": "a recording with the same sound on both channels",
    "mono": "a recording with one channel for both",
    "one_silent": "a recording on which one side is silent",
    "none": "a transcript without sound",
}
TIMING = {
    "sound": "Who speaks when is measured from the sound of the two channels.",
    "words": "Who speaks when comes from the transcript's word times, not from sound.",
    "turns": "Who speaks when is known only turn by turn, from the transcript.",
    "none": "It is not known who speaks when.",
}
ORIGINS = {"machine": "the program", "review": "a review", "dispute": "a dispute", "replay": "a replay"}


def sources(stored: StoredCall) -> None:
    """One line on where words and timing come from, and what can't be shown."""
    call = stored.call
    words = "The words come from a transcript that was handed in, not from speech recognition."
    if call.words_from != "transcript":
        words = f"The words were recognised by the speech model {look.escape(call.words_from)}; it makes mistakes."
    st.markdown(f":material/info: {words} {TIMING[call.timing.source]}")
    missing = _missing(stored)
    notes = [note for note in call.notes if note]
    if not missing and not notes:
        return
    with st.expander(_limits_title(missing), icon=":material/visibility_off:"):
        for why, names in missing.items():
            st.markdown(f"∅ **{look.escape(', '.join(names))}**: {look.escape(why)}")
        for note in notes:
            st.markdown(f"- {look.escape(note)}")


def _limits_title(missing: dict[str, list[str]]) -> str:
    n = sum(map(len, missing.values()))
    if not n:
        return "Notes on this recording"
    return f"What this recording can't show ({look.count(n, 'behaviour')})"


def _missing(stored: StoredCall) -> dict[str, list[str]]:
    cards = state.cards()
    found: dict[str, list[str]] = {}
    for behaviour, why in stored.detections.not_measured:
        name = cards[behaviour].name if behaviour in cards else look.plain(behaviour)
        found.setdefault(why, []).append(name)
    return found


def made_of(principal: Principal, stored: StoredCall) -> None:
    """What made the score, and the history of scores before it."""
    with st.expander("What made this score", icon=":material/fingerprint:"):
        manifest = stored.manifest
        recording = stored.recording
        facts = {
            "Form": stored.evaluation.form,
            "Call": f"{stored.call.call_id}, {KINDS[stored.call.recording]}",
            "Recording": (recording.sha256[:16] + "…") if recording else "none",
            "Program": str(manifest.get("version", "")),
            "Scored": look.day_and_time(stored.evaluated_at),
        }
        for name, value in facts.items():
            st.markdown(f":gray[{name}] {look.escape(value)}")
        history = evaluations_of(state.store(), principal, stored.call.call_id)
        if len(history) > 1:
            st.markdown("**Scores so far**, none of them is ever changed:")
            for one in history:
                by = one.by or ORIGINS[one.origin]
                said = look.score(one.score, one.low, one.high)
                st.markdown(f"- {look.day_and_time(one.created_at)}: {said}, {look.escape(by)}, {one.form}")
