"""Handing in calls: drop files or a zip, see at once what is wrong with which, watch them being scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from qa.errors import QaError
from qa.store.progress import ItemRow, batch_items, batch_progress, list_batches, retry_failed
from qa.values import Principal
from qa.web import identity, intake, look, navigation, state
from qa.web.intake import Looked
from qa.web.parts.drop import drop_zone

SHOWN = 200
NEWEST = 8
REFRESH_S = 1.5
STAGES = {
    "starting": "reading",
    "hearing": "transcribing",
    "detecting": "finding behaviours",
    "scoring": "scoring",
}
SIGNS = {"ready": ":green[✓]", "known": ":gray[=]", "problem": ":red[✕]"}
STATES = {"queued": "waiting", "running": "working", "done": "done", "failed": "failed"}


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, *intake.HANDS_IN)
    st.title("Hand in calls", anchor=False)
    st.caption(
        "Recordings in any telephony format, transcripts, or a zip of them. A transcript of the same name beside a "
        "recording gives its words; a table called metadata.csv gives agents, dates and queues."
    )
    token = st.session_state.setdefault("upload", intake.new_token())
    drop_zone(f"/qa/upload/{token}/", key=f"drop-{token}")
    folder = intake.folder_of(state.store().home, principal, token)
    looked = _looked(principal, folder)
    if looked:
        _handed_over(principal, folder, looked)
    # Asked again and again only while something is in work.
    going = any(not row.is_finished for row in list_batches(state.store(), principal, limit=NEWEST))
    st.fragment(_batches, run_every=REFRESH_S if going else None)(going)


def _looked(principal: Principal, folder: Path) -> tuple[Looked, ...]:
    """What was looked at before is not looked at again while nothing was added."""
    stamp = (
        sorted((p.as_posix(), p.stat().st_size) for p in folder.rglob("*") if p.is_file())
        if folder.is_dir()
        else []
    )
    kept = st.session_state.get("looked")
    if kept is None or kept[0] != stamp:
        with st.spinner("Looking at the files …"):
            kept = (stamp, intake.look(state.store(), principal, state.settings(), folder))
        st.session_state["looked"] = kept
    rows: tuple[Looked, ...] = kept[1]
    return rows


def _handed_over(principal: Principal, folder: Path, looked: Sequence[Looked]) -> None:
    counts = Counter(row.verdict for row in looked)
    ready = tuple(row.name for row in looked if row.verdict == "ready")
    with st.container(border=True):
        said = [look.count(counts["ready"], "call") + " ready"]
        if counts["known"]:
            said.append(f"{counts['known']} handed in before")
        if counts["problem"]:
            said.append(look.count(counts["problem"], "problem"))
        st.markdown("**" + "  ·  ".join(said) + "**")
        for row in sorted(looked, key=lambda one: ("problem", "known", "ready").index(one.verdict))[:SHOWN]:
            _file(row)
        if len(looked) > SHOWN:
            st.caption(f"and {len(looked) - SHOWN} more")
        with st.container(horizontal=True):
            label = st.text_input("Name of this batch", value="", placeholder="November, week 2", width=280)
            st.space("stretch")
        start = st.button(
            f"Score {look.count(len(ready), 'call')}",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not ready,
        )
    if start:
        _start(principal, folder, ready, label or "")


def _file(row: Looked) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"{SIGNS[row.verdict]} **{look.escape(row.name)}**  :gray[{row.what}]", width="content")
        if row.verdict == "problem":
            st.markdown(f":red[{look.escape(row.says)}]", width="content")
        elif row.call_id is not None:
            navigation.link("call", row.says, id=row.call_id)


def _start(principal: Principal, folder: Path, ready: tuple[str, ...], label: str) -> None:
    try:
        with st.spinner("Queueing …"):
            batch = intake.hand_in(
                state.store(), principal, state.settings(), folder, label=label.strip()[:80], names=ready
            )
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    st.session_state["batch"] = batch
    st.session_state["upload"] = intake.new_token()
    st.session_state.pop("looked", None)
    st.rerun()


def _batches(going: bool) -> None:
    """How the work goes: it goes on when this page is closed."""
    principal = identity.current_principal()
    rows = list_batches(state.store(), principal, limit=NEWEST)
    if not rows:
        return
    if going and all(row.is_finished for row in rows):
        st.rerun(scope="app")
    st.subheader("Batches", anchor=False)
    known = {row.batch for row in rows}
    chosen = st.session_state.get("batch")
    current = chosen if chosen in known else next((r.batch for r in rows if not r.is_finished), rows[0].batch)
    for row in rows:
        with st.container(border=True):
            name = look.escape(row.label) or "Without a name"
            st.markdown(f"**{name}**  :gray[{look.day_and_time(row.created_at)}]")
            ended = row.done + row.failed
            parts = [f"{ended} of {look.count(row.total, 'call')}"]
            parts += [f":red[✕ {row.failed} failed]"] if row.failed else []
            parts += [f"{row.running} in work"] if row.running else []
            if row.is_finished and not row.failed:
                parts = [f":green[✓] {look.count(row.total, 'call')} done"]
            if not row.is_finished:
                st.progress(ended / max(1, row.total))
            st.markdown("  ·  ".join(parts))
            if row.batch == current or row.failed:
                _items(principal, row.batch, only_failed=row.batch != current)


def _items(principal: Principal, batch: str, *, only_failed: bool) -> None:
    store = state.store()
    failed = batch_items(store, principal, batch, state="failed", limit=50)
    for item in failed:
        name = Path(item.name).name
        why = (item.error or "failed").replace(str(Path(item.name).parent) + "/", "")
        st.markdown(f":red[✕] **{look.escape(name)}**  :red[{look.escape(why)}]")
    if failed and st.button("Try these again", key=f"retry-{batch}", icon=":material/refresh:"):
        identity.require(principal, *intake.HANDS_IN)
        retry_failed(store, principal, batch=batch)
        st.rerun(scope="app")
    if only_failed:
        return
    for item in batch_items(store, principal, batch, state="running", limit=10):
        st.markdown(f":material/hourglass_top: {look.escape(Path(item.name).name)}  :gray[{_stage(item)}]")
    done = batch_items(store, principal, batch, state="done", limit=25)
    if done:
        with st.expander(f"Done ({batch_progress(store, principal, batch).done})"):
            for item in done:
                _done(item)


def _stage(item: ItemRow) -> str:
    return STAGES.get(item.stage or "", item.stage or "working")


def _done(item: ItemRow) -> None:
    with st.container(horizontal=True, gap="small"):
        if item.call_id is not None:
            navigation.link("call", look.escape(Path(item.name).name), id=item.call_id)
        said = look.score(item.score, item.low, item.high)
        why = f"  :gray[{look.escape(item.why_no_score)}]" if item.why_no_score else ""
        again = "  :gray[the same as an earlier file]" if item.duplicate else ""
        st.markdown(f"**{said}**{why}{again}", width="content")
