"""What runs beside the app: one worker of its own, started and stopped with it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from qa.batch import Pipeline, work
from qa.engines import Team, start_team
from qa.settings import Settings
from qa.store import Store, open_store
from qa.store.jobs import release
from qa.store.sessions import revoke_all_made_by
from qa.web import state
from qa.web.intake import tidy
from qa.web.oidc_route import HOW

log = logging.getLogger(__name__)

WORKERS = "QA_SERVE_WORKERS"
"""How many workers the app brings; 0 where others do the work (`qa worker`)."""

LOOK_AFTER_S = 2.0


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Open what every page needs, then keep the worker alive until the app ends."""
    store = state.store()
    tidy(store.home)
    close_ways_in(store, state.settings())
    state.cards()
    state.library()
    size = int(os.environ.get(WORKERS, "1"))
    if size == 0:
        yield
        state.forget()
        return
    arguments = (state.settings().model_dump(),)
    with start_team(size, run_worker, arguments, on_death=lambda name: _give_back(name)) as team:
        watching = asyncio.create_task(_watch(team))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
    state.forget()


def close_ways_in(store: Store, settings: Settings) -> None:
    """End the sessions of a way in that was switched off since."""
    if not settings.local_sign_in:
        revoke_all_made_by(store, "password")
    if settings.oidc is None:
        revoke_all_made_by(store, HOW)


def run_worker(name: str, settings: dict[str, Any]) -> None:
    """The body of the worker process: take jobs for ever."""
    made = Settings.model_validate(settings)
    store = open_store(made)
    try:
        work(store, Pipeline(made), owner=name)
    finally:
        store.close()


async def _watch(team: Team) -> None:
    while True:
        await asyncio.sleep(LOOK_AFTER_S)
        team.look_after()


def _give_back(name: str) -> None:
    release(state.store(), name)
