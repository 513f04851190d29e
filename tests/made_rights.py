"""A firm in which every object belongs to somebody, for the tests of who may see and do what.

Two agents of the team North (Priya, Nina), one of South (Joel), and everybody who works with their calls. Whatever is
about an agent carries the agent's first name in its id or text, so that a result which holds somebody's name holds
something about them. The database is kept after each agent: what exists later must change nothing for those before.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from made_data import make_data, write_call
from sqlalchemy import text

from qa.batch import Pipeline, enqueue, work
from qa.hearing import find_inputs
from qa.promises import FollowUp, Promise
from qa.review.course import comment
from qa.review.deciding import label_finding, review_answer
from qa.review.disputing import open_dispute
from qa.review.rounds import rate_call
from qa.settings import Settings
from qa.store import SYSTEM, Store, load_call, open_store
from qa.store.accounts import add_account, list_accounts
from qa.store.acknowledgements import acknowledge
from qa.store.audit import record
from qa.store.calibrations import new_round
from qa.store.identities import link_identity
from qa.store.promises import keep_follow_ups, keep_ledger, mark_promise
from qa.store.samples import NewSample, keep_sample
from qa.store.sessions import create_session, list_sessions
from qa.store.staff import StaffRow, keep_staff
from qa.values import Principal, Span

TEAMS = {"priya": "North", "nina": "North", "joel": "South"}
STAFF = {
    "ada": "admin",
    "lea": "lead",
    "leo": "lead",
    "rita": "reviewer",
    "rob": "reviewer",
    "sue": "supervisor",
    "yara": "supervisor",
}
ROLES = {"admin": "ada", "lead": "lea", "reviewer": "rita", "supervisor": "sue", "agent": "priya"}
"""Who asks for each role. Sue is the supervisor of North."""

SOUND = bytes(range(256)) * 8


@dataclass(frozen=True)
class Things:
    """What there is about one agent, or, under these names, about nobody."""

    call: str
    dispute: str
    promise: str
    round: str
    sample: str
    finding: str
    criterion: str
    batch: str
    agent: str
    login: str
    session: str
    customer: str
    content: str


MISSING = Things(
    call="zoe-call",
    dispute="zoe-dispute",
    promise="zoe-call:2:0",
    round="zoe-round",
    sample="zoe-sample",
    finding="f9999-1",
    criterion="promises_only_what_will_happen",
    batch="zoe-batch",
    agent="Zoe Nobody",
    login="zoe",
    session="999999",
    customer="C-zoe",
    content="0" * 64,
)


@dataclass(frozen=True)
class World:
    """The open store with what works on it, everybody, and what is about whom."""

    store: Store
    settings: Settings
    pipeline: Pipeline
    people: dict[str, Principal]
    things: dict[str, Things]
    scratch: Path

    def __getitem__(self, login: str) -> Principal:
        return self.people[login]


@dataclass(frozen=True)
class Kept:
    """The firm as it was once, to be opened as often as one likes."""

    home: Path
    world: World

    @contextmanager
    def opened(self, folder: Path) -> Iterator[World]:
        """A copy that may be changed."""
        settings = self.world.settings.model_copy(update={"home": _copied(self.home, folder)})
        store = open_store(settings)
        try:
            yield replace(self.world, store=store, settings=settings, scratch=folder)
        finally:
            store.close()


def made_firm(folder: Path) -> dict[str, Kept]:
    """The firm after each agent was added, by the agent's login; the last holds everybody."""
    settings = Settings(home=folder / "home", data=make_data(folder / "data"), models=folder / "models")
    store, pipeline = open_store(settings), Pipeline(settings)
    people = _everybody(store)
    world, kept, promises = World(store, settings, pipeline, people, {}, folder), {}, list[Promise]()
    for login in TEAMS:
        world.things[login] = _add(world, login, promises)
        kept[login] = Kept(_copied(settings.home, folder / f"after-{login}"), world)
    store.close()
    return kept


def full_name(login: str) -> str:
    """The agent's name as it stands in the calls."""
    return f"{login.capitalize()} Agent"


def _everybody(store: Store) -> dict[str, Principal]:
    for login, role in STAFF.items():
        team = {"sue": "North", "yara": "South"}.get(login)
        add_account(store, SYSTEM, login=login, role=role, team=team, name=login.capitalize())
    for login in TEAMS:
        add_account(store, SYSTEM, login=login, role="agent", agent=full_name(login), name=login.capitalize())
    return {
        row.login: Principal(row.account_id, row.name, row.role, row.agent, row.team)  # type: ignore[arg-type]
        for row in list_accounts(store, SYSTEM)
    }


