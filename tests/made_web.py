"""A small firm made for the tests of the web app: two agents of two teams, and an account for every role."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pytest
from made_store import keep, made_call, made_scored
from streamlit.testing.v1 import AppTest

from qa.store import SYSTEM, Store
from qa.store import accounts as accounts_module
from qa.store.accounts import add_account
from qa.store.rows import RecordingFacts
from qa.values import Principal
from qa.web import identity, state

PASSWORD = "correct horse battery"
OWN, FOREIGN = "priyas-call", "joels-call"
SOUND = bytes(range(256)) * 40


@dataclass(frozen=True)
class Firm:
    """The open store and who there is."""

    store: Store
    admin: Principal
    lead: Principal
    supervisor: Principal
    priya: Principal


def make_firm(home: Path, monkeypatch: pytest.MonkeyPatch) -> Firm:
    """Calls, sound and accounts under ``home``, and the app pointed there."""
    monkeypatch.setenv("QA_HOME", str(home))
    # The real hash costs a third of a second by design; its strength is not what these tests are about.
    monkeypatch.setattr(accounts_module, "_hasher", _quick_hasher)
    state.forget()
    store = state.store()
    for call_id, agent, team in ((OWN, "Priya Nair", "North"), (FOREIGN, "Joel Okafor", "South")):
        keep_with_sound(store, call_id, agent=agent, team=team)
    made = {
        role: add_account(
            store, SYSTEM, login=login, role=role, password=PASSWORD, name=name, agent=agent, team=team
        )
        for role, login, name, agent, team in (
            ("admin", "anna", "Anna", None, None),
            ("lead", "lea", "Lea", None, None),
            ("supervisor", "sue", "Sue", None, "North"),
            ("agent", "priya", "Priya", "Priya Nair", None),
        )
    }
    people = {
        role: Principal(row.account_id, row.name, row.role, row.agent, row.team)  # type: ignore[arg-type]
        for role, row in made.items()
    }
    return Firm(store, people["admin"], people["lead"], people["supervisor"], people["agent"])


def keep_with_sound(store: Store, call_id: str, *, agent: str, team: str, score: float | None = 80.0) -> None:
    """One call whose listening copy is a file of known bytes."""
    place = f"listening/{call_id}.mp3"
    (store.home / "listening").mkdir(exist_ok=True)
    (store.home / place).write_bytes(SOUND)
    scored = made_scored(made_call(call_id, agent=agent), score=score, team=team)
    facts = RecordingFacts(
        sha256=f"{call_id:0<64}", path=f"recordings/{call_id}.wav", size_bytes=10, kind="two_channels"
    )
    keep(store, replace(scored, source=replace(scored.source, recording=facts, listening_path=place)))


@lru_cache(maxsize=1)
def _quick_hasher() -> object:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def open_page(monkeypatch: pytest.MonkeyPatch, principal: Principal, page: str, **params: str) -> AppTest:
    """One page as this principal sees it, run to its end."""
    monkeypatch.setattr(identity, "current_principal", lambda: principal)

    def script(name: str) -> None:
        import streamlit as st

        from qa.errors import QaError
        from qa.web import identity, navigation

        try:
            navigation.show(identity.current_principal(), first=name)
        except QaError as err:
            st.error(str(err))

    app = AppTest.from_function(script, kwargs={"name": page}, default_timeout=180)
    for key, value in params.items():
        app.query_params[key] = value
    return app.run()


def words_of(app: AppTest) -> str:
    """Everything a page says in words."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.info)
    said = [element.value for kind in kinds for element in kind]
    said += [f"{one.label} {one.value}" for one in app.metric]
    said += [getattr(one.proto, "label", "") for one in app.get("page_link")]
    return "\n".join(said).replace("\\", "")
