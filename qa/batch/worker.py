"""The worker: claim jobs, keep their leases alive, score the calls, keep everything of one in one transaction.

A file that can't be scored fails alone, with one line. A worker that dies leaves its job to the next one; what
it had half done is not in the database, and files it copied are found again by their hash.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.audio.decoding import VOX_RATE_HZ
from qa.batch.deliver import deliver_due
from qa.batch.files import Content, content_of, keep_file, make_listening_copy
from qa.batch.pipeline import Pipeline, Result, needs_words
from qa.batch.promised import renew_promises
from qa.errors import InputError, QaError, StoreError
from qa.hearing import Source
from qa.metadata import Metadata
from qa.promises import load_phrases
from qa.scoring import form_hash
from qa.store.calls import load_heard
from qa.store.engine import Store
from qa.store.forms_used import refuse_changed_form
from qa.store.jobs import LEASE_S, Claimed, LostLeaseError, claim, fail, finish, heartbeat, release
from qa.store.rows import RecordingFacts, Scored, SourceFacts
from qa.store.saving import save_scored
from qa.store.webhooks import announce_score
from qa.values import Call

log = logging.getLogger(__name__)

IDLE_S = 0.5
DELIVER_EVERY_S = 5.0
"""How often messages to other programs are looked for, beside the work."""


def new_owner() -> str:
    """A name for this worker that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def work(
    store: Store,
    pipeline: Pipeline,
    *,
    batch: str | None = None,
    until_empty: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    owner: str | None = None,
    lease_s: float = LEASE_S,
) -> int:
    """Do jobs, one after another; how many were ended.

    Parameters
    ----------
    batch
        Only jobs of this batch.
    until_empty
        Return when nothing waits, rather than waiting for more.
    stopped
        Asked between two jobs.
    owner
        A name no other worker has; None makes one.
    """
    owner, ended = owner or new_owner(), 0
    delivered_at = 0.0
    _ = pipeline.classifier  # loaded before anything is claimed: loading must not eat a lease
    try:
        while not stopped():
            if time.monotonic() - delivered_at >= DELIVER_EVERY_S:
                deliver_due(store, pipeline.settings)
                delivered_at = time.monotonic()
            group = claim_group(store, pipeline, owner, batch=batch, lease_s=lease_s)
            if group:
                do_group(store, pipeline, group, lease_s=lease_s)
                ended += len(group)
            elif until_empty:
                break
            else:
                time.sleep(IDLE_S)
        deliver_due(store, pipeline.settings)
    finally:
        release(store, owner)
    return ended


def claim_group(
    store: Store, pipeline: Pipeline, owner: str, *, batch: str | None = None, lease_s: float = LEASE_S
) -> tuple[Claimed, ...]:
    """The next jobs to be done together; one alone where a job before took a worker down, or needs no words."""
    first = claim(store, owner, batch=batch, lease_s=lease_s)
    if first is None:
        return ()
    group = [first]
    while len(group) < pipeline.calls_at_once and _may_share(group[-1]):
        another = claim(store, owner, batch=batch, lease_s=lease_s, only_fresh=True)
        if another is None:
            break
        group.append(another)
    return tuple(group)


def _may_share(claimed: Claimed) -> bool:
    return claimed.attempt == 1 and needs_words(source_from_json(claimed.source))


@dataclass(slots=True)
class _Work:
    """A claimed job on its way: what is known of it so far. An error stands where its call would."""

    claimed: Claimed
    pipeline: Pipeline
    stage: Callable[[str], None]
    source: Source
    content: Content
    metadata: Metadata
    call: Call | Exception | None


def do_group(store: Store, pipeline: Pipeline, group: Sequence[Claimed], *, lease_s: float = LEASE_S) -> None:
    """Do jobs to their ends: each scored, or failed with one line. What becomes of one is nothing to the others.

    Losing the lease is no failure.
    """
    with ExitStack() as kept_alive:
        begun: list[_Work] = []
        for claimed in group:
            stage = kept_alive.enter_context(_kept_alive(store, claimed, lease_s))
            with _ended_by_error(store, claimed):
                begun.append(_begin(store, pipeline, claimed, stage))
        _hear(begun)
        for work_ in begun:
            with _ended_by_error(store, work_.claimed):
                started = time.monotonic()
                _score(store, work_)
                log.info("job %d: scored in %.1f s", work_.claimed.job_id, time.monotonic() - started)


