"""Scoring many calls: durable, one bad file never stops the rest, the same work is done once.

What is handed in becomes a batch of jobs in the database. Whoever works (this process, ``qa worker``, the web
app's worker) takes jobs from there; :func:`score` works and reports until its batch is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from qa.batch.files import content_of
from qa.batch.pipeline import Pipeline
from qa.batch.worker import claim_group, do_group, new_owner, work
from qa.errors import QaError
from qa.formats.building import call_id_of
from qa.hearing import Source
from qa.store.engine import Store
from qa.store.jobs import NewItem, add_items, new_batch, release
from qa.store.progress import ItemRow, batch_items
from qa.store.scope import SYSTEM
from qa.values import Principal

__all__ = ["Outcome", "Pipeline", "enqueue", "follow", "score", "work"]

POLL_S = 0.2
HASHED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source. ``error`` is one line, given where the status is ``failed``."""

    name: str
    call_id: str
    status: Literal["scored", "not_scored", "failed"]
    score: float | None = None
    low: float | None = None
    high: float | None = None
    error: str | None = None
    error_kind: str | None = None
    why_no_score: str | None = None
    duplicate: bool = False


def enqueue(
    sources: Iterable[Source],
    *,
    store: Store,
    pipeline: Pipeline,
    principal: Principal = SYSTEM,
    label: str = "",
    meta: dict[str, Any] | None = None,
) -> str:
    """Put sources into the queue as one batch and return its id; whoever works takes them from there.

    Raises
    ------
    NotAllowed
        The principal may not hand in calls.
    StoreError
        The database can't be written.
    """
    batch = new_batch(store, principal, label=label)
    waiting = iter(sources)
    while some := tuple(islice(waiting, HASHED_AT_ONCE)):
        add_items(store, principal, batch, [_item(source, pipeline, meta or {}) for source in some])
    return batch


def _item(source: Source, pipeline: Pipeline, meta: dict[str, Any]) -> NewItem:
    name = str(source.path)
    try:
        content = content_of(source)
        work_key = pipeline.work_key(source, content)
    except QaError as err:
        return NewItem(name, error=str(err))
    return NewItem(
        name,
        work_key=work_key,
        source={
            "recording": None if source.recording is None else str(source.recording.resolve()),
            "transcript": None if source.transcript is None else str(source.transcript.resolve()),
            "content_sha256": content.sha256,
            "form": pipeline.form,
            "meta": meta,
        },
    )


def score(
    sources: Iterable[Source],
    *,
    store: Store,
    pipeline: Pipeline,
    principal: Principal = SYSTEM,
    label: str = "",
    on_start: Callable[[str, int], None] | None = None,
) -> Iterator[Outcome]:
    """Score sources in this process, one after another, and say what became of each, in the order given.

    Other workers may take jobs of the same batch meanwhile. Nothing that was scored before is scored again.

    Parameters
    ----------
    on_start
        Told the batch's id and the number of its sources once they are queued.
    """
    batch = enqueue(sources, store=store, pipeline=pipeline, principal=principal, label=label)
    if on_start is not None:
        on_start(batch, len(batch_items(store, principal, batch, limit=1_000_000)))
    owner = new_owner()

    def do_some() -> bool:
        group = claim_group(store, pipeline, owner, batch=batch)
        if group:
            do_group(store, pipeline, group)
        return bool(group)

    try:
        yield from follow(store, batch, principal=principal, meanwhile=do_some)
    finally:
        release(store, owner)


def follow(
    store: Store, batch: str, *, principal: Principal = SYSTEM, meanwhile: Callable[[], bool] = lambda: False
) -> Iterator[Outcome]:
    """What became of each source of a batch, in order, as they end.

    Parameters
    ----------
    meanwhile
        Called while sources are outstanding; False says that it had nothing to do.
    """
    last = -1
    while True:
        items = batch_items(store, principal, batch, after=last)
        if not items:
            return
        for item in items:
            if item.state not in ("done", "failed"):
                break
            last = item.n
            yield _outcome(item)
        else:
            continue
        if not meanwhile():
            time.sleep(POLL_S)


def _outcome(item: ItemRow) -> Outcome:
    if item.state == "failed" or item.call_id is None:
        named = call_id_of(_as_path(item.name))
        return Outcome(
            item.name, named, "failed", error=item.error, error_kind=item.error_kind, duplicate=item.duplicate
        )
    return Outcome(
        name=item.name,
        call_id=item.call_id,
        status="not_scored" if item.score is None else "scored",
        score=item.score,
        low=item.low,
        high=item.high,
        why_no_score=item.why_no_score,
        duplicate=item.duplicate,
    )


def _as_path(name: str) -> Any:
    from pathlib import Path

    return Path(name)
