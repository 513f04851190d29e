"""What a new version of a form would do to past calls, before it is published; nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qa.review.rescoring import Judge
from qa.scorecard import Replay, ScoredCall, replay
from qa.scoring import Form, evaluate
from qa.store.bulk import heard_calls
from qa.store.calls import EVERY_CALL
from qa.store.engine import Store
from qa.store.records import scorecard_records
from qa.store.rows import CallFilter
from qa.store.scope import require
from qa.store.standing import standing_of
from qa.values import Principal


def replay_form(
    store: Store,
    principal: Principal,
    judge: Judge,
    form: Form,
    which: CallFilter = EVERY_CALL,
    *,
    on_call: Callable[[str], None] = lambda _call: None,
) -> Replay:
    """Score past calls of the same form's name by a new version and compare; what people answered stands in both.

    Parameters
    ----------
    form
        The new version. Compared are calls whose score in force was made by another version of its name.
    on_call
        Told each call as it is scored.

    Raises
    ------
    NotAllowed
        Only leads and admins try forms out.
    """
    require(principal, "admin", "lead")
    before = [
        record
        for record in scorecard_records(store, principal, which)
        if record.evaluation.form.rpartition(".v")[0] == form.name
    ]
    by_call = {record.evaluation.call_id: record for record in before}
    after: list[ScoredCall] = []
    for call, detections in heard_calls(store, principal, which):
        if call.call_id in by_call:
            with store.reading() as connection:
                marks = standing_of(connection, call).marks
            kept = [mark for mark in marks if form.criterion(mark.criterion) is not None]
            evaluation = evaluate(call, detections, form, options=judge.options, marks=kept)
            after.append(replace(by_call[call.call_id], evaluation=evaluation))
            on_call(call.call_id)
    return replay(before, after)
