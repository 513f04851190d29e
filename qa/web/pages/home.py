"""An agent's own home: the same scorecard in the first person; nobody else's calls exist here."""

from __future__ import annotations

import streamlit as st

from qa.web import identity, look
from qa.web.parts.filters import choose
from qa.web.parts.scorecard_view import scorecard_view


def page() -> None:
    """Draw the page of whoever is signed in."""
    principal = identity.current_principal()
    identity.require(principal, "agent")
    agent = principal.agent or principal.name
    title, chosen = st.columns([3, 3], vertical_alignment="bottom")
    title.title(f"Hello {look.escape(agent.split()[0])}", anchor=False)
    with chosen:
        wanted = choose(principal)
    title.caption(
        f"{wanted.says}. Only you and those who lead your team see these. Every point opens the moment that decided it."
    )
    scorecard_view(principal, agent, wanted, mine=True)
