"""Calls as they are in force now: lists, one call with everything, its history.

Every query takes the principal who asks. Lists are paged in the database: first the ids of the page, by an
index, then what is shown of those few calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from qa.store import codec
from qa.store.choice import matching
from qa.store.engine import Store
from qa.store.rows import (
    CallFilter,
    CallRow,
    Order,
    Page,
    RecordingRow,
    StoredCall,
)
from qa.store.scope import no_such, visible
from qa.store.tables import (
    Acknowledgement,
    Agent,
    Answer,
    Call,
    Detection,
    Dispute,
    Evaluation,
    Finding,
    Recording,
    Transcript,
    Turn,
)
from qa.values import Call as CallValue
from qa.values import Detections, Principal

EVERY_CALL = CallFilter()


def list_calls(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    order: Order = "-started_at",
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """One page of the calls that match and may be seen, and how many there are in all."""
    if order not in get_args(Order):
        raise ValueError(f"order {order!r} is not one of {', '.join(get_args(Order))}")
    conditions = matching(store, principal, which)
    with store.reading() as connection:
        total = connection.execute(_counted(conditions)).scalar_one()
        ids = connection.execute(
            _in_order(select(Call.id).where(*conditions), order).limit(limit).offset(offset)
        )
        rows = _rows_of(connection, [row.id for row in ids])
    return Page(rows, total, offset)


def count_calls(store: Store, principal: Principal, which: CallFilter = EVERY_CALL) -> int:
    """How many calls match and may be seen."""
    with store.reading() as connection:
        return connection.execute(_counted(matching(store, principal, which))).scalar_one()


def load_call(store: Store, principal: Principal, call_id: str) -> StoredCall:
    """One call with its turns, findings and the evaluation in force.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it: one answer for both.
    """
    return _load(store, principal, call_id, evaluation=Call.evaluation_id)


def _load(store: Store, principal: Principal, call_id: str, *, evaluation: Any) -> StoredCall:
    with store.reading() as connection:
        row = connection.execute(
            _whole_call(evaluation).where(Call.call_id == call_id, visible(principal))
        ).one_or_none()
        if row is None:
            raise no_such("call", call_id)
        detections = _detections(connection, row)
        answers = connection.execute(
            select(Answer.__table__).where(Answer.evaluation_id == row.evaluation_id).order_by(Answer.n)
        )
        answered = tuple(codec.answer_from_row(a, detections.findings, call_id) for a in answers)
        evaluation = codec.evaluation_from_row(row, call_id, answered)
        return StoredCall(
            row=_rows_of(connection, [row.row_id])[0],
            call=_call_value(connection, row),
            detections=detections,
            evaluation=evaluation,
            recording=_recording(store, row),
            manifest=row.manifest,
            finding_ids=tuple(f"f{row.detection_id}-{n}" for n in range(len(detections.findings))),
            evaluated_at=codec.moment_of(row.evaluated_at),
        )


def load_machine_call(store: Store, principal: Principal, call_id: str) -> StoredCall:
    """One call with the latest evaluation that the program made by itself, whatever people decided since.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it.
    """
    by_itself = (
        select(func.max(Evaluation.id))
        .join(Call, Call.id == Evaluation.call_id)
        .where(Call.call_id == call_id, Evaluation.origin == "machine")
    )
    return _load(store, principal, call_id, evaluation=by_itself.scalar_subquery())


def load_heard(connection: Connection, content_sha256: str, hearing: str) -> CallValue | None:
    """A call as it was heard before, from the same content with the same fingerprint; None if it never was.

    For the worker alone: it takes no principal because it shows nothing to anybody.
    """
    row = connection.execute(
        select(
            Call.call_id,
            Agent.name.label("agent"),
            *CALL_COLUMNS,
            Transcript.id.label("transcript_id"),
            *TRANSCRIPT_COLUMNS,
        )
        .join(Transcript, Transcript.call_id == Call.id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(Call.content_sha256 == content_sha256, Transcript.fingerprint == hearing)
    ).one_or_none()
    return None if row is None else _call_value(connection, row)


CALL_COLUMNS = (
    Call.customer,
    Call.queue,
    Call.direction,
    Call.language,
    Call.started_ms,
    Call.started_iso,
    Call.duration_ms,
)
TRANSCRIPT_COLUMNS = (Transcript.words_from, Transcript.recording_kind, Transcript.timing, Transcript.notes)


def _counted(conditions: Sequence[ColumnElement[bool]]) -> Select[int]:
    return select(func.count()).select_from(Call).where(*conditions)


def _in_order(query: Select[*tuple[Any, ...]], order: Order) -> Select[*tuple[Any, ...]]:
    key, down = order.removeprefix("-"), order.startswith("-")
    if key == "agent":
        name = select(Agent.name).where(Agent.id == Call.agent_id).scalar_subquery()
        return query.order_by(name.asc().nulls_last(), Call.started_ms.desc().nulls_last(), Call.id.desc())
    column: ColumnElement[Any] = {
        "started_at": Call.started_ms,
        "score": Call.score,
        "duration_s": Call.duration_ms,
        "created_at": Call.id,
    }[key].expression
    if down:
        return query.order_by(column.desc().nulls_last(), Call.id.desc())
    return query.order_by(column.asc().nulls_last(), Call.id.asc())


def _rows_of(connection: Connection, ids: Sequence[int]) -> tuple[CallRow, ...]:
    """What a list shows of these calls, in the order of the ids."""
    n_findings = (
        select(func.count())
        .select_from(Finding)
        .where(Finding.detection_id == Call.detection_id)
        .scalar_subquery()
    )
    open_disputes = (
        select(func.count())
        .select_from(Dispute)
        .where(Dispute.call_id == Call.id, Dispute.state == "open")
        .scalar_subquery()
    )
    acknowledged = exists().where(Acknowledgement.evaluation_id == Call.evaluation_id)
    query = (
        select(
            Call.__table__,
            Agent.name.label("agent"),
            Agent.team,
            Evaluation.origin,
            Evaluation.why_no_score,
            Evaluation.measured_share,
            Transcript.words_from,
            n_findings.label("n_findings"),
            open_disputes.label("open_disputes"),
            acknowledged.label("acknowledged"),
        )
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .join(Evaluation, Evaluation.id == Call.evaluation_id)
        .join(Transcript, Transcript.id == Call.transcript_id)
        .where(Call.id.in_(ids))
    )
    found = {row.id: _call_row(row) for row in connection.execute(query)}
    return tuple(found[row_id] for row_id in ids)


def _call_row(row: Any) -> CallRow:
    return CallRow(
        call_id=row.call_id,
        agent=row.agent,
        team=row.team,
        customer=row.customer,
        queue=row.queue,
        direction=row.direction,
        started_at=codec.from_ms(row.started_ms),
        duration_s=codec.to_s(row.duration_ms),
        status=row.status,
        score=row.score,
        low=row.low,
        high=row.high,
        passed=row.passed,
        auto_failed_by=row.auto_failed_by,
        has_sound=row.listening_path is not None,
        words_from=row.words_from,
        evaluation_id=row.evaluation_id,
        origin=row.origin,
        why_no_score=row.why_no_score,
        measured_share=row.measured_share,
        n_findings=row.n_findings,
        open_disputes=row.open_disputes,
        acknowledged=row.acknowledged,
        created_at=codec.moment_of(row.created_at),
    )


def _whole_call(evaluation: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Call.id.label("row_id"),
            Call.call_id,
            Call.listening_path,
            Detection.transcript_id,
            Evaluation.detection_id,
            Evaluation.id.label("evaluation_id"),
            Agent.name.label("agent"),
            *CALL_COLUMNS,
            *TRANSCRIPT_COLUMNS,
            Detection.not_measured,
            Evaluation.form,
            Evaluation.score,
            Evaluation.low,
            Evaluation.high,
            Evaluation.expected,
            Evaluation.measured_share,
            Evaluation.sections,
            Evaluation.waterfall,
            Evaluation.passed,
            Evaluation.auto_failed_by,
            Evaluation.why_no_score,
            Evaluation.manifest,
            Evaluation.created_at.label("evaluated_at"),
            Recording.sha256,
            Recording.path,
            Recording.codec,
            Recording.kind,
            Recording.rate_hz,
            Recording.duration_ms.label("recording_ms"),
        )
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .outerjoin(Recording, Recording.id == Call.recording_id)
        .join(Evaluation, Evaluation.id == evaluation)
        .join(Detection, Detection.id == Evaluation.detection_id)
        .join(Transcript, Transcript.id == Detection.transcript_id)
    )


def _call_value(connection: Connection, row: Any) -> CallValue:
    turns = connection.execute(
        select(Turn.__table__).where(Turn.transcript_id == row.transcript_id).order_by(Turn.n)
    )
    return call_from_rows(row, turns)


def call_from_rows(row: Any, turns: Iterable[Any]) -> CallValue:
    """A call from its own row (``CALL_COLUMNS`` and ``TRANSCRIPT_COLUMNS``) and those of its turns, in order."""
    return CallValue(
        call_id=row.call_id,
        turns=tuple(codec.turn_from_row(turn) for turn in turns),
        agent=row.agent,
        customer=row.customer,
        queue=row.queue,
        direction=row.direction,
        started_at=codec.moment_from_iso(row.started_iso),
        language=row.language,
        duration=codec.to_s(row.duration_ms),
        timing=codec.timing_from_json(row.timing),
        recording=row.recording_kind,
        words_from=row.words_from,
        notes=tuple(row.notes),
    )


def _detections(connection: Connection, row: Any) -> Detections:
    findings = connection.execute(
        select(Finding.__table__).where(Finding.detection_id == row.detection_id).order_by(Finding.n)
    )
    return Detections(
        call_id=row.call_id,
        findings=tuple(codec.finding_from_row(finding, row.call_id) for finding in findings),
        not_measured=tuple((behaviour, why) for behaviour, why in row.not_measured),
    )


def _recording(store: Store, row: Any) -> RecordingRow | None:
    if row.sha256 is None:
        return None
    return RecordingRow(
        sha256=row.sha256,
        path=None if row.path is None else store.home / row.path,
        listening=None if row.listening_path is None else store.home / row.listening_path,
        codec=row.codec,
        kind=row.kind,
        rate_hz=row.rate_hz,
        duration_s=None if row.recording_ms is None else codec.to_s(row.recording_ms),
    )
