"""A small scored database and the people of a quality team, for tests of what people decide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from made_data import make_data, write_call

from qa.batch import Pipeline, enqueue, work
from qa.hearing import find_inputs
from qa.settings import Settings
from qa.store import SYSTEM, Store, list_calls, open_store
from qa.store.accounts import add_account, list_accounts
from qa.values import Principal

PROMISES = "I guarantee it arrives. I am so sorry to hear that."
"""Met: empathy. Missed: it promises too much."""


@dataclass(frozen=True)
class Desk:
    """A store with calls, the pipeline that scored them, and who works with it."""

    store: Store
    pipeline: Pipeline
    settings: Settings
    people: dict[str, Principal]

    def __getitem__(self, login: str) -> Principal:
        return self.people[login]


def made_desk(folder: Path, *, calls: int = 1, says: str = PROMISES, **settings: object) -> Desk:
    """Score ``calls`` calls of one agent and open an account for each role."""
    for n in range(calls):
        write_call(folder / "calls", f"c{n}", says=says)
    made = Settings(
        home=folder / "home",
        data=make_data(folder / "data"),
        models=folder / "models",
        **settings,  # type: ignore[arg-type]
    )
    store, pipeline = open_store(made), Pipeline(made)
    enqueue(find_inputs([folder / "calls"]), store=store, pipeline=pipeline)
    work(store, pipeline, until_empty=True)
    agent = list_calls(store, SYSTEM).rows[0].agent
    for login, role in (
        ("ada", "admin"),
        ("lea", "lead"),
        ("leo", "lead"),
        ("rita", "reviewer"),
        ("rob", "reviewer"),
    ):
        add_account(store, SYSTEM, login=login, role=role, name=login.capitalize())
    add_account(store, SYSTEM, login="amy", role="agent", agent=agent or "Amy Agent", name="Amy")
    add_account(store, SYSTEM, login="tom", role="agent", agent="Tom Reed", name="Tom")
    people = {
        row.login: Principal(row.account_id, row.name, row.role, row.agent, row.team)  # type: ignore[arg-type]
        for row in list_accounts(store, SYSTEM)
    }
    return Desk(store, pipeline, made, people)
