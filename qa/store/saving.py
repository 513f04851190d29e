"""Keeping a scored call: everything in the caller's one transaction, nothing rewritten.

The same content is the same call. What was heard, found or scored before with the same fingerprint is not
kept twice; a new form or model adds rows beside the old, and the call points at the new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from qa.scorecard import difficulty
from qa.store.codec import (
    answer_rows,
    bare_words,
    evaluation_columns,
    finding_rows,
    moment_ms,
    timing_to_json,
    to_ms,
    turn_rows,
)
from qa.store.engine import TurnTaking, now_ms, take_turns
from qa.store.forms_used import keep_form
from qa.store.rows import RecordingFacts, Scored
from qa.store.tables import (
    Agent,
    Answer,
    Call,
    Detection,
    Evaluation,
    Finding,
    Recording,
    Transcript,
    Turn,
)


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a scored call went: row, public id, evaluation; ``new`` says whether a score was added."""

    row_id: int
    call_id: str
    evaluation_id: int
    new: bool


def save_scored(connection: Connection, scored: Scored) -> Saved:
    """Keep one scored call and make its evaluation the one in force.

    Parameters
    ----------
    connection
        A writing transaction; it ends with the caller's own changes (the job that is done, the review).
    """
    take_turns(connection, TurnTaking.SAVING)
    row_id, call_id = _keep_call(connection, scored)
    transcript_id = _keep_transcript(connection, row_id, scored)
    detection_id = _keep_detection(connection, transcript_id, scored)
    evaluation_id, new = _keep_evaluation(connection, row_id, detection_id, scored)
    if scored.origin != "machine" or not _decided_by_a_person(connection, row_id):
        _point(connection, row_id, transcript_id, detection_id, evaluation_id, scored)
        _index_words(connection, row_id, scored)
    return Saved(row_id, call_id, evaluation_id, new)


def keep_agent(connection: Connection, name: str, *, team: str | None = None) -> int:
    """The id of an agent, made where new; a team that is given replaces the one before."""
    take_turns(connection, TurnTaking.SAVING)
    found = connection.execute(select(Agent.id, Agent.team).where(Agent.name == name)).one_or_none()
    if found is None:
        return _insert(connection, Agent, name=name, team=team, groups={}, created_at=now_ms())
    if team is not None and team != found.team:
        connection.execute(update(Agent).where(Agent.id == found.id).values(team=team))
    return int(found.id)


def _insert(connection: Connection, table: type[Any], **values: Any) -> int:
    made: int = connection.execute(insert(table).values(**values).returning(table.id)).scalar_one()
    return made


def _keep_call(connection: Connection, scored: Scored) -> tuple[int, str]:
    call, source = scored.call, scored.source
    facts = {
        "agent_id": None if not call.agent else keep_agent(connection, call.agent, team=scored.team),
        "customer": call.customer,
        "queue": call.queue,
        "direction": call.direction,
        "language": call.language,
        "started_ms": moment_ms(call.started_at),
        "started_iso": None if call.started_at is None else call.started_at.isoformat(),
        "duration_ms": to_ms(call.duration),
        "meta": scored.meta,
        "changed_at": now_ms(),
        "listening_path": source.listening_path,
    }
    found = connection.execute(
        select(Call.id, Call.call_id).where(Call.content_sha256 == source.content_sha256)
    ).one_or_none()
    if found is not None:
        if facts["listening_path"] is None:
            del facts["listening_path"]
        connection.execute(update(Call).where(Call.id == found.id).values(**facts))
        return found.id, found.call_id
    public = _free_call_id(connection, call.call_id, source.content_sha256)
    row_id = _insert(
        connection,
        Call,
        call_id=public,
        content_sha256=source.content_sha256,
        recording_id=None if source.recording is None else _keep_recording(connection, source.recording),
        transcript_path=source.transcript_path,
        transcript_sha256=source.transcript_sha256,
        source_name=source.name,
        status="waiting",
        created_at=now_ms(),
        **facts,
    )
    return row_id, public


def _free_call_id(connection: Connection, wanted: str, content_sha256: str) -> str:
    """The wanted id, or, where other content already has it, the same with a part of the hash."""
    for candidate in (wanted, f"{wanted}-{content_sha256[:8]}"):
        if connection.execute(select(Call.id).where(Call.call_id == candidate)).first() is None:
            return candidate
    return f"{wanted}-{content_sha256}"


def _keep_recording(connection: Connection, facts: RecordingFacts) -> int:
    found = connection.execute(select(Recording.id).where(Recording.sha256 == facts.sha256)).scalar()
    if found is not None:
        return found
    return _insert(
        connection,
        Recording,
        sha256=facts.sha256,
        path=facts.path,
        codec=facts.codec,
        kind=facts.kind,
        rate_hz=facts.rate_hz,
        duration_ms=None if facts.duration_s is None else to_ms(facts.duration_s),
        size_bytes=facts.size_bytes,
        created_at=now_ms(),
    )


