"""Rights: every query and every act, as every role, on what is one's own, the own team's and everybody else's.

The table is :mod:`rights_matrix`; a function that is not in it fails the first test.
"""

from __future__ import annotations

import hashlib
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_rights import MISSING, ROLES, TEAMS, Kept, Things, World, full_name, made_firm, without_names
from rights_matrix import EVERY, MATRIX, Ask

import qa
from qa.errors import NotAllowed, QaError
from qa.promises import Promise
from qa.store import CallFilter, Store, list_calls
from qa.store.calibrations import list_rounds, new_round
from qa.store.promises import keep_ledger, list_promises
from qa.values import Principal

NOT_OURS = ("qa.cli", "qa.store.migrations", "qa.web.pages", "qa.web.parts")
"""Where nothing new is asked: the command line is the system itself; pages are in test_rights_web."""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kept]:
    return made_firm(tmp_path_factory.mktemp("rights"))


@pytest.fixture(scope="module")
def all_of_it(firm: dict[str, Kept], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole firm, for the tests that only look, or are refused."""
    with firm["joel"].opened(tmp_path_factory.mktemp("all")) as world:
        yield world


def asked(ask: Ask, world: World, principal: Principal, things: Things) -> Any:
    """The answer, or the refusal as it is shown."""
    try:
        answer = ask.do(world, principal, things)
        return tuple(answer) if isinstance(answer, Iterator) else answer
    except QaError as err:
        return f"{type(err).__name__}: {err}"


def is_refused(answer: Any) -> bool:
    return isinstance(answer, str) and answer.startswith("NotAllowed: ")


def everything_in(store: Store) -> str:
    with store.reading() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        lines = [line for line in raw.iterdump() if '"session"' not in line]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_every_function_that_asks_who_is_there_is_in_the_matrix() -> None:
    found = set()
    for module in pkgutil.walk_packages(qa.__path__, "qa."):
        if module.name.startswith(NOT_OURS) or module.name.endswith("__main__"):
            continue
        for name, made in vars(import_module(module.name)).items():
            if not inspect.isfunction(made) or made.__module__ != module.name or name.startswith("_"):
                continue
            takes = {str(one.annotation) for one in inspect.signature(made).parameters.values()}
            if {"Store", "Principal"} <= takes:
                found.add(f"{module.name}.{name}")
    forgotten, gone = sorted(found - MATRIX.keys()), sorted(MATRIX.keys() - found)
    assert forgotten == [], "add these to tests/rights_matrix.py: who may ask them?"
    assert gone == []


@pytest.mark.parametrize("role", ROLES)
def test_who_may_not_is_refused_and_changes_nothing(all_of_it: World, role: str) -> None:
    principal, before = all_of_it[ROLES[role]], everything_in(all_of_it.store)
    for name, ask in MATRIX.items():
        if role in ask.roles or name.endswith("list_rounds"):
            continue
        for things in (*all_of_it.things.values(), MISSING):
            assert is_refused(asked(ask, all_of_it, principal, things)), f"{name} let {role} in"
    assert everything_in(all_of_it.store) == before


@pytest.mark.parametrize("role", ROLES)
def test_who_may_is_let_in_to_what_is_theirs(firm: dict[str, Kept], tmp_path: Path, role: str) -> None:
    for n, (name, ask) in enumerate(MATRIX.items()):
        if role not in ask.roles or (ask.own_only and role not in ("agent", "admin")):
            continue
        if name.endswith("withdraw_dispute"):
            assert role == "agent"
        with firm["joel"].opened(tmp_path / str(n)) as world:
            answer = asked(ask, world, world[ROLES[role]], world.things["priya"])
            assert not is_refused(answer), f"{name} kept {role} out: {answer}"


@pytest.mark.parametrize(("role", "others"), [("agent", ("nina", "joel")), ("supervisor", ("joel",))])
def test_what_is_anothers_is_answered_like_what_does_not_exist(
    all_of_it: World, role: str, others: tuple[str, ...]
) -> None:
    principal, before = all_of_it[ROLES[role]], everything_in(all_of_it.store)
    for name, ask in MATRIX.items():
        if not ask.about:
            continue
        nothing = without_names(repr(asked(ask, all_of_it, principal, MISSING)), MISSING)
        for other in others:
            things = all_of_it.things[other]
            answer = without_names(repr(asked(ask, all_of_it, principal, things)), things)
            assert answer == nothing, f"{name} tells {role} that {other}'s exists"
    assert everything_in(all_of_it.store) == before


@pytest.mark.parametrize("role", ["supervisor", "reviewer", "lead", "agent"])
def test_accounts_and_sessions_of_others_are_nobodys_business(all_of_it: World, role: str) -> None:
    principal = all_of_it[ROLES[role]]
    for name, ask in MATRIX.items():
        if not ask.own_only:
            continue
        nothing = without_names(repr(asked(ask, all_of_it, principal, MISSING)), MISSING)
        for other in set(TEAMS) - {ROLES[role]}:
            things = all_of_it.things[other]
            assert without_names(repr(asked(ask, all_of_it, principal, things)), things) == nothing, name


@pytest.mark.parametrize(
    ("role", "stage", "others"),
    [("agent", "priya", ("nina", "joel")), ("supervisor", "nina", ("joel", "yara"))],
)
def test_no_result_holds_anything_about_anybody_else(
    firm: dict[str, Kept], all_of_it: World, tmp_path: Path, role: str, stage: str, others: tuple[str, ...]
) -> None:
    """Neither by name, nor by a count: the firm looks as if the others did not work there."""
    principal = all_of_it[ROLES[role]]
    with firm[stage].opened(tmp_path / "alone") as alone:
        for name, ask in MATRIX.items():
            if ask.changes or role not in ask.roles:
                continue
            answer = repr(asked(ask, all_of_it, principal, all_of_it.things["priya"]))
            for other in others:
                assert other not in answer.lower(), f"{name} tells {role} about {other}"
            if not ask.pooled:
                before = repr(asked(ask, alone, principal, alone.things["priya"]))
                assert answer == before, f"{name} looks different to {role} because of others"


WORDS = st.sampled_from(
    (None, "North", "South", "priya", "joel", "parcel", *map(full_name, TEAMS), "deliveries")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    who=st.sampled_from(("priya", "sue")),
    agent=WORDS,
    team=WORDS,
    queue=WORDS,
    customer=st.sampled_from((None, "C-priya", "C-joel")),
    text=WORDS,
    behaviour=st.sampled_from((None, "empathy", "over_promise")),
    outcome=st.sampled_from((None, "met", "missed")),
)
def test_no_filter_reaches_further_than_the_rights(all_of_it: World, who: str, **wanted: Any) -> None:
    may = {"priya-call"} if who == "priya" else {"priya-call", "nina-call"}
    rows = list_calls(all_of_it.store, all_of_it[who], CallFilter(**wanted)).rows
    assert {row.call_id for row in rows} <= may


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_without_an_agent_or_a_team_one_sees_nothing(all_of_it: World, role: Any) -> None:
    nobody = Principal(9999, "X", role)
    assert list_calls(all_of_it.store, nobody).rows == ()
    assert list_calls(all_of_it.store, Principal(9999, "X", role, agent="", team="")).rows == ()


def test_a_promise_does_not_name_somebody_elses_call(firm: dict[str, Kept], tmp_path: Path) -> None:
    with firm["joel"].opened(tmp_path) as world:
        promise = _shown_by(world, "priya-call", "joel-call")
        keep_ledger(world.store, world["lea"], [promise])
        seen = {who: list_promises(world.store, world[who])[0] for who in ("priya", "sue", "lea")}
        assert {who: row.decided_by_call for who, row in seen.items()} == {
            "priya": None,
            "sue": None,
            "lea": "joel-call",
        }
        keep_ledger(world.store, world["lea"], [_shown_by(world, "priya-call", "priya-call")])
        assert list_promises(world.store, world["priya"])[0].decided_by_call == "priya-call"


def _shown_by(world: World, call: str, shown_by: str) -> Promise:
    from dataclasses import replace

    from made_rights import _promise

    return replace(_promise("priya", call), status="kept", decided_by_call=shown_by)


def test_nobody_rates_calls_that_they_may_not_see(firm: dict[str, Kept], tmp_path: Path) -> None:
    with firm["joel"].opened(tmp_path) as world:
        given = {"name": "n", "form": "default.v1", "calls": ["priya-call", "joel-call"]}
        with pytest.raises(QaError, match="sue may not see"):
            new_round(world.store, world["lea"], raters=["sue", "rita"], **given)
        new_round(world.store, world["lea"], raters=["sue", "rita"], **{**given, "calls": ["priya-call"]})
        assert [row.calls for row in list_rounds(world.store, world["sue"])] == [("priya-call",)]


def test_the_matrix_says_yes_to_somebody() -> None:
    assert all(ask.roles and ask.roles <= EVERY for ask in MATRIX.values())
    assert is_refused(f"NotAllowed: {NotAllowed('x')}")
