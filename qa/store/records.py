"""The records that scorecards and coaching are computed from, read in bulk.

Conventions: answers are read without their evidence unless it is asked for, since a scorecard of thousands of
calls needs only outcomes and points.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from qa.scorecard import ScoredCall
from qa.store import codec
from qa.store.calls import EVERY_CALL
from qa.store.choice import matching
from qa.store.engine import Store
from qa.store.rows import CallFilter
from qa.store.tables import Agent, Answer, Call, Evaluation, Finding
from qa.values import Answer as AnswerValue
from qa.values import Finding as FindingValue
from qa.values import Principal

AT_ONCE = 5_000
NOBODY = "unknown"
"""Stands for the agent of calls that do not say who took them."""


def scorecard_records(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    with_evidence: bool = False,
    newest: int | None = None,
) -> tuple[ScoredCall, ...]:
    """Every matching call with its evaluation and answers, oldest first.

    Parameters
    ----------
    with_evidence
        Read the findings of each answer too: needed to point at moments of calls, slower by far.
    newest
        Only so many calls, those that began last.
    """
    ids = (
        select(Call.id)
        .where(*matching(store, principal, which))
        .order_by(Call.started_ms.desc().nulls_last(), Call.id.desc())
        .limit(newest)
    )
    query = (
        select(
            Call.id,
            Call.started_ms,
            Call.call_id,
            Call.queue,
            Call.started_iso,
            Call.difficulty,
            Agent.name.label("agent"),
            Agent.team,
            Evaluation.__table__.c.id.label("evaluation_id"),
            Evaluation.detection_id,
            *(getattr(Evaluation, name) for name in _EVALUATION_COLUMNS),
        )
        .join(Evaluation, Evaluation.id == Call.evaluation_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
    )
    with store.reading() as connection:
        rows = [
            row
            for some in chunks([row.id for row in connection.execute(ids)])
            for row in connection.execute(query.where(Call.id.in_(some)))
        ]
        rows.sort(key=lambda row: (row.started_ms is None, row.started_ms, row.id))
        findings = _evidence(connection, rows) if with_evidence else {}
        answers = _answers(connection, rows, findings, with_evidence=with_evidence)
    return tuple(
        ScoredCall(
            agent=row.agent or NOBODY,
            evaluation=codec.evaluation_from_row(row, row.call_id, tuple(answers[row.evaluation_id])),
            team=row.team,
            queue=row.queue,
            started_at=codec.moment_from_iso(row.started_iso),
            difficulty=row.difficulty,
        )
        for row in rows
    )


_EVALUATION_COLUMNS = (
    "form",
    "score",
    "low",
    "high",
    "expected",
    "measured_share",
    "sections",
    "waterfall",
    "passed",
    "auto_failed_by",
    "why_no_score",
)


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids, some thousand at once: as many as one query may name."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _answers(
    connection: Connection, rows: Sequence[Any], findings: dict[int, list[Any]], *, with_evidence: bool
) -> dict[int, list[AnswerValue]]:
    """Answers by evaluation, in the form's order."""
    columns = [getattr(Answer, name) for name in _LIGHT]
    if with_evidence:
        columns += [Answer.reason, Answer.evidence, Answer.opportunity, Answer.searched]
    found_in = {row.evaluation_id: _Findings(findings.get(row.detection_id, []), row.call_id) for row in rows}
    call_ids = {row.evaluation_id: row.call_id for row in rows}
    by_evaluation: dict[int, list[AnswerValue]] = defaultdict(list)
    for some in chunks(list(call_ids)):
        query = (
            select(*columns).where(Answer.evaluation_id.in_(some)).order_by(Answer.evaluation_id, Answer.n)
        )
        for row in connection.execute(query):
            if with_evidence:
                own = codec.answer_from_row(row, found_in[row.evaluation_id], call_ids[row.evaluation_id])
                by_evaluation[row.evaluation_id].append(own)
                continue
            # By position: rows are many, and looking up names costs more than making the answer.
            evaluation_id, criterion, section, outcome, points, most, probability, expected = row
            answer = AnswerValue(
                criterion, section, outcome, points, most, probability, "", (), (), None, expected
            )
            by_evaluation[evaluation_id].append(answer)
    return by_evaluation


_LIGHT = (
    "evaluation_id",
    "criterion",
    "section",
    "outcome",
    "points",
    "max_points",
    "probability",
    "expected_points",
)


def _evidence(connection: Connection, rows: Sequence[Any]) -> dict[int, list[Any]]:
    """Rows of findings by detection, in order."""
    by_detection: dict[int, list[Any]] = defaultdict(list)
    for some in chunks([row.detection_id for row in rows]):
        query = (
            select(Finding.__table__)
            .where(Finding.detection_id.in_(some))
            .order_by(Finding.detection_id, Finding.n)
        )
        for row in connection.execute(query):
            by_detection[row.detection_id].append(row)
    return by_detection


class _Findings(list[FindingValue]):
    """Findings of one detection, made from their rows only when they are looked at."""

    def __init__(self, rows: list[Any], call_id: str) -> None:
        super().__init__()
        self._rows, self._call_id = rows, call_id

    def __getitem__(self, n: Any) -> Any:
        return codec.finding_from_row(self._rows[n], self._call_id)
