"""What the levels of many agents are computed from, read without opening a single evaluation.

Conventions: rows of ``call`` hold the few figures of the evaluation in force, so that a scorecard of 100,000 calls
reads that one table; answers are added up in the database. Query plans are kept simple on purpose: what a call
has is looked up by the ids of the calls, some thousand at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from qa.scorecard import CriterionTally, ScoredCall
from qa.scorecard.pooling import Sums
from qa.store import codec
from qa.store.calls import EVERY_CALL
from qa.store.choice import matching
from qa.store.engine import Store
from qa.store.records import NOBODY, chunks
from qa.store.rows import CallFilter, LevelRow
from qa.store.tables import Agent, Answer, Call
from qa.values import Evaluation, Principal

OUTCOMES = ("met", "missed", "not_applicable", "not_measured", "uncertain")


def level_rows(store: Store, principal: Principal, which: CallFilter = EVERY_CALL) -> tuple[LevelRow, ...]:
    """Every matching call with its figures, oldest first; calls without a total are in it too."""
    with store.reading() as connection:
        names = _agents(connection)
        return tuple(_level_row(row, names) for row in connection.execute(_figures(store, principal, which)))


def level_records(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL
) -> tuple[ScoredCall, ...]:
    """As :func:`level_rows`, as scorecards take it: evaluations without answers and waterfall."""
    return tuple(_record(row) for row in level_rows(store, principal, which))


def tallies(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL, *, newest: int | None = None
) -> tuple[CriterionTally, ...]:
    """The answers of the matching calls with a total, added up per agent and criterion in the order of the form.

    ``newest``: only of so many calls, the newest first.
    """
    scored = select(Call.evaluation_id).where(*matching(store, principal, which), Call.score.is_not(None))
    if newest is not None:
        scored = scored.order_by(Call.started_ms.desc().nulls_last(), Call.id.desc()).limit(newest)
    added: dict[tuple[Any, ...], list[float]] = {}
    places: dict[tuple[Any, ...], int] = {}
    with store.reading() as connection:
        names = _agents(connection)
        ids = [row.evaluation_id for row in connection.execute(scored)]
        for some in chunks(ids):
            for row in connection.execute(_added_up(some)):
                key, sums = tuple(row[:3]), row[3:-1]
                own = added.setdefault(key, [0.0] * len(sums))
                for n, value in enumerate(sums):
                    own[n] += value or 0
                places[key] = min(places.get(key, row.place), row.place)
    # By place in the form, as the answers themselves would come.
    ordered = sorted(added.items(), key=lambda pair: places[pair[0]])
    return tuple(
        _tally(names.get(agent_id, (NOBODY, None))[0], criterion, section, sums)
        for (agent_id, criterion, section), sums in ordered
    )


def _figures(store: Store, principal: Principal, which: CallFilter) -> Select[*tuple[Any, ...]]:
    columns = (
        Call.call_id,
        Call.agent_id,
        Call.queue,
        Call.started_iso,
        Call.difficulty,
        Call.form,
        Call.score,
        Call.sections,
        Call.auto_failed_by,
        Call.passed,
    )
    return (
        select(*columns)
        .where(*matching(store, principal, which))
        .order_by(Call.started_ms.asc().nulls_last(), Call.id)
    )


def _agents(connection: Connection) -> dict[int, tuple[str, str | None]]:
    rows = connection.execute(select(Agent.id, Agent.name, Agent.team))
    return {row.id: (row.name, row.team) for row in rows}


def _level_row(row: Any, names: dict[int, tuple[str, str | None]]) -> LevelRow:
    call_id, agent_id, queue, started, difficulty, form, score, sections, failed, passed = row
    agent, team = names.get(agent_id, (None, None))
    return LevelRow(
        call_id,
        agent,
        team,
        queue,
        codec.moment_from_iso(started),
        difficulty,
        form or "",
        score,
        tuple((section, value) for section, value in sections or ()),
        failed,
        passed,
    )


def _record(row: LevelRow) -> ScoredCall:
    evaluation = Evaluation(
        call_id=row.call_id,
        form=row.form,
        score=row.score,
        low=None,
        high=None,
        expected=None,
        measured_share=0.0,
        answers=(),
        waterfall=(),
        sections=row.sections,
        auto_failed_by=row.auto_failed_by,
    )
    return ScoredCall(
        agent=row.agent or NOBODY,
        evaluation=evaluation,
        team=row.team,
        queue=row.queue,
        started_at=row.started_at,
        difficulty=row.difficulty,
    )


def _added_up(evaluations: Sequence[int]) -> Select[*tuple[Any, ...]]:
    """Per agent and criterion: calls by outcome; of counted answers the number, shares, squares and losses."""
    counted = Answer.max_points > 0
    share = case((counted, 100.0 * Answer.points / func.nullif(Answer.max_points, 0.0)))
    lost = case((counted, 100.0 * (Answer.max_points - Answer.points) / func.nullif(Call.worth, 0.0)))
    return (
        select(
            Call.agent_id,
            Answer.criterion,
            Answer.section,
            *(func.sum(case((Answer.outcome == outcome, 1), else_=0)) for outcome in OUTCOMES),
            func.count(share),
            func.sum(share),
            func.sum(share * share),
            func.sum(lost),
            func.min(Answer.n).label("place"),
        )
        .select_from(Answer)
        .join(Call, Call.evaluation_id == Answer.evaluation_id)
        .where(Answer.evaluation_id.in_(evaluations))
        .group_by(Call.agent_id, Answer.criterion, Answer.section)
    )


def _tally(agent: str, criterion: str, section: str, sums: list[float]) -> CriterionTally:
    met, missed, without, unmeasured, unsure, n, total, squares, lost = sums
    return CriterionTally(
        agent,
        criterion,
        section,
        int(met),
        int(missed),
        int(without),
        int(unmeasured),
        int(unsure),
        Sums.of_totals(int(n), total, squares) if n else None,
        lost,
    )
