"""Erasing what was said: words, sound and the customer's number go, scores and their reasons by name stay.

Conventions
-----------
- An erased call keeps its score, its answers with outcomes and points, and who decided what when; every text
  that may repeat the call says ``erased``. It is listed like any other and can no longer be scored again.
- The database lets kept rows be blanked only for calls that stand in ``erasure``, and never their figures.
- Files are removed after the transaction that says so; a file that several calls share stays until the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, text, update

from qa.errors import StoreError
from qa.store.audit import write
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.scope import account_or_none, no_such, require
from qa.store.tables import (
    Acknowledgement,
    Answer,
    BatchItem,
    CalibrationLabel,
    Call,
    Detection,
    Dispute,
    DisputeEvent,
    Erasure,
    Evaluation,
    Finding,
    FindingLabel,
    Job,
    Promise,
    Recording,
    Review,
    Transcript,
    Turn,
)
from qa.values import Principal

ERASED = "erased"
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: calls, and files under QA_HOME that were removed."""

    calls: tuple[str, ...]
    files: int


def is_erased(store: Store, call_id: str) -> bool:
    """Whether the content of a call was erased."""
    query = select(Erasure.id).join(Call, Call.id == Erasure.call_id).where(Call.call_id == call_id)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def erase(
    store: Store,
    principal: Principal,
    *,
    reason: str,
    call_id: str | None = None,
    customer: str | None = None,
) -> Erased:
    """Erase the content of one call, or of every call of a customer.

    Raises
    ------
    NotAllowed
        Only admins may; or there is no such call.
    """
    require(principal, "admin")
    if (call_id is None) == (customer is None):
        raise ValueError("name a call or a customer")
    wanted = Call.call_id == call_id if call_id is not None else Call.customer == customer
    with store.writing() as connection:
        take_turns(connection, TurnTaking.SAVING)
        rows = connection.execute(
            select(Call.id, Call.call_id)
            .where(wanted, ~exists().where(Erasure.call_id == Call.id))
            .order_by(Call.id)
        ).all()
        if not rows and call_id is not None:
            raise no_such("call that is not erased yet", call_id)
        doomed: list[str] = []
        for row in rows:
            doomed += _erase_one(connection, principal, row.id, reason)
        for row in rows:
            write(connection, principal, "erase call", object="call", object_id=row.call_id)
        doomed = _unshared(connection, doomed)
    return Erased(tuple(row.call_id for row in rows), _remove(store.home, doomed))


def purge_sound(store: Store, principal: Principal, *, keep_days: int | None, dry_run: bool = False) -> int:
    """Remove recordings and listening copies that are past their time; how many recordings.

    ``delete_after`` of a recording comes first, then its age in ``keep_days``; with neither it is kept.

    Raises
    ------
    NotAllowed
        Only admins may.
    """
    require(principal, "admin")
    now = now_ms()
    due = Recording.delete_after < now
    if keep_days is not None:
        old = Recording.created_at < now - keep_days * DAY_MS
        due = due | (Recording.delete_after.is_(None) & old)
    with store.writing() as connection:
        rows = connection.execute(
            select(Recording.id, Recording.path).where(due, Recording.path.is_not(None))
        )
        found = rows.all()
        if dry_run or not found:
            return len(found)
        ids = [row.id for row in found]
        copies = connection.execute(
            select(Call.listening_path).where(Call.recording_id.in_(ids), Call.listening_path.is_not(None))
        ).scalars()
        doomed = [path for path in (*copies, *(row.path for row in found)) if path]
        connection.execute(update(Recording).where(Recording.id.in_(ids)).values(path=None))
        connection.execute(
            update(Call).where(Call.recording_id.in_(ids)).values(listening_path=None, changed_at=now)
        )
        after = {"n": len(ids), "keep_days": keep_days}
        write(connection, principal, "purge recordings", object="recording", object_id="*", after=after)
    _remove(store.home, doomed)
    return len(found)