def _add(world: World, login: str, promises: list[Promise]) -> Things:
    store, pipeline, settings = world.store, world.pipeline, world.settings
    call = f"{login}-call"
    says = f"I guarantee it arrives, {login}. I am so sorry to hear that."
    path = write_call(world.scratch / "calls" / login, call, agent=full_name(login), says=says)
    keep_staff(
        store, SYSTEM, [StaffRow(full_name(login), team=TEAMS[login], groups={"site": f"{login} hall"})]
    )
    batch = enqueue(
        find_inputs([path]), store=store, pipeline=pipeline, principal=world["rita"], label=f"{login} batch"
    )
    work(store, pipeline, until_empty=True)
    _with_sound(store, login, call)
    me, stored = world[login], load_call(store, SYSTEM, call)
    finding = stored.finding_ids[0]
    review_answer(
        store, world["rob"], pipeline, call, criterion="acknowledges", outcome="met", reason=f"about {login}"
    )
    label_finding(store, world["rob"], pipeline, call, present=True, reason=f"about {login}", finding=finding)
    acknowledge(store, me, call, comment=f"{login} has seen it")
    dispute, _ = open_dispute(
        store,
        me,
        pipeline,
        call,
        ground="other",
        text=f"{login} does not agree",
        settings=settings,
        criterion=MISSING.criterion,
    )
    comment(store, me, dispute.dispute, f"{login} adds this")
    form = load_call(store, SYSTEM, call).evaluation.form
    made = new_round(store, SYSTEM, name=f"{login} round", form=form, calls=[call], raters=["rita", "rob"])
    rate_call(store, world["rob"], made, call, {"acknowledges": ("met", None)}, notes={"acknowledges": login})
    keep_sample(
        store,
        SYSTEM,
        round_name=f"{login}-sample",
        seed=1,
        samples=[NewSample(call, full_name(login), 1.0, "rita")],
    )
    promises.append(_promise(login, call))
    keep_ledger(store, SYSTEM, promises)
    mark_promise(store, world["lea"], promises[-1].promise_id, status="kept", note=f"{login} did it")
    # The next ledger is made of these, as they stand.
    promises[-1] = replace(promises[-1], status="kept", because=f"Marked by Lea. {login} did it")
    keep_follow_ups(store, SYSTEM, [FollowUp(True, call_id=call, what=f"{login} rang")])
    link_identity(store, SYSTEM, login, iss="https://login.firm.example", sub=f"{login}-sub")
    record(store, me, "listen", object="call", object_id=call)
    create_session(store, me, ip="10.0.0.1")
    return Things(
        call=call,
        dispute=dispute.dispute,
        promise=promises[-1].promise_id,
        round=made,
        sample=f"{login}-sample",
        finding=load_call(store, SYSTEM, call).finding_ids[0],
        criterion=MISSING.criterion,
        batch=batch,
        agent=full_name(login),
        login=login,
        session=str(list_sessions(store, me)[0].session_id),
        customer=f"C-{login}",
        content=_content(store, call),
    )


def _promise(login: str, call: str) -> Promise:
    at = datetime(2025, 3, 3, 9, tzinfo=UTC)
    return Promise(
        promise_id=f"{call}:2:0",
        call_id=call,
        agent=full_name(login),
        customer=f"C-{login}",
        queue="deliveries",
        who="agent",
        what=f"{login} rings back",
        kind="contact",
        by="tomorrow",
        due=at + timedelta(days=1),
        amount=None,
        said_at=at,
        span=Span(9.5, 12.0),
        probability=0.9,
    )


def _with_sound(store: Store, login: str, call: str) -> None:
    place = f"listening/{call}.mp3"
    (store.home / "listening").mkdir(exist_ok=True)
    (store.home / place).write_bytes(SOUND)
    values = {"place": place, "customer": f"C-{login}", "call": call}
    with store.writing() as connection:
        connection.execute(
            text("UPDATE call SET listening_path = :place, customer = :customer WHERE call_id = :call"),
            values,
        )


def _content(store: Store, call: str) -> str:
    with store.reading() as connection:
        query = text("SELECT content_sha256 FROM call WHERE call_id = :call")
        return str(connection.execute(query, {"call": call}).scalar_one())


def _copied(home: Path, folder: Path) -> Path:
    target = folder / "home"
    target.mkdir(parents=True)
    with sqlite3.connect(home / "qa.db") as source, sqlite3.connect(target / "qa.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    shutil.copytree(home / "listening", target / "listening")
    return target


def without_names(said: str, things: Things) -> str:
    """A text with the names of these things taken out, so that two of them can be compared."""
    for field, value in sorted(asdict(things).items(), key=lambda one: -len(one[1])):
        # A question is nobody's, and a short number is anywhere.
        if field not in ("criterion", "session"):
            said = said.replace(value, f"<{field}>")
    return said
