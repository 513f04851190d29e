"""The pages and who has them: a page is one file in ``pages`` with a function ``page``, and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

from qa.values import Principal

ADMIN = frozenset({"admin"})
LEADS = frozenset({"admin", "lead"})
HANDS_IN = LEADS | {"reviewer"}
OVERSEES = HANDS_IN | {"supervisor"}
AGENT = frozenset({"agent"})
ALL = OVERSEES | AGENT


@dataclass(frozen=True, slots=True)
class Entry:
    """One page. ``name`` is its address and its module; the first of a role's pages is where it begins."""

    name: str
    title: str
    icon: str
    roles: frozenset[str]
    group: str = ""
    hidden: bool = False


ENTRIES = (
    Entry("team", "Team", "groups", OVERSEES),
    Entry("home", "My calls", "home", AGENT),
    Entry("calls", "Calls", "call", ALL),
    Entry("upload", "Hand in calls", "upload_file", HANDS_IN),
    Entry("disputes", "Disputes", "gavel", ALL),
    Entry("promises", "Promises", "event_available", ALL),
    Entry("review_queue", "Review queue", "fact_check", HANDS_IN, "Quality"),
    Entry("calibration", "Calibration", "balance", OVERSEES, "Quality"),
    Entry("patterns", "Difficult calls", "bolt", OVERSEES, "Quality"),
    Entry("fairness", "Fairness", "diversity_3", LEADS, "Quality"),
    Entry("forms", "Forms", "checklist", OVERSEES, "Quality"),
    Entry("behaviours", "Behaviours", "menu_book", ALL, "Quality"),
    Entry("account", "My account", "account_circle", ALL),
    Entry("agent", "Agent", "person", OVERSEES, hidden=True),
    Entry("call", "Call", "graphic_eq", ALL, hidden=True),
    Entry("accounts", "Accounts", "manage_accounts", ADMIN, "Set up"),
    Entry("webhooks", "Messages out", "outgoing_mail", ADMIN, "Set up"),
    Entry("audit", "Audit log", "history", LEADS, "Set up"),
    Entry("settings", "Settings and health", "monitor_heart", LEADS, "Set up"),
)


def show(principal: Principal, *, first: str | None = None) -> None:
    """Draw the navigation of this principal's role and run the page that was asked for."""
    mine = [entry for entry in ENTRIES if principal.role in entry.roles]
    begin = first or mine[0].name
    groups: dict[str, list[Page]] = {}
    for entry in mine:
        # An agent has few pages: they stand side by side.
        group = "" if principal.role == "agent" else entry.group
        groups.setdefault(group, []).append(_page(entry, default=entry.name == begin))
    st.navigation(groups, position="top").run()


def link(to: str, label: str, /, *, icon: str | None = None, help: str | None = None, **params: Any) -> None:
    """A link to a page, with query parameters; those that are None are left out."""
    entry = next(entry for entry in ENTRIES if entry.name == to)
    given = {key: str(value) for key, value in params.items() if value is not None}
    st.page_link(_page(entry, with_icon=False), label=label, icon=icon, help=help, query_params=given)


def go(to: str, /, **params: Any) -> None:
    """Leave for another page."""
    entry = next(entry for entry in ENTRIES if entry.name == to)
    st.switch_page(_page(entry), query_params={key: str(value) for key, value in params.items()})


def _page(entry: Entry, *, default: bool = False, with_icon: bool = True) -> Page:
    return st.Page(
        _body(entry.name),
        title=entry.title,
        icon=f":material/{entry.icon}:" if with_icon else None,
        url_path=entry.name,
        default=default,
        visibility="hidden" if entry.hidden else "visible",
    )


def _body(name: str) -> Callable[[], None]:
    def body() -> None:
        import_module(f"qa.web.pages.{name}").page()

    body.__name__ = name
    return body
