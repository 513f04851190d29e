"""What scorecards are made of: light rows per call, and counts per criterion, added up in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from qa.store.calls import EVERY_CALL
from qa.store.choice import matching
from qa.store.codec import from_ms, to_s
from qa.store.engine import Store
from qa.store.rows import CallFilter, CriterionRow, ScoreRow
from qa.store.scope import visible_agents
from qa.store.tables import Agent, Answer, Call, Evaluation
from qa.values import Principal


def scored_calls(store: Store, principal: Principal, which: CallFilter = EVERY_CALL) -> tuple[ScoreRow, ...]:
    """Every matching call with its evaluation's figures, oldest first; calls without a total are in it too."""
    query = (
        select(
            Call.call_id,
            Agent.name.label("agent"),
            Agent.team,
            Call.queue,
            Call.started_ms,
            Call.duration_ms,
            Call.difficulty,
            Evaluation.form,
            Evaluation.score,
            Evaluation.low,
            Evaluation.high,
            Evaluation.expected,
            Evaluation.measured_share,
            Evaluation.sections,
            Evaluation.auto_failed_by,
            Evaluation.passed,
            Evaluation.why_no_score,
        )
        .join(Evaluation, Evaluation.id == Call.evaluation_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(*matching(store, principal, which))
        .order_by(Call.started_ms.asc().nulls_last(), Call.id)
    )
    with store.reading() as connection:
        return tuple(_score_row(row) for row in connection.execute(query))


def criterion_counts(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL
) -> tuple[CriterionRow, ...]:
    """Per agent, criterion and outcome: how many calls, points won and points possible."""
    query = (
        select(
            Agent.name.label("agent"),
            Answer.section,
            Answer.criterion,
            Answer.outcome,
            func.count().label("n_calls"),
            func.sum(Answer.points).label("points"),
            func.sum(Answer.max_points).label("max_points"),
        )
        .select_from(Call)
        .join(Answer, Answer.evaluation_id == Call.evaluation_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(*matching(store, principal, which))
        .group_by(Agent.name, Answer.section, Answer.criterion, Answer.outcome)
        .order_by(Agent.name, Answer.section, Answer.criterion, Answer.outcome)
    )
    with store.reading() as connection:
        return tuple(CriterionRow(**row._mapping) for row in connection.execute(query))


def agents(store: Store, principal: Principal) -> tuple[tuple[str, str | None], ...]:
    """Name and team of every agent a principal may know of, by name."""
    query = select(Agent.name, Agent.team).where(visible_agents(principal)).order_by(Agent.name)
    with store.reading() as connection:
        return tuple((row.name, row.team) for row in connection.execute(query))


def _score_row(row: Any) -> ScoreRow:
    return ScoreRow(
        call_id=row.call_id,
        agent=row.agent,
        team=row.team,
        queue=row.queue,
        started_at=from_ms(row.started_ms),
        duration_s=to_s(row.duration_ms),
        form=row.form,
        score=row.score,
        low=row.low,
        high=row.high,
        expected=row.expected,
        measured_share=row.measured_share,
        sections=tuple((section, score) for section, score in row.sections),
        auto_failed_by=row.auto_failed_by,
        passed=row.passed,
        difficulty=row.difficulty,
        why_no_score=row.why_no_score,
    )
