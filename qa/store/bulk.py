"""Many calls at once, with turns and findings: for what is worked out across calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from qa.store import codec
from qa.store.calls import CALL_COLUMNS, EVERY_CALL, TRANSCRIPT_COLUMNS, call_from_rows
from qa.store.choice import matching
from qa.store.engine import Store
from qa.store.rows import CallFilter
from qa.store.tables import Agent, Call, Detection, Finding, Transcript, Turn
from qa.values import Call as CallValue
from qa.values import Detections, Principal

AT_ONCE = 100


def heard_calls(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL, *, newest: int | None = None
) -> Iterator[tuple[CallValue, Detections]]:
    """Every matching call as it is in force, with its findings, oldest first.

    ``newest``: only so many, and those that began last first. Between two calls nothing of the database is held.
    """
    ids = select(Call.id).where(*matching(store, principal, which))
    if newest is None:
        ids = ids.order_by(Call.started_ms.asc().nulls_last(), Call.id)
    else:
        ids = ids.order_by(Call.started_ms.desc().nulls_last(), Call.id.desc()).limit(newest)
    with store.reading() as connection:
        wanted = [row.id for row in connection.execute(ids)]
    for start in range(0, len(wanted), AT_ONCE):
        yield from _some(store, wanted[start : start + AT_ONCE])


def _some(store: Store, ids: Sequence[int]) -> Iterator[tuple[CallValue, Detections]]:
    query = (
        select(
            Call.id,
            Call.call_id,
            Call.transcript_id,
            Call.detection_id,
            Agent.name.label("agent"),
            *CALL_COLUMNS,
            *TRANSCRIPT_COLUMNS,
            Detection.not_measured,
        )
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .join(Transcript, Transcript.id == Call.transcript_id)
        .join(Detection, Detection.id == Call.detection_id)
        .where(Call.id.in_(ids))
    )
    turns: dict[int, list[Any]] = defaultdict(list)
    findings: dict[int, list[Any]] = defaultdict(list)
    with store.reading() as connection:
        rows = {row.id: row for row in connection.execute(query)}
        transcripts = [row.transcript_id for row in rows.values()]
        detections = [row.detection_id for row in rows.values()]
        for turn in connection.execute(
            select(Turn.__table__).where(Turn.transcript_id.in_(transcripts)).order_by(Turn.n)
        ):
            turns[turn.transcript_id].append(turn)
        for finding in connection.execute(
            select(Finding.__table__).where(Finding.detection_id.in_(detections)).order_by(Finding.n)
        ):
            findings[finding.detection_id].append(finding)
    for row_id in ids:
        row = rows[row_id]
        call = call_from_rows(row, turns[row.transcript_id])
        yield (
            call,
            Detections(
                row.call_id,
                tuple(codec.finding_from_row(f, row.call_id) for f in findings[row.detection_id]),
                tuple((behaviour, why) for behaviour, why in row.not_measured),
            ),
        )
