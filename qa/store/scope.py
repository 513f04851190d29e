"""Who sees which calls: one rule, put into every query.

An agent sees own calls only, a supervisor the own team's, lead, reviewer, admin and the command line
(``SYSTEM``) all. A call that may not be seen is answered exactly like one that does not exist.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import aliased

from qa.errors import NotAllowed
from qa.store.tables import Agent, Call
from qa.values import Principal

SYSTEM = Principal(account_id=0, name="command line", role="system")
"""Whoever runs the command line on the machine itself."""

SEES_ALL = frozenset({"admin", "lead", "reviewer", "system"})


def visible(principal: Principal) -> ColumnElement[bool]:
    """The condition on ``call`` under which a principal may see it."""
    if principal.role in SEES_ALL:
        return true()
    person = aliased(Agent)  # the query around may join the same table
    if principal.role == "supervisor" and principal.team:
        return Call.agent_id.in_(select(person.id).where(person.team == principal.team))
    if principal.role == "agent" and principal.agent:
        return Call.agent_id.in_(select(person.id).where(person.name == principal.agent))
    return false()


def visible_agents(principal: Principal) -> ColumnElement[bool]:
    """The condition on ``agent`` under which a principal may know of that person."""
    if principal.role in SEES_ALL:
        return true()
    if principal.role == "supervisor" and principal.team:
        return Agent.team == principal.team
    if principal.role == "agent" and principal.agent:
        return Agent.name == principal.agent
    return false()


def no_such(what: str, name: str) -> NotAllowed:
    """The one answer to what is missing and to what is not for this principal."""
    return NotAllowed(f"{what} {name}: there is none of that name, or it is not yours to see")


def require(principal: Principal, *roles: str) -> None:
    """Let pass only these roles and the command line.

    Raises
    ------
    NotAllowed
        The principal has another role.
    """
    if principal.role != "system" and principal.role not in roles:
        raise NotAllowed(f"{principal.name} may not do this; ask someone with the role {' or '.join(roles)}")


def account_or_none(principal: Principal) -> int | None:
    """The account to write beside an act; none for the command line."""
    return None if principal.role == "system" else principal.account_id
