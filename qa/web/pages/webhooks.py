"""Messages to other programs: the addresses, what was delivered and what was not, sending it again; for admins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from qa.errors import QaError
from qa.store.webhooks import (
    MAX_TRIES,
    DeliveryRow,
    DeliveryState,
    EndpointRow,
    announce_test,
    list_deliveries,
    list_endpoints,
    replay,
)
from qa.values import Principal
from qa.web import identity, look, state
from qa.web.parts import flash

AT_MOST = 50
EVERY = "All"
CHOICES: Mapping[str, DeliveryState | None] = {
    EVERY: None,
    "Failed": "failed",
    "Waiting": "waiting",
    "Delivered": "delivered",
}
SIGNS: Mapping[DeliveryState, str] = {
    "delivered": ":green[✓ delivered]",
    "waiting": ":gray[… waiting]",
    "failed": ":red[✕ given up]",
}
WENT_WRONG: Mapping[str, str] = {
    "ConnectError": "nobody answered there",
    "ConnectTimeout": "nobody answered in time",
    "ReadTimeout": "no answer in time",
    "ReadError": "the connection broke off",
    "RemoteProtocolError": "the connection broke off",
}
EVENTS: Mapping[str, str] = {
    "call.scored": "A call was scored",
    "call.auto_failed": "A call failed outright",
    "dispute.opened": "A dispute was opened",
    "dispute.decided": "A dispute was decided",
    "test": "A test",
}


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin")
    st.title("Messages to other programs", anchor=False)
    st.caption(
        "When a call is scored or fails outright, or a dispute is opened or decided, the addresses of the settings "
        "are told: ids, scores and states, never what was said."
    )
    flash.show()
    endpoints = list_endpoints(state.store(), principal)
    if not endpoints:
        _none()
        return
    _endpoints(principal, endpoints)
    _deliveries(principal, endpoints)


def _none() -> None:
    with st.container(border=True):
        st.subheader("No address is set", anchor=False)
        st.markdown(
            "To tell another program of scores and disputes, such as a ticket system or a chat, write its address "
            "and a secret of 16 characters or more into `qa.toml` and start the program anew:"
        )
        st.code(
            'webhooks = ["https://example.org/qa"]\nwebhook_secret = "something long that only both sides know"',
            language="toml",
        )
        st.markdown(
            "Each message is signed with that secret, so that the receiver can tell it from a forged one."
        )


def _endpoints(principal: Principal, endpoints: Sequence[EndpointRow]) -> None:
    for row in endpoints:
        with st.container(border=True, gap=None):
            left, right = st.columns([5, 3], vertical_alignment="center", gap="small")
            left.markdown(f"**{look.escape(row.url)}**")
            if row.in_settings:
                last = f"last delivered {look.day_and_time(row.delivered_at)}" if row.delivered_at else ""
                left.caption(last or "nothing was delivered to it yet")
            else:
                left.caption("no longer in the settings: it gets nothing more")
            parts = [f":green[✓ {row.n_delivered}] delivered"]
            parts += [f":gray[… {row.n_waiting}] waiting"] if row.n_waiting else []
            parts += [f":red[✕ {row.n_failed}] given up"] if row.n_failed else []
            right.markdown("  ·  ".join(parts))
    with st.container(horizontal=True, gap="small"):
        if st.button(
            "Send a test", icon=":material/send:", disabled=not any(r.in_settings for r in endpoints)
        ):
            n = announce_test(state.store(), principal)
            flash.done(f"A test waits to be sent to {look.count(n, 'address', 'addresses')}.")
        n_failed = sum(row.n_failed for row in endpoints if row.in_settings)
        if n_failed and st.button(
            f"Send all {n_failed} that failed again", icon=":material/replay:", key="replay-all"
        ):
            n = replay(state.store(), principal)
            flash.done(f"{look.count(n, 'message')} will be sent again.")


def _deliveries(principal: Principal, endpoints: Sequence[EndpointRow]) -> None:
    counts = {
        "Failed": sum(row.n_failed for row in endpoints),
        "Waiting": sum(row.n_waiting for row in endpoints),
        "Delivered": sum(row.n_delivered for row in endpoints),
    }
    counts[EVERY] = sum(counts.values())
    chosen = st.segmented_control(
        "Which messages",
        list(CHOICES),
        default="Failed" if counts["Failed"] else EVERY,
        format_func=lambda name: f"{name} {counts[name]}",
        label_visibility="collapsed",
        required=True,
        key="delivery-state",
    )
    rows = list_deliveries(state.store(), principal, state=CHOICES[chosen or EVERY], limit=AT_MOST)
    if not rows:
        with st.container(border=True):
            st.markdown("✓ None of these.")
    known = {row.url for row in endpoints if row.in_settings}
    for row in rows:
        _row(principal, row, may_go=row.url in known)
    if counts[chosen or EVERY] > len(rows):
        st.caption(f"The newest {len(rows)} of {counts[chosen or EVERY]} are shown.")


def _row(principal: Principal, row: DeliveryRow, *, may_go: bool) -> None:
    with st.container(border=True):
        what, act = st.columns([5, 3], vertical_alignment="center", gap="small")
        with what, st.container(gap=None):
            subject = row.body.get("call_id")
            about = f": call {look.escape(str(subject))}" if subject else ""
            st.markdown(f"**{EVENTS.get(row.event, look.escape(row.event))}**{about}  {SIGNS[row.state]}")
            st.caption(f"{look.day_and_time(row.created_at)}  ·  to {look.escape(row.url)}")
            st.caption(look.escape(how_it_goes(row)))
        with act, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            with st.popover("What it says", key=f"body-{row.event_id}"):
                st.code(json.dumps(row.body, indent=1, ensure_ascii=False), language="json")
            if st.button(
                "Send again",
                icon=":material/replay:",
                key=f"replay-{row.event_id}",
                disabled=not may_go,
                help=None if may_go else "Its address is no longer in the settings.",
            ):
                _again(principal, row)


def how_it_goes(row: DeliveryRow, now: datetime | None = None) -> str:
    """How often a message was tried, what came back, and when it is tried next."""
    parts = [look.count(row.attempts, "try", "tries")] if row.attempts else ["not tried yet"]
    if row.last_error:
        parts.append(f"the last: {WENT_WRONG.get(row.last_error, row.last_error)}")
    elif row.last_status:
        parts.append(f"answered {row.last_status}")
    if row.state == "waiting" and row.attempts and row.next_try_at is not None:
        left_s = (row.next_try_at - (now or datetime.now(UTC))).total_seconds()
        parts.append("next try at once" if left_s < 60 else f"next try in {_waits(left_s)}")
    if row.state == "failed" and row.attempts >= MAX_TRIES:
        parts.append("no further try by itself")
    return ", ".join(parts)


def _waits(left_s: float) -> str:
    if left_s < 5400:
        return look.count(round(left_s / 60), "minute")
    return look.count(round(left_s / 3600), "hour")


def _again(principal: Principal, row: DeliveryRow) -> None:
    try:
        replay(state.store(), principal, event_id=row.event_id)
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    flash.done("It will be sent again.")
