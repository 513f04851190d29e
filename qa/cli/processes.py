"""Starts workers: what a worker process runs, and a team of them for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qa.batch import Pipeline, work
from qa.engines import Team, start_team
from qa.settings import Settings
from qa.store import Store, open_store
from qa.store.jobs import release


def run_worker(name: str, settings: dict[str, Any], batch: str | None, until_empty: bool) -> None:
    """The body of a worker process: take jobs until none is left, or for ever."""
    made = Settings.model_validate(settings)
    store = open_store(made)
    try:
        work(store, Pipeline(made), batch=batch, until_empty=until_empty, owner=name)
    finally:
        store.close()


@contextmanager
def workers(
    size: int, *, settings: Settings, store: Store, batch: str | None = None, until_empty: bool = True
) -> Iterator[Team]:
    """A team of worker processes; a dead one's job is given back and another takes its place."""
    plain = settings.model_copy(update={"cpu_threads": settings.cpu_threads or 1})
    args = (plain.model_dump(), batch, until_empty)
    with start_team(size, run_worker, args, on_death=lambda name: _give_back(store, name)) as team:
        yield team


def _give_back(store: Store, name: str) -> None:
    release(store, name)