def _erase_one(connection: Connection, principal: Principal, row_id: int, reason: str) -> list[str]:
    """Blank one call; gives its files."""
    call = connection.execute(select(Call.__table__).where(Call.id == row_id)).one()
    connection.execute(
        insert(Erasure).values(
            call_id=row_id, reason=reason, account_id=account_or_none(principal), created_at=now_ms()
        )
    )
    transcripts = select(Transcript.id).where(Transcript.call_id == row_id)
    detections = select(Detection.id).where(Detection.transcript_id.in_(transcripts))
    evaluations = select(Evaluation.id).where(Evaluation.call_id == row_id)
    disputes = select(Dispute.id).where(Dispute.call_id == row_id)
    blanks: tuple[tuple[type[Any], Any, dict[str, Any]], ...] = (
        (Turn, Turn.transcript_id.in_(transcripts), {"text": ERASED, "words": []}),
        (Transcript, Transcript.call_id == row_id, {"notes": [], "manifest": {}}),
        (
            Finding,
            Finding.detection_id.in_(detections),
            {"quote": "", "reason": ERASED, "details": [], "char_start": -1, "char_end": -1},
        ),
        (Review, Review.call_id == row_id, {"reason": ERASED}),
        (FindingLabel, FindingLabel.call_id == row_id, {"reason": ERASED}),
        (Dispute, Dispute.call_id == row_id, {"text": ERASED, "correction": None}),
        (DisputeEvent, DisputeEvent.dispute_id.in_(disputes), {"text": ERASED}),
        (Acknowledgement, Acknowledgement.evaluation_id.in_(evaluations), {"comment": ""}),
        (CalibrationLabel, CalibrationLabel.call_id == row_id, {"note": ""}),
        (Promise, Promise.call_id == row_id, {"what": ERASED, "by": None, "amount": None, "because": ERASED}),
        (Job, Job.call_id == row_id, {"source": {}, "name": ERASED}),
        (
            Call,
            Call.id == row_id,
            {
                "customer": None,
                "source_name": ERASED,
                "meta": {},
                "recording_id": None,
                "transcript_path": None,
                "listening_path": None,
                "changed_at": now_ms(),
            },
        ),
    )
    for table, where, values in blanks:
        connection.execute(update(table).where(where).values(**values))
    _blank_people(connection, evaluations)
    connection.execute(
        update(BatchItem)
        .where(BatchItem.job_id.in_(select(Job.id).where(Job.call_id == row_id)))
        .values(name=ERASED)
    )
    connection.execute(text("DELETE FROM call_text WHERE rowid = :id"), {"id": row_id})
    return [
        *_recording_gone(connection, call.recording_id),
        *_given(call.transcript_path, call.listening_path),
    ]


def _blank_people(connection: Connection, evaluations: Any) -> None:
    """Take the words of people and the customer's number out of kept evaluations; program's reasons name only times."""
    by_person = Answer.reason.like("Answered by %") | Answer.reason.like("% says that this does not apply%")
    connection.execute(
        update(Answer)
        .where(Answer.evaluation_id.in_(evaluations), by_person)
        .values(reason="Answered by a person.")
    )
    for row in connection.execute(
        select(Evaluation.id, Evaluation.manifest).where(Evaluation.id.in_(evaluations))
    ).all():
        manifest = dict(row.manifest)
        if isinstance(manifest.get("hearing"), dict):
            manifest["hearing"] = {**manifest["hearing"], "metadata": ERASED}
        manifest["erased"] = True
        connection.execute(update(Evaluation).where(Evaluation.id == row.id).values(manifest=manifest))


def _recording_gone(connection: Connection, recording_id: int | None) -> list[str]:
    """Forget a recording that no call has any more; gives its file."""
    if recording_id is None:
        return []
    if connection.execute(select(Call.id).where(Call.recording_id == recording_id).limit(1)).first():
        return []
    path = connection.execute(select(Recording.path).where(Recording.id == recording_id)).scalar()
    connection.execute(delete(Recording).where(Recording.id == recording_id))
    return _given(path)


def _unshared(connection: Connection, paths: Iterable[str]) -> list[str]:
    """The files that no other call names."""
    return [
        path
        for path in dict.fromkeys(paths)
        if connection.execute(
            select(Call.id).where((Call.transcript_path == path) | (Call.listening_path == path)).limit(1)
        ).first()
        is None
    ]


def _given(*paths: str | None) -> list[str]:
    return [path for path in paths if path is not None]


def _remove(home: Path, paths: Sequence[str]) -> int:
    removed = 0
    for path in paths:
        try:
            (home / path).unlink()
            removed += 1
        except FileNotFoundError:
            continue
        except OSError as err:
            raise StoreError(
                f"{home / path}: can't be removed ({err.strerror or err}); remove it by hand"
            ) from err
    return removed
