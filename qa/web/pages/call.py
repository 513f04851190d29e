"""One call: what was said, what was found in it, how the form was answered, and the sound of every moment."""

from __future__ import annotations

import streamlit as st

from qa.scoring import smallest_change
from qa.store import StoredCall, load_call
from qa.store.overview import matters
from qa.values import Span
from qa.web import identity, look, navigation, state
from qa.web.parts import call_view, charts, provenance
from qa.web.parts.call_list import NO_MATTER, shortened
from qa.web.parts.dispute_box import dispute_box, rated_blind
from qa.web.parts.player import player

MOMENT_S = 4.0


def page() -> None:
    """Draw the call named in the address, at the moment named there."""
    principal = identity.current_principal()
    call_id = st.query_params.get("id", "")
    stored = load_call(state.store(), principal, call_id)
    moment = _moment(st.query_params.get("t"))
    navigation.link("calls", "Calls", icon=":material/arrow_back:")
    if rated_blind(principal, call_id):
        return
    matter = matters(state.store(), principal, [call_id]).get(call_id)
    _heading(stored, matter)
    dispute_box(principal, stored)
    provenance.sources(stored)
    has_sound = _has_sound(stored)
    call_view.draw(
        call_view.Shown(
            stored=stored,
            form=state.form_named(stored.evaluation.form),
            cards=state.cards(),
            min_probability=state.settings().min_probability,
            has_sound=has_sound,
            moment=moment,
            mine=principal.role == "agent",
        )
    )
    if has_sound:
        player(call_id, start_s=0.0 if moment is None else moment.start - 2.0)
    _waterfall(stored)
    provenance.made_of(principal, stored)


def _moment(asked: str | None) -> Span | None:
    try:
        start = max(0.0, float(asked)) if asked else None
    except ValueError:
        return None
    return None if start is None or start > 1e6 else Span(start, start + MOMENT_S)


def _has_sound(stored: StoredCall) -> bool:
    kept = stored.recording
    return kept is not None and kept.listening is not None and kept.listening.is_file()


def _heading(stored: StoredCall, matter: str | None) -> None:
    row, evaluation = stored.row, stored.evaluation
    left, right = st.columns([5, 3], vertical_alignment="center", gap="medium")
    with left:
        st.title(look.escape(shortened(matter)) if matter else NO_MATTER, anchor=False)
        facts = [look.day_and_time(row.started_at), row.agent or "agent not known", row.queue, row.direction]
        facts += [look.clock(row.duration_s), f"customer {row.customer}" if row.customer else None]
        st.caption(look.escape("  ·  ".join(fact for fact in facts if fact)))
    with right:
        if evaluation.score is None:
            st.metric("Score", "∅ no total")
            st.caption(look.escape(evaluation.why_no_score or "Too little could be measured."))
            return
        st.metric("Score", look.score(evaluation.score, evaluation.low, evaluation.high))
        st.markdown(f":small[{_verdict(stored)}]")


def _verdict(stored: StoredCall) -> str:
    evaluation = stored.evaluation
    form = state.form_named(evaluation.form)
    measured = f"{100 * evaluation.measured_share:.0f} % of the form's weight could be measured"
    if evaluation.auto_failed_by:
        asked = look.questions(form).get(evaluation.auto_failed_by) or look.plain(evaluation.auto_failed_by)
        return f":red[✕ failed outright]: {look.escape(asked)}  ·  {measured}"
    if form is None or evaluation.passed is None:
        return measured
    passed = ":green[✓ passes]" if evaluation.passed else ":yellow[✕ under the pass mark]"
    return f"{passed} (mark {form.pass_mark:.0f})  ·  {measured}"


def _waterfall(stored: StoredCall) -> None:
    steps = stored.evaluation.waterfall
    if not steps:
        return
    form = state.form_named(stored.evaluation.form)
    change = smallest_change(stored.evaluation, form) if form is not None else None
    if change is not None:
        st.markdown(look.escape(str(change)))
    with st.expander("How the points add up", icon=":material/waterfall_chart:", expanded=False):
        st.caption(
            "From the start to the total: every step is one answer above, and together they give the score."
        )
        told = "; ".join(f"{step.label}: {step.points:+.1f}" for step in steps)
        st.altair_chart(charts.waterfall(steps, look.palette()), width="stretch", alt=told)