def _keep_transcript(connection: Connection, row_id: int, scored: Scored) -> int:
    found = connection.execute(
        select(Transcript.id).where(
            Transcript.call_id == row_id, Transcript.fingerprint == scored.prints.hearing
        )
    ).scalar()
    if found is not None:
        return found
    call = scored.call
    made = _insert(
        connection,
        Transcript,
        call_id=row_id,
        fingerprint=scored.prints.hearing,
        words_from=call.words_from,
        recording_kind=call.recording,
        timing=timing_to_json(call.timing),
        notes=list(call.notes),
        manifest=scored.manifest.get("hearing", {}),
        created_at=now_ms(),
    )
    if call.turns:
        connection.execute(insert(Turn), turn_rows(made, call.turns))
    return made


def _keep_detection(connection: Connection, transcript_id: int, scored: Scored) -> int:
    found = connection.execute(
        select(Detection.id).where(
            Detection.transcript_id == transcript_id, Detection.fingerprint == scored.prints.detection
        )
    ).scalar()
    if found is not None:
        return found
    detections = scored.detections
    made = _insert(
        connection,
        Detection,
        transcript_id=transcript_id,
        fingerprint=scored.prints.detection,
        not_measured=[list(pair) for pair in detections.not_measured],
        created_at=now_ms(),
    )
    if detections.findings:
        connection.execute(insert(Finding), finding_rows(made, detections.findings))
    return made


def _keep_evaluation(
    connection: Connection, row_id: int, detection_id: int, scored: Scored
) -> tuple[int, bool]:
    if scored.origin == "machine":
        same = connection.execute(
            select(Evaluation.id)
            .where(Evaluation.call_id == row_id, Evaluation.fingerprint == scored.prints.scoring)
            .where(Evaluation.detection_id == detection_id, Evaluation.origin == "machine")
        ).scalar()
        if same is not None:
            return same, False
    before = connection.execute(select(Call.evaluation_id).where(Call.id == row_id)).scalar()
    keep_form(connection, name=scored.evaluation.form, sha256=scored.form_sha256, yaml=scored.form_yaml)
    made = _insert(
        connection,
        Evaluation,
        call_id=row_id,
        detection_id=detection_id,
        origin=scored.origin,
        supersedes_id=before,
        account_id=scored.account_id,
        fingerprint=scored.prints.scoring,
        manifest=scored.manifest,
        form_sha256=scored.form_sha256,
        created_at=now_ms(),
        **evaluation_columns(scored.evaluation),
    )
    rows = answer_rows(made, scored.evaluation, scored.detections)
    if rows:
        connection.execute(insert(Answer), rows)
    return made, True


def _decided_by_a_person(connection: Connection, row_id: int) -> bool:
    """Whether the evaluation in force holds a person's decision: the program never puts itself over it."""
    origin = connection.execute(
        select(Evaluation.origin).join(Call, Call.evaluation_id == Evaluation.id).where(Call.id == row_id)
    ).scalar()
    return origin in ("review", "dispute")


def _point(
    connection: Connection,
    row_id: int,
    transcript_id: int,
    detection_id: int,
    evaluation_id: int,
    scored: Scored,
) -> None:
    evaluation = scored.evaluation
    connection.execute(
        update(Call)
        .where(Call.id == row_id)
        .values(
            transcript_id=transcript_id,
            detection_id=detection_id,
            evaluation_id=evaluation_id,
            status="not_scored" if evaluation.score is None else "scored",
            score=evaluation.score,
            low=evaluation.low,
            high=evaluation.high,
            passed=evaluation.passed,
            auto_failed_by=evaluation.auto_failed_by,
            difficulty=difficulty(scored.call, scored.detections),
            form=evaluation.form,
            sections=[list(pair) for pair in evaluation.sections],
            worth=sum(answer.max_points for answer in evaluation.answers),
        )
    )


def _index_words(connection: Connection, row_id: int, scored: Scored) -> None:
    connection.execute(text("DELETE FROM call_text WHERE rowid = :id"), {"id": row_id})
    said = "\n".join(turn.text for turn in scored.call.turns)
    if connection.dialect.name != "sqlite":
        # PostgreSQL would take C-17 for a word and a number below zero, and an address for one word.
        said = bare_words(said)
    connection.execute(
        text("INSERT INTO call_text (rowid, text) VALUES (:id, :said)"), {"id": row_id, "said": said}
    )
