"""Accounts, sessions and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from made_store import new_store
from sqlalchemy import select, text

from qa.errors import NotAllowed, SettingsError
from qa.store import SYSTEM, Store
from qa.store import accounts as accounts_module
from qa.store import attempts as attempts_module
from qa.store import sessions as sessions_module
from qa.store.accounts import (
    add_account,
    authenticate,
    has_accounts,
    list_accounts,
    set_active,
    set_password,
    set_role,
)
from qa.store.attempts import PER_LOGIN, TooManyAttempts
from qa.store.audit import check_chain, list_audit, record
from qa.store.sessions import (
    create_session,
    list_sessions,
    principal_of,
    revoke,
    revoke_session,
)
from qa.store.tables import Account, Session
from qa.values import Principal

PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts_module, "_hasher", lambda: quick)
    accounts_module._nobodys_hash.cache_clear()
    return new_store(tmp_path)


@pytest.fixture
def lea(store: Store) -> Principal:
    add_account(
        store, SYSTEM, login="Lea@Example.org", role="lead", password=PASSWORD, email="Lea@example.org"
    )
    found = authenticate(store, "lea@example.org", PASSWORD)
    assert found is not None
    return found


def test_a_right_password_says_who_it_is(store: Store) -> None:
    add_account(store, SYSTEM, login="priya", role="agent", agent="Priya Nair", password=PASSWORD)
    found = authenticate(store, " PRIYA ", PASSWORD)
    assert found is not None
    assert (found.role, found.agent, found.name) == ("agent", "Priya Nair", "Priya Nair")


@pytest.mark.parametrize(
    ("login", "password"), [("lea@example.org", "wrong"), ("nobody", PASSWORD), ("", "")]
)
def test_anything_wrong_gives_nobody(store: Store, lea: Principal, login: str, password: str) -> None:
    assert authenticate(store, login, password) is None


def test_an_account_without_a_password_has_no_password_that_fits(store: Store) -> None:
    add_account(store, SYSTEM, login="sso", role="lead")
    assert authenticate(store, "sso", "") is None
    assert not list_accounts(store, SYSTEM)[0].has_password


def test_too_many_wrong_passwords_are_refused_even_the_right_one(store: Store, lea: Principal) -> None:
    for _ in range(PER_LOGIN):
        assert authenticate(store, "lea@example.org", "wrong") is None
    with pytest.raises(TooManyAttempts, match="wait 15 minutes"):
        authenticate(store, "lea@example.org", PASSWORD)


def test_many_logins_from_one_address_are_refused(
    store: Store, lea: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "PER_ADDRESS", 3)
    for n in range(3):
        authenticate(store, f"guess{n}", "x", ip="10.0.0.9")
    with pytest.raises(TooManyAttempts):
        authenticate(store, "lea@example.org", PASSWORD, ip="10.0.0.9")
    assert authenticate(store, "lea@example.org", PASSWORD, ip="10.0.0.10") is not None


def test_nothing_secret_is_kept_in_the_clear(store: Store, lea: Principal) -> None:
    token = create_session(store, lea)
    with store.reading() as connection:
        kept = str(connection.execute(select(Account.__table__)).all())
        kept += str(connection.execute(select(Session.__table__)).all())
        kept += str(connection.execute(text("SELECT * FROM login_attempt")).all())
    assert PASSWORD not in kept
    assert token not in kept
    assert "$argon2id$" in kept


def test_a_session_says_who_is_there_until_it_is_revoked(store: Store, lea: Principal) -> None:
    token = create_session(store, lea, ip="10.0.0.1")
    assert principal_of(store, token) == lea
    assert principal_of(store, token + "x") is None
    assert principal_of(store, None) is None
    revoke(store, token)
    assert principal_of(store, token) is None


def _deactivate(store: Store) -> None:
    set_active(store, SYSTEM, "lea@example.org", active=False)


def _new_password(store: Store) -> None:
    set_password(store, SYSTEM, "lea@example.org", PASSWORD + "!")


@pytest.mark.parametrize("change", [_deactivate, _new_password])
def test_a_session_ends_with_its_account_or_password(
    store: Store, lea: Principal, change: Callable[[Store], None]
) -> None:
    token = create_session(store, lea)
    change(store)
    assert principal_of(store, token) is None
    assert authenticate(store, "lea@example.org", PASSWORD) is None


def test_a_new_role_counts_at_once(store: Store, lea: Principal) -> None:
    token = create_session(store, lea)
    set_role(store, SYSTEM, "lea@example.org", role="supervisor", team="North")
    found = principal_of(store, token)
    assert found is not None
    assert (found.role, found.team) == ("supervisor", "North")


@pytest.mark.parametrize(("name", "later_s"), [("LASTS_S", 12 * 3600 + 1), ("IDLE_S", 2 * 3600 + 1)])
def test_a_session_ends_by_itself(
    store: Store, lea: Principal, monkeypatch: pytest.MonkeyPatch, name: str, later_s: int
) -> None:
    token = create_session(store, lea)
    now = sessions_module.now_ms()
    monkeypatch.setattr(sessions_module, "now_ms", lambda: now + later_s * 1000)
    assert principal_of(store, token) is None
    assert list_sessions(store, SYSTEM) == ()


def test_one_ends_own_sessions_and_only_an_admin_those_of_others(store: Store, lea: Principal) -> None:
    create_session(store, lea)
    (session,) = list_sessions(store, lea)
    other = Principal(99, "Tom", "agent", agent="Tom Reed")
    assert list_sessions(store, other) == ()
    with pytest.raises(NotAllowed):
        revoke_session(store, other, session.session_id)
    revoke_session(store, lea, session.session_id)
    assert list_sessions(store, lea) == ()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"login": "two words", "role": "lead"}, "one word"),
        ({"login": "x", "role": "boss"}, "no role 'boss'"),
        ({"login": "x", "role": "agent"}, "needs the agent's name"),
        ({"login": "x", "role": "supervisor"}, "name of the team"),
        ({"login": "x", "role": "lead", "password": "short"}, "too short"),
        ({"login": "x" * 12, "role": "lead", "password": "X" * 12}, "is the login"),
        ({"login": "LEA@example.org", "role": "lead"}, "already an account"),
    ],
)
def test_an_account_that_can_not_be_made_says_why(
    store: Store, lea: Principal, given: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        add_account(store, SYSTEM, **given)


def test_only_admins_make_and_see_accounts(store: Store, lea: Principal) -> None:
    with pytest.raises(NotAllowed):
        add_account(store, lea, login="x", role="admin", password=PASSWORD)
    with pytest.raises(NotAllowed):
        list_accounts(store, lea)
    with pytest.raises(NotAllowed):
        set_role(store, lea, "lea@example.org", role="admin")
    with pytest.raises(NotAllowed, match="another's account"):
        set_password(store, lea, "nobody", PASSWORD)
    set_password(store, lea, "lea@example.org", PASSWORD + "!")


def test_the_last_admin_stays(store: Store) -> None:
    assert not has_accounts(store)
    add_account(store, SYSTEM, login="root", role="admin", password=PASSWORD)
    with pytest.raises(SettingsError, match="last admin"):
        set_active(store, SYSTEM, "root", active=False)
    with pytest.raises(SettingsError, match="last admin"):
        set_role(store, SYSTEM, "root", role="lead")
    add_account(store, SYSTEM, login="root2", role="admin", password=PASSWORD)
    set_active(store, SYSTEM, "root", active=False)
    assert has_accounts(store)


def test_every_change_is_in_the_log_and_the_log_is_whole(store: Store, lea: Principal) -> None:
    record(store, lea, "listen", object="call", object_id="c1", ip="10.0.0.1")
    log = list_audit(store, lea)
    assert [entry.action for entry in log] == ["listen", "sign in", "make account"]
    assert log[0].object_id == "c1"
    assert check_chain(store) == (3, None)
    with pytest.raises(NotAllowed):
        list_audit(store, Principal(9, "Tom", "agent", agent="Tom Reed"))


def test_a_row_changed_behind_the_programs_back_is_found(store: Store, lea: Principal) -> None:
    record(store, lea, "listen", object="call", object_id="c1")
    with store.writing() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'somebody else' WHERE id = 2"))
    assert check_chain(store) == (1, 2)
