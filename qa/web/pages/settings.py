"""Settings and health: what this installation was told, and how it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from pydantic import SecretStr

from qa.oidc import OidcSettings
from qa.settings import Settings
from qa.web import identity, look, state
from qa.web.parts.health import checks

COLOURS = {"✓": "green", "!": "yellow", "✕": "red"}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Scoring": ("form", "min_probability", "min_measured_share", "min_call_s", "min_calls_to_compare"),
    "Disputes and reviews": (
        "dispute_open_days",
        "dispute_decide_days",
        "max_disputes",
        "max_overturn_share",
        "min_overturn_judged",
    ),
    "Signing in": ("local_sign_in", "oidc"),
    "Hearing": ("model", "device", "cpu_threads", "agent_channel", "channels", "metadata"),
    "Keeping": (
        "home",
        "data",
        "models",
        "database_url",
        "keep_recordings_days",
        "webhooks",
        "webhook_secret",
    ),
}
HIDDEN = frozenset({"database_url", "webhook_secret"})


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead")
    st.title("Settings and health", anchor=False)
    st.subheader("How it is", anchor=False)
    with st.container(border=True):
        for check in checks(principal):
            left, right = st.columns([1, 4], gap="small")
            left.markdown(f":{COLOURS[check.sign]}[{check.sign}] **{check.what}**")
            right.markdown(look.escape(check.says))
    st.subheader("What it was told", anchor=False)
    st.caption(
        "Settings come from qa.toml, then from QA_ variables; they change when the program starts anew."
    )
    settings = state.settings()
    named = [name for names in GROUPS.values() for name in names]
    rest = tuple(name for name in type(settings).model_fields if name not in named)
    for title, names in (*GROUPS.items(), *((("Other", rest),) if rest else ())):
        with st.expander(title, expanded=title == "Scoring"):
            _group(settings, names)


def _group(settings: Settings, names: tuple[str, ...]) -> None:
    fields = type(settings).model_fields
    for name in names:
        if name not in fields:
            continue
        left, middle, right = st.columns([2, 2, 4], gap="small")
        left.markdown(f"**{look.escape(name)}**")
        given = getattr(settings, name)
        own = given != fields[name].get_default(call_default_factory=True)
        middle.markdown(f"{look.escape(shown(name, given))}{'  :blue[set here]' if own else ''}")
        right.caption(look.escape(fields[name].description or ""))


def shown(name: str, value: Any) -> str:
    """A setting as it may be shown: what could hold a password is never written out."""
    if value is None or value == ():
        return "none"
    if name in HIDDEN or isinstance(value, SecretStr):
        return "set, not shown"
    if isinstance(value, OidcSettings):
        return f"{value.label}: {value.issuer}"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
