"""What is measured: every page, as somebody whom it is for. The measuring itself is ``make speed``."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api")

from qa.web.navigation import ENTRIES
from tools.speed import Known, visits

KNOWN = Known("ann", "Ann Lee", "c 1", ("week 1", "c2"))


def test_every_page_is_opened_by_somebody_who_has_it() -> None:
    found = visits(KNOWN)
    roles = {entry.name: entry.roles for entry in ENTRIES}
    assert {visit.page for visit in found} == set(roles)
    assert all(visit.role in roles[visit.page] for visit in found)
    assert {visit.role for visit in found if visit.page == "calls"} == {"lead", "agent"}


def test_addresses_name_what_is_shown() -> None:
    paths = {(visit.role, visit.page, visit.says): visit.path for visit in visits(KNOWN)}
    assert paths["lead", "team", ""] == "/"
    assert paths["agent", "home", "all calls"] == "/?period=all+calls"
    assert paths["lead", "call", ""] == "/call?id=c+1"
    assert paths["lead", "review_queue", "one call"] == "/review_queue?round=week+1&call=c2"


def test_one_role_follows_another_so_that_each_signs_in_once() -> None:
    roles = [visit.role for visit in visits(KNOWN)]
    assert roles == sorted(roles)
