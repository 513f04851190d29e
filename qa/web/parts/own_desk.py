"""What waits for an agent today: promises that fall due, own disputes, scores nobody has looked at yet.

Conventions: spoken to the agent; the agent's rights decide what is found. Nothing here says that somebody did
something wrong: a promise past its day may well have been kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st

from qa.errors import InputError
from qa.store import evaluations_of
from qa.store.acknowledgements import ToAcknowledge, acknowledge, to_acknowledge
from qa.store.disputes import DisputeRow, list_disputes
from qa.store.overview import matters
from qa.store.promises import PromiseRow, list_promises, mark_promise
from qa.values import Principal
from qa.web import identity, look, navigation, state
from qa.web.parts.call_list import NO_MATTER, shortened
from qa.web.parts.dispute_view import about_says
from qa.web.parts.subjects import SIGNS, STATES, due_says

SHOWN = 3
LATELY = timedelta(days=28)
AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Due:
    """Own promises that are open: those of today, those whose day has passed, and the next one after today."""

    today: tuple[PromiseRow, ...]
    passed: tuple[PromiseRow, ...]
    next: PromiseRow | None


def own_desk(principal: Principal) -> None:
    """Three cards, side by side on a desk and under one another on a phone."""
    left, middle, right = st.columns(3, gap="medium")
    with left, st.container(border=True, height="stretch"):
        _promises()
    with middle, st.container(border=True, height="stretch"):
        _disputes(principal)
    with right, st.container(border=True, height="stretch"):
        _scores()


def due_of(rows: Sequence[PromiseRow], now: datetime) -> Due:
    """Sort open promises by their day, each in the zone in which it was given."""
    today: list[PromiseRow] = []
    passed: list[PromiseRow] = []
    later: list[PromiseRow] = []
    for row in rows:
        if row.due_at is None:
            continue
        due = row.due_at if row.due_at.tzinfo else row.due_at.replace(tzinfo=UTC)
        here = now.astimezone(due.tzinfo).date()
        (today if due.date() == here else passed if due.date() < here else later).append(row)
    return Due(tuple(today), tuple(passed), later[0] if later else None)


@st.fragment
def _promises() -> None:
    principal = identity.current_principal()
    rows = list_promises(state.store(), principal, status="open")
    due = due_of(rows, datetime.now(UTC))
    st.markdown("**Promises due today**")
    for row in due.today[:SHOWN]:
        _promise(row)
    if len(due.today) > SHOWN:
        navigation.link("promises", f"and {len(due.today) - SHOWN} more today")
    if not due.today:
        st.markdown(":green[✓] Nothing you promised falls due today.")
        if due.next is not None and due.next.due_at is not None:
            st.caption(
                f"Next: {due.next.due_at:%A}, {due.next.due_at.day} {due.next.due_at:%b}. {look.escape(due.next.what)}"
            )
    if due.passed:
        st.caption(
            f"Of {look.count(len(due.passed), 'promise')} from earlier days it is not known what became. "
            "Where you kept yours, one click says so."
        )
        navigation.link("promises", "Go through them", icon=":material/event_available:")


def _promise(row: PromiseRow) -> None:
    st.markdown(f"… {look.escape(row.what)}")
    facts = [f"customer {row.customer}" if row.customer else None, f"“{row.by}”" if row.by else None]
    st.caption(look.escape("  ·  ".join(fact for fact in facts if fact)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Kept",
            icon=":material/check:",
            key=f"due-kept-{row.promise_id}",
            on_click=_kept,
            args=(row.promise_id,),
        )
        navigation.link("call", "Hear it", icon=":material/play_arrow:", id=row.call_id, t=row.start_s)


def _kept(promise_id: str) -> None:
    mark_promise(state.store(), identity.current_principal(), promise_id, status="kept")


def _disputes(principal: Principal) -> None:
    rows = list_disputes(state.store(), principal)
    since = datetime.now(UTC) - LATELY
    waiting = [row for row in rows if row.state == "open"]
    ended = [row for row in rows if row.decided_at is not None and row.decided_at >= since]
    ended.sort(key=lambda row: row.decided_at or since, reverse=True)
    st.markdown("**Your disputes**")
    shown = [*waiting, *ended][:SHOWN]
    for row in shown:
        _dispute(principal, row)
    if not rows:
        st.markdown("None so far.")
        st.caption(
            "Where you think that an answer is wrong, open the call and choose **Dispute**. Somebody who had no "
            "part in it decides, and you can read why."
        )
        return
    if not shown:
        st.markdown(":green[✓] None waits for a decision.")
    if len(rows) > len(shown):
        navigation.link("disputes", f"All {len(rows)}", icon=":material/gavel:")


def _dispute(principal: Principal, row: DisputeRow) -> None:
    with st.container(gap=None):
        label = look.escape(shortened(look.addressed(about_says(row)), 70))
        navigation.link("disputes", f"{SIGNS[row.state]} {label}", id=row.dispute)
        if row.state == "open":
            st.caption(look.escape(f"waits: {due_says(row)}" if row.due_at else "waits for a decision"))
        else:
            moved = _moved(principal, row)
            st.caption(look.escape(f"{STATES[row.state]}{moved}"))


def _moved(principal: Principal, row: DisputeRow) -> str:
    """From which score to which a decision led."""
    if row.result_evaluation_id is None:
        return ""
    history = {one.evaluation_id: one.score for one in evaluations_of(state.store(), principal, row.call_id)}
    before, after = history.get(row.evaluation_id), history.get(row.result_evaluation_id)
    if before is None or after is None:
        return ""
    if round(before) == round(after):
        return f", the score stays {after:.0f}"
    return f", score {before:.0f} → {after:.0f}"


@st.fragment
def _scores() -> None:
    principal = identity.current_principal()
    rows = to_acknowledge(state.store(), principal, limit=AT_MOST)
    st.markdown("**Scores to look at**")
    if not rows:
        st.markdown(":green[✓] You have seen all of them.")
        st.caption("A score that a person changes later shows up here again.")
        return
    # What changed after it was seen comes first: somebody decided something there.
    ordered = sorted(rows, key=lambda row: not row.again)
    st.caption("“Seen” says that you looked, not that you agree.")
    _some_scores(principal, ordered[:SHOWN])
    if len(ordered) > SHOWN:
        left = len(ordered) - SHOWN
        # What is inside is sent only once it is opened: there may be two hundred.
        more = st.expander(
            f"{look.count(left, 'more score')} to look at", key="more-scores", on_change="rerun"
        )
        if more.open:
            with more:
                _some_scores(principal, ordered[SHOWN:])


def _some_scores(principal: Principal, rows: Sequence[ToAcknowledge]) -> None:
    about = matters(state.store(), principal, [row.call_id for row in rows])
    for row in rows:
        _score(row, about.get(row.call_id))


def _score(row: ToAcknowledge, matter: str | None) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", wrap=False):
        with st.container(gap=None, width="stretch"):
            navigation.link("call", look.escape(shortened(matter or NO_MATTER, 48)), id=row.call_id)
            said = "no total" if row.score is None else f"score {row.score:.0f}"
            st.caption(said + (", changed since you saw it" if row.again else ""))
        st.button(
            "Seen",
            key=f"seen-{row.call_id}",
            help="I have looked at this score.",
            on_click=_seen,
            args=(row.call_id,),
        )


def _seen(call_id: str) -> None:
    with suppress(InputError):  # it was seen already, in another window
        acknowledge(state.store(), identity.current_principal(), call_id)
