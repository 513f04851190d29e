"""One agent's scorecard, as those see it who lead."""

from __future__ import annotations

import streamlit as st

from qa.store import agents
from qa.store.scope import no_such
from qa.web import identity, look, navigation, state
from qa.web.parts.filters import choose
from qa.web.parts.scorecard_view import scorecard_view


def page() -> None:
    """Draw the page of the agent named in the address."""
    principal = identity.current_principal()
    identity.require(principal, "admin", "lead", "reviewer", "supervisor")
    name = st.query_params.get("name", "")
    known = dict(agents(state.store(), principal))
    if name not in known:
        raise no_such("agent", name or "without a name")
    navigation.link("team", "Team", icon=":material/arrow_back:")
    title, chosen = st.columns([3, 3], vertical_alignment="bottom")
    title.title(look.escape(name), anchor=False)
    with chosen:
        wanted = choose(principal)
    title.caption(look.escape("  ·  ".join(part for part in (known[name], wanted.says) if part)))
    scorecard_view(principal, name, wanted, mine=False)
