"""Forms: what is asked of a call and what it weighs, versions beside one another, a new one tried first."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.scorecard.replay import AgentChange, CallChange, Replay
from qa.scoring import Criterion, Form, diff_forms, form_hash
from qa.scoring.form import Manual
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts import flash
from qa.web.parts.form_trial import Proposed, Trial, publish, read_proposed
from qa.web.parts.subjects import behaviour_name, question_of

VIEW, COMPARE, NEW = "Read", "Compare versions", "A new form"
TRIED = 500
SLICE_S, PAUSE_S = 0.6, 0.2
"""A trial works so long, then lets the page answer."""
BY = {
    "presence": "met where it is there",
    "absence": "met where it is not there",
    "per_event": "points off each time",
    "bands": "by how often",
    "per_opportunity": "by how many chances were taken",
    "manual": "answered by a person",
}


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead", "reviewer", "supervisor")
    st.title("Forms", anchor=False)
    in_use = state.default_form()
    library = state.library()
    st.caption(
        f"{look.count(len(library.all), 'form')}; in use where no queue says otherwise: "
        + look.escape(in_use.id if in_use else "none")
    )
    flash.show()
    acts = [VIEW, COMPARE, *([NEW] if principal.role in navigation.LEADS else [])]
    act = st.segmented_control(
        "What to do", acts, default=VIEW, label_visibility="collapsed", required=True, key="form-act"
    )
    if act == COMPARE:
        _compare(library.all)
    elif act == NEW:
        _new(principal)
    else:
        _read(library.all, in_use)


def _read(forms: tuple[Form, ...], in_use: Form | None) -> None:
    by_id = {form.id: form for form in forms}
    ids = list(by_id)
    index = ids.index(in_use.id) if in_use and in_use.id in ids else 0
    chosen = st.selectbox(
        "Form",
        ids,
        index=index,
        format_func=lambda name: f"{by_id[name].title} ({name})",
        key="form",
        width=420,
    )
    form = by_id[chosen or ids[0]]
    queues = f"For the queues {', '.join(form.queues)}. " if form.queues else ""
    fails = {"zero": "scores 0", "mark": "is marked as failed"}.get(
        form.auto_fail, f"scores {form.cap or 0:.0f} at most"
    )
    st.markdown(look.escape(form.about))
    st.caption(look.escape(f"{queues}Passes from {form.pass_mark:.0f} of 100. What fails outright {fails}."))
    points = form.points()
    whole = sum(points[c.id] for _, c in form.criteria() if not c.bonus)
    for section in form.sections:
        worth = sum(100 * points[c.id] / whole for c in section.criteria if not c.bonus)
        with st.expander(f"**{look.escape(section.title)}**  ·  {worth:.0f} of 100 points"):
            for criterion in section.criteria:
                share = points[criterion.id] if criterion.bonus else 100 * points[criterion.id] / whole
                _criterion(criterion, share)


def _criterion(criterion: Criterion, share: float) -> None:
    plus = "+" if criterion.bonus else ""
    fails = {"section": "fails the section", "evaluation": "fails the call outright"}.get(
        criterion.fails or ""
    )
    st.markdown(
        f"**{look.escape(criterion.question)}**  :gray[{plus}{share:.1f} points]"
        + (f"  :red[✕ {fails} if missed]" if fails else "")
    )
    names = ", ".join(behaviour_name(b).lower() for b in criterion.needed)
    how = BY[criterion.answered_by] + (f": {names}" if names else "")
    when = criterion.applies_when
    if when is not None:
        shown = [behaviour_name(b).lower() for b in when.behaviours if not b.startswith("call:")]
        shown += [b.removeprefix("call:") for b in when.behaviours if b.startswith("call:")]
        how += f". Asked only with: {', '.join(shown)}"
    if isinstance(criterion, Manual):
        how += f". {criterion.guidance}"
    st.caption(look.escape(how))


def _compare(forms: tuple[Form, ...]) -> None:
    by_id = {form.id: form for form in forms}
    if len(by_id) < 2:
        st.markdown("There is only one form, so there is nothing to compare.")
        return
    ids = list(by_id)
    left, right = st.columns(2)
    old = left.selectbox("From", ids, index=0, key="form-old")
    new = right.selectbox("To", ids, index=1, key="form-new")
    _differences(by_id[old or ids[0]], by_id[new or ids[1]])


def _differences(old: Form, new: Form) -> None:
    found = diff_forms(old, new)
    if not found:
        with st.container(border=True):
            st.markdown("✓ **No difference.** Both score every call alike.")
        return
    with st.container(border=True):
        st.markdown(f"**{look.count(len(found), 'difference')}**")
        by_place: dict[str, list[str]] = {}
        for one in found:
            by_place.setdefault(one.where, []).append(one.says)
        asked = {**look.questions(old), **look.questions(new)}
        titles = {**look.section_titles(old), **look.section_titles(new)}
        for place, says in by_place.items():
            name = (
                asked.get(place)
                or titles.get(place)
                or ("The form" if place == "form" else look.plain(place))
            )
            st.markdown(f"**{look.escape(name)}**")
            for one_says in says:
                st.markdown(f"- {look.escape(one_says)}")


def _new(principal: Principal) -> None:
    st.markdown(
        "Take a form as it is, change it, hand it in: you see what is different and what it would have done to "
        "past calls **before** it is published."
    )
    forms = state.library()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        base = st.selectbox("Begin from", [form.id for form in forms.all], key="form-base", width=260)
        file = forms.folder / f"{base}.yaml"
        if file.is_file():
            st.download_button(
                "Take it",
                file.read_bytes(),
                file_name=file.name,
                icon=":material/download:",
                on_click="ignore",
            )
    handed_in = st.file_uploader("The new form", type=["yaml", "yml"], key="form-file")
    if handed_in is None:
        return
    try:
        proposed = read_proposed(handed_in.getvalue(), name=handed_in.name)
    except QaError as err:
        for line in str(err).split("; "):
            st.error(look.escape(line))
        return
    proposed_view(principal, proposed)


def proposed_view(principal: Principal, proposed: Proposed) -> None:
    """What is different, what it would have done, and the button that publishes it."""
    form = proposed.form
    st.success(f"{look.escape(form.id)} can be used: {look.count(len(list(form.criteria())), 'question')}.")
    before = [one for one in state.library().all if one.name == form.name]
    if before:
        _differences(before[-1], form)
    old = before[-1] if before else state.default_form()
    if old is not None:
        _trial(principal, old, form)
    st.caption("Scores that exist stay as they are. Calls that come in from now on are scored by it.")
    if st.button("Publish it", type="primary", icon=":material/publish:", key="form-publish"):
        try:
            publish(principal, proposed)
        except QaError as err:
            st.error(look.escape(str(err)))
            return
        flash.done(f"{look.escape(form.id)} is published. Calls that come in from now on are scored by it.")


def _trial(principal: Principal, old: Form, new: Form) -> None:
    key = f"trial-{principal.account_id}-{form_hash(new)}"
    says = f"Try it on the newest {TRIED} calls that {old.id} scored"
    if st.button(says, icon=":material/science:", key="form-try"):
        st.session_state[key] = Trial(principal, old, new, most=TRIED)
    trial: Trial | None = st.session_state.get(key)
    if trial is None:
        return
    if trial.is_finished:
        _tried(trial.result(), new)
        if trial.n < trial.n_scored:
            said = look.count(trial.n_scored, "call")
            st.caption(f"Tried on the newest {trial.n} of the {said} that {look.escape(old.id)} scored.")
    else:
        st.fragment(_going_on, run_every=PAUSE_S)(key)


def _going_on(key: str) -> None:
    """Some calls more, and how far it is; everything else on the page can be used meanwhile."""
    principal = identity.current_principal()
    identity.require(principal, *navigation.LEADS)
    trial: Trial | None = st.session_state.get(key)
    if trial is None or not key.startswith(f"trial-{principal.account_id}-"):
        return
    trial.go_on(for_s=SLICE_S)
    st.progress(
        trial.done / max(1, trial.n), text=f"{trial.done} of {look.count(trial.n, 'call')} scored by both"
    )
    if st.button("Stop", key="form-try-stop"):
        del st.session_state[key]
        st.rerun(scope="app")
    if trial.is_finished:
        st.rerun(scope="app")


def _tried(found: Replay, new: Form) -> None:
    with st.container(border=True):
        st.markdown("**What it would have done**")
        if not found.n_compared or found.mean_before is None or found.mean_after is None:
            st.markdown("∅ No call was scored by the version before, so nothing can be compared.")
            return
        st.markdown(
            f"The mean of {look.count(found.n_compared, 'call')} would go from {found.mean_before:.1f} "
            f"to **{found.mean_after:.1f}**."
        )
        for label, calls in (
            ("✕ would no longer pass", found.newly_failing),
            ("✓ would pass now", found.newly_passing),
            ("∅ would lose their total", found.lost_total),
        ):
            if calls:
                with st.expander(f"{look.count(len(calls), 'call')} {label}"):
                    _calls(calls)
        _agents(found.agents)
        if found.largest:
            with st.expander("The largest changes"):
                _calls(found.largest)
        if found.answers:
            with st.expander("Answers that come out otherwise"):
                for criterion, was, now, n in found.answers:
                    question = look.escape(question_of(new, criterion))
                    signs = f"{look.SIGNS[was]} → {look.SIGNS[now]}"  # type: ignore[index]
                    st.markdown(f"- {question} {signs} in {look.count(n, 'call')}")


def _calls(calls: tuple[CallChange, ...]) -> None:
    for one in calls[:20]:
        was = "∅" if one.before is None else f"{one.before:.0f}"
        now = "∅" if one.after is None else f"{one.after:.0f}"
        navigation.link("call", f"{look.escape(one.agent)}: {was} → {now}", id=one.call_id)


def _agents(rows: tuple[AgentChange, ...]) -> None:
    st.markdown("**By agent**")
    for one in rows:
        st.markdown(
            f"- {look.escape(one.agent)}: {one.before:.0f} → {one.after:.0f} "
            f":gray[({look.count(one.n_calls, 'call')})]"
        )
