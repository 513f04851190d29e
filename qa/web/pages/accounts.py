"""Who may sign in, and as what; for admins."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.store import agents
from qa.store.accounts import AccountRow, add_account, list_accounts, set_active, set_password, set_role
from qa.store.identities import link_identity, unlink_identity
from qa.store.tables import ROLES
from qa.values import Principal
from qa.web import identity, look, state

NOBODY = "nobody"
PER_PAGE = 25


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    identity.require(principal, "admin")
    title, new = st.columns([4, 1], vertical_alignment="center")
    title.title("Accounts", anchor=False)
    if new.button("New account", type="primary", icon=":material/person_add:", width="stretch"):
        _new(principal)
    rows = list_accounts(state.store(), principal)
    title.caption(f"{look.count(len(rows), 'account')}. Keeping one out ends its sessions at once.")
    shown = rows
    if len(rows) > PER_PAGE:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            wanted = st.text_input("Search", key="q", bind="query-params", type="search", width=300)
            shown = tuple(row for row in rows if _matches(row, wanted or ""))
            pages = range(0, max(1, len(shown)), PER_PAGE)
            start = st.selectbox(
                "Shown",
                list(pages),
                format_func=lambda n: f"{n + 1} to {min(len(shown), n + PER_PAGE)} of {len(shown)}",
                width=200,
            )
        shown = shown[start or 0 : (start or 0) + PER_PAGE]
    for row in shown:
        _row(principal, row)


def _matches(row: AccountRow, wanted: str) -> bool:
    said = " ".join(part for part in (row.login, row.name, row.role, row.agent, row.team) if part).lower()
    return all(word in said for word in wanted.lower().split())


def _row(principal: Principal, row: AccountRow) -> None:
    with st.container(border=True, gap=None):
        who, what, act = st.columns([4, 4, 3], vertical_alignment="center")
        kept_out = "" if row.active else "  :red[✕ kept out]"
        who.markdown(f"**{look.escape(row.name)}**{kept_out}")
        who.caption(look.escape(row.login))
        ways = [
            way
            for way, there in (("password", row.has_password), ("the firm's sign-in", row.is_linked))
            if there
        ]
        of = row.agent or row.team
        what.markdown(row.role + (f": {look.escape(of)}" if of else ""))
        given = "; the role comes from there, too" if row.role_from == "claims" else ""
        what.caption("signs in by " + (" or ".join(ways) or "nothing yet") + given)
        with act, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Change", key=f"change-{row.account_id}"):
                _change(principal, row)
            label = "Keep out" if row.active else "Let in"
            if st.button(
                label, key=f"active-{row.account_id}", disabled=row.account_id == principal.account_id
            ):
                _do(lambda: set_active(state.store(), principal, row.login, active=not row.active))


def _who_for(
    principal: Principal, role: str, *, key: str, agent: str | None, team: str | None
) -> dict[str, str | None]:
    """The agent or the team that a role needs."""
    people = agents(state.store(), principal)
    if role == "agent":
        names = [name for name, _ in people]
        index = names.index(agent) if agent in names else None
        chosen = st.selectbox(
            "Agent, as in the calls", names, index=index, accept_new_options=True, key=f"{key}-agent"
        )
        return {"agent": chosen, "team": None}
    if role == "supervisor":
        teams = sorted({one for _, one in people if one})
        index = teams.index(team) if team in teams else None
        chosen = st.selectbox("Team", teams, index=index, accept_new_options=True, key=f"{key}-team")
        return {"agent": None, "team": chosen}
    return {"agent": None, "team": None}


@st.dialog("New account")
def _new(_principal: Principal) -> None:
    principal = identity.current_principal()
    login = st.text_input("Login", help="One word, such as a name or an e-mail address.")
    name = st.text_input("Name shown")
    role = st.selectbox("Role", ROLES, index=ROLES.index("agent"))
    of = _who_for(principal, role or "agent", key="new", agent=None, team=None)
    password = st.text_input(
        "First password", type="password", help="Leave it empty where the firm's sign-in is used."
    )
    if st.button("Make it", type="primary"):
        _do(
            lambda: add_account(
                state.store(),
                principal,
                login=login or "",
                role=role or "agent",
                password=password or None,
                name=name or None,
                **of,
            )
        )


@st.dialog("Change account")
def _change(_principal: Principal, row: AccountRow) -> None:
    principal = identity.current_principal()
    st.markdown(f"**{look.escape(row.login)}**")
    key = f"c{row.account_id}"
    role = st.selectbox("Role", ROLES, index=ROLES.index(row.role), key=f"{key}-role")
    of = _who_for(principal, role or row.role, key=key, agent=row.agent, team=row.team)
    if row.role_from == "claims":
        st.caption("The firm's sign-in gives this role. Changed here, it stays as you set it.")
    if st.button("Change the role", key=f"{key}-do"):
        _do(lambda: set_role(state.store(), principal, row.login, role=role or row.role, **of))
    if state.settings().local_sign_in:
        st.divider()
        password = st.text_input("New password", type="password", key=f"{key}-password")
        if st.button("Set the password", key=f"{key}-set", disabled=not password):
            _do(lambda: set_password(state.store(), principal, row.login, password or ""))
    _by_the_firm(principal, row, key)


def _by_the_firm(principal: Principal, row: AccountRow, key: str) -> None:
    """Whom of the firm's sign-in the account belongs to."""
    oidc = state.settings().oidc
    if oidc is None:
        return
    st.divider()
    if row.is_linked:
        if st.button("Unlink the firm's sign-in", key=f"{key}-unlink"):
            _do(lambda: unlink_identity(state.store(), principal, row.login))
        return
    help = "What the firm's sign-in calls sub. Whoever is refused sees it; it is in the audit log, too."
    sub = st.text_input("Subject at the firm's sign-in", help=help, key=f"{key}-sub")
    if st.button("Link it", key=f"{key}-link", disabled=not sub):
        _do(lambda: link_identity(state.store(), principal, row.login, iss=oidc.issuer, sub=sub or ""))


def _do(act: object) -> None:
    """Do it and draw the page anew; where it can't be done, say why."""
    try:
        act()  # type: ignore[operator]
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    st.rerun()