@contextmanager
def _ended_by_error(store: Store, claimed: Claimed) -> Iterator[None]:
    """An error inside ends this job with one line."""
    try:
        yield
    except LostLeaseError:
        log.warning("job %d: another worker took it over", claimed.job_id)
    except QaError as err:
        _give_up(store, claimed, str(err), type(err).__name__)
    except OSError as err:
        full = err.errno == errno.ENOSPC
        what = "the disk is full; free some space and retry" if full else str(err.strerror or err)
        _give_up(store, claimed, f"{claimed.name}: {what}", type(err).__name__)
    except Exception as err:  # one bad call must never stop the others
        # The message of a stranger's error may hold words of the call: only its kind and place are told.
        where = traceback.extract_tb(err.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        log.error(  # noqa: TRY400 - never the message
            "job %d: %s at %s\n%s", claimed.job_id, type(err).__name__, place, _trail(err)
        )
        error = f"{claimed.name}: a fault of this program ({type(err).__name__} at {place}); please report it"
        _give_up(store, claimed, error, type(err).__name__)


def _trail(err: Exception) -> str:
    frames = traceback.extract_tb(err.__traceback__)
    return "\n".join(f"  {Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames)


def _give_up(store: Store, claimed: Claimed, error: str, kind: str) -> None:
    log.info("job %d: failed with %s", claimed.job_id, kind)
    try:
        fail(store, claimed, error=" ".join(error.split()), kind=kind)
    except LostLeaseError:
        log.warning("job %d: another worker took it over", claimed.job_id)


@contextmanager
def _kept_alive(store: Store, claimed: Claimed, lease_s: float) -> Iterator[Callable[[str], None]]:
    """Extend the lease from a thread while the body works; gives a function that tells the stage."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(lease_s / 3):
            try:
                if not heartbeat(store, claimed, lease_s=lease_s):
                    return
            except StoreError as err:
                log.warning("job %d: no heartbeat: %s", claimed.job_id, err)

    thread = threading.Thread(target=beat, name=f"heartbeat-{claimed.job_id}", daemon=True)
    thread.start()
    try:
        yield lambda stage: _tell(store, claimed, stage, lease_s)
    finally:
        ended.set()
        thread.join()


def _tell(store: Store, claimed: Claimed, stage: str, lease_s: float) -> None:
    if not heartbeat(store, claimed, stage=stage, lease_s=lease_s):
        raise LostLeaseError(f"{claimed.name}: another worker took this job over")


def _begin(store: Store, pipeline: Pipeline, claimed: Claimed, stage: Callable[[str], None]) -> _Work:
    """All that comes before hearing; a call that was heard before is taken from the store."""
    source = source_from_json(claimed.source)
    content = content_of(source)
    if content.sha256 != claimed.source["content_sha256"]:
        raise InputError(f"{claimed.name}: was changed while it waited; hand it in again")
    if claimed.source.get("form"):
        pipeline = with_form(pipeline, claimed.source["form"])
    stage("hearing")
    load_phrases(pipeline.settings.data)  # a mistake in them is told now, not when the call is scored
    pipeline.check_words(source)
    metadata = pipeline.metadata(source)
    with store.reading() as connection:
        form = pipeline.form_for(metadata.queue)
        # Before the hearing: a form that can't be kept must not cost an hour of transcription first.
        refuse_changed_form(connection, name=form.id, sha256=form_hash(form))
        call = load_heard(connection, content.sha256, pipeline.hearing_print(source, metadata))
    return _Work(claimed, pipeline, stage, source, content, metadata, call)


def _hear(begun: Sequence[_Work]) -> None:
    """Calls for those that have none: recordings without words together, the others as they come."""
    waiting = [one for one in begun if one.call is None]
    together = [one for one in waiting if needs_words(one.source)]
    if len(together) > 1:
        try:
            heard = together[0].pipeline.hear_many([(one.source, one.metadata) for one in together])
        except Exception as err:  # the model can't be loaded, and the like: each job says so
            heard = (err,) * len(together)
        for one, call in zip(together, heard, strict=True):
            one.call = call


def _score(store: Store, work_: _Work) -> None:
    pipeline, claimed, stage = work_.pipeline, work_.claimed, work_.stage
    source, content, metadata = work_.source, work_.content, work_.metadata
    if isinstance(work_.call, Exception):
        raise work_.call
    call = work_.call or pipeline.hear(source, metadata)
    result = pipeline.score(call, source=source, content=content, metadata=metadata, stage=stage)
    stage("keeping")
    facts = keep_files(
        store.home,
        source,
        content,
        result,
        channels=pipeline.settings.channels,
        vox_rate_hz=pipeline.settings.vox_rate_hz,
    )
    with store.writing() as connection:
        saved = save_scored(connection, to_keep(result, facts, claimed))
        finish(connection, claimed, call_row_id=saved.row_id, evaluation_id=saved.evaluation_id)
        if saved.new:
            evaluation = result.evaluation
            announce_score(
                connection,
                store,
                call_id=saved.call_id,
                score=evaluation.score,
                low=evaluation.low,
                high=evaluation.high,
                form=evaluation.form,
                auto_failed_by=evaluation.auto_failed_by,
                agent=result.call.agent,
            )
    _renew(store, pipeline, claimed, saved.call_id, customer=result.call.customer)


def _renew(store: Store, pipeline: Pipeline, claimed: Claimed, call_id: str, *, customer: str | None) -> None:
    """Bring the promises up to date. The call is scored by now, so a fault here takes nothing away from it."""
    try:
        renew_promises(store, pipeline.settings, call_id, customer=customer)
    except QaError as err:
        log.error(  # noqa: TRY400 - never what was said
            "job %d: scored, but its promises are not up to date (%s); run: qa promises",
            claimed.job_id,
            type(err).__name__,
        )


def with_form(pipeline: Pipeline, form: str) -> Pipeline:
    """The pipeline for another form; what it has loaded is kept."""
    if pipeline.form == form:
        return pipeline
    other = Pipeline(pipeline.settings, form, pipeline.given_transcriber, pipeline.given_classifier)
    other.__dict__.update(
        {k: v for k, v in pipeline.__dict__.items() if k in ("cards", "forms", "transcriber", "model")}
    )
    return other


def source_from_json(made: dict[str, Any]) -> Source:
    """The source that a job names."""
    recording, transcript = made.get("recording"), made.get("transcript")
    return Source(Path(recording) if recording else None, Path(transcript) if transcript else None)


def keep_files(
    home: Path,
    source: Source,
    content: Content,
    result: Result,
    *,
    channels: tuple[int, ...] | None = None,
    vox_rate_hz: int = VOX_RATE_HZ,
) -> SourceFacts:
    """Copy the files of a source into QA_HOME and write the copy to listen to."""
    recording = transcript_path = listening_path = None
    if source.transcript is not None and content.transcript_sha256 is not None:
        transcript_path = keep_file(
            home, source.transcript, sha256=content.transcript_sha256, folder="transcripts"
        )
    if source.recording is not None and content.recording_sha256 is not None:
        path = keep_file(home, source.recording, sha256=content.recording_sha256, folder="recordings")
        heard = make_listening_copy(
            home,
            source.recording,
            result.call,
            content_sha256=content.sha256,
            channels=channels,
            vox_rate_hz=vox_rate_hz,
        )
        listening_path = heard.path
        recording = RecordingFacts(
            sha256=content.recording_sha256,
            path=path,
            size_bytes=(home / path).stat().st_size,
            codec=heard.codec,
            kind=heard.kind,
            rate_hz=heard.rate_hz,
            duration_s=heard.duration_s,
        )
    return SourceFacts(
        content_sha256=content.sha256,
        name=source.path.name,
        recording=recording,
        transcript_path=transcript_path,
        transcript_sha256=content.transcript_sha256,
        listening_path=listening_path,
    )


def to_keep(result: Result, facts: SourceFacts, claimed: Claimed) -> Scored:
    """What the store keeps of a result."""
    meta = claimed.source.get("meta") or {}
    return Scored(
        call=result.call,
        detections=result.detections,
        evaluation=result.evaluation,
        source=facts,
        prints=result.prints,
        manifest=result.manifest,
        form_sha256=result.form_sha256,
        form_yaml=result.form_yaml,
        team=meta.get("team"),
        account_id=claimed.account_id,
        meta=meta,
    )
