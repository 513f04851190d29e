"""``qa worker``: takes queued calls and scores them, beside whatever else works."""

from __future__ import annotations

import signal
import threading
import time
from typing import Annotated

import typer

from qa.batch import Pipeline, work
from qa.cli import processes
from qa.cli.score import check
from qa.settings import load_settings
from qa.store import open_store


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="worker")(worker)


def worker(
    n: Annotated[int, typer.Option("--workers", "-n", min=1, max=256, help="How many processes.")] = 1,
    model: Annotated[str | None, typer.Option(help="Speech model: a name or a directory.")] = None,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="End when nothing waits; else wait for more.")
    ] = False,
) -> None:
    """Score what is queued.

    Start as many as you like, on as many machines as reach the same database (QA_DATABASE_URL) and the same
    QA_HOME. A worker that dies leaves its call to the others. Ctrl-C lets the call at hand finish.
    """
    settings = load_settings(model=model)
    pipeline = Pipeline(settings)
    check(pipeline)
    store = open_store(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        if n == 1:
            ended = work(store, pipeline, until_empty=until_empty, stopped=stop.is_set)
            typer.echo(f"{ended} calls done", err=True)
            return
        with processes.workers(n, settings=settings, store=store, until_empty=until_empty) as team:
            while not stop.is_set() and team.size:
                team.look_after()
                time.sleep(0.5)
    finally:
        store.close()
