"""Disputes: opened with a preview, decided by somebody else, in force at once.

Conventions
-----------
- Disputed is one finding or one answer; :mod:`claims` says what upholding it would mean.
- Who opened a dispute, whose answer is disputed, or who decided it before does not decide it.
- Only *not that* says something about the detector, so only that becomes a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from qa.errors import InputError, NotAllowed
from qa.review.claims import change_of, claim, subject
from qa.review.course import DECIDERS, barred
from qa.review.deciding import (
    Case,
    Decided,
    decide,
    keep_mark,
    load_case,
    preview,
)
from qa.review.rescoring import Change, Judge
from qa.settings import Settings
from qa.store.audit import write
from qa.store.disputes import (
    Correction,
    DisputeKey,
    DisputeRow,
    Ground,
    State,
    about_the_same,
    add_dispute,
    end_dispute,
    finding_named,
    key_of,
    load_dispute,
    set_result,
)
from qa.store.engine import Store, now_ms
from qa.store.reviews import add_label
from qa.store.scope import require
from qa.store.webhooks import announce
from qa.values import Finding, Principal

OPENERS = ("agent", "supervisor", "lead", "admin")
DAY_MS = 24 * 3600 * 1000


def preview_dispute(
    store: Store,
    principal: Principal,
    judge: Judge,
    call_id: str,
    *,
    ground: Ground,
    criterion: str | None = None,
    finding: str | None = None,
    corrections: Sequence[Correction] = (),
    at_turn: int | None = None,
) -> Decided:
    """What the call would score if the dispute were upheld; nothing is kept.

    Raises
    ------
    NotAllowed
        There is no such call or finding, or the principal may not see it.
    InputError
        Neither or both of criterion and finding are given, or a correction can't be used.
    """
    case = load_case(store, principal, call_id)
    found = subject(case, criterion, finding)
    change = claim(
        case.stored.call,
        case.form,
        ground=ground,
        criterion=criterion,
        found=found,
        corrections=tuple(corrections),
        at_turn=at_turn,
        by=principal.name,
    )
    return preview(case, change, judge)


def open_dispute(
    store: Store,
    principal: Principal,
    judge: Judge,
    call_id: str,
    *,
    ground: Ground,
    text: str,
    settings: Settings,
    criterion: str | None = None,
    finding: str | None = None,
    corrections: Sequence[Correction] = (),
    at_turn: int | None = None,
) -> tuple[DisputeRow, Decided]:
    """Open a dispute; gives it with the preview of what upholding it would change.

    Raises
    ------
    NotAllowed
        There is no such call or finding, or the principal may not dispute it.
    InputError
        It is open already, was disputed too often, came too late, or says too little.
    """
    require(principal, *OPENERS)
    text = " ".join(text.split())
    if len(text) < 3:
        raise InputError("say in a few words what is wrong; whoever decides has only that to go by")
    seen = preview_dispute(
        store,
        principal,
        judge,
        call_id,
        ground=ground,
        criterion=criterion,
        finding=finding,
        corrections=corrections,
        at_turn=at_turn,
    )
    case = load_case(store, principal, call_id)
    late = datetime.now(UTC) - case.stored.evaluated_at > timedelta(days=settings.dispute_open_days)
    if late:
        raise InputError(
            f"call {call_id} was scored more than {settings.dispute_open_days} days ago; "
            "a lead can still review it"
        )
    found = subject(case, criterion, finding)
    with store.writing() as connection:
        earlier = about_the_same(connection, case.standing.row_id, criterion=criterion, found=found)
        _check_earlier(earlier, settings.max_disputes)
        last = key_of(connection, earlier[-1].dispute) if earlier else None
        dispute = add_dispute(
            connection,
            principal,
            row_id=case.standing.row_id,
            evaluation_id=case.standing.evaluation_id,
            criterion=criterion,
            finding=finding,
            ground=ground,
            text=text,
            corrections=corrections,
            at_turn=at_turn,
            earlier_id=None if last is None else last.row_id,
            due_at=now_ms() + settings.dispute_decide_days * DAY_MS,
        )
        after = {"call": call_id, "criterion": criterion, "finding": finding, "ground": ground}
        write(connection, principal, "open dispute", object="dispute", object_id=dispute, after=after)
        announce(
            connection,
            store,
            "dispute.opened",
            {"dispute": dispute, "call_id": call_id, "criterion": criterion, "ground": ground},
        )
    return load_dispute(store, principal, dispute), seen


def decide_dispute(
    store: Store,
    principal: Principal,
    judge: Judge,
    dispute: str,
    *,
    state: State,
    text: str,
    share: float | None = None,
    criterion: str | None = None,
) -> tuple[DisputeRow, Decided]:
    """Decide a dispute; what it changes is in force at once.

    Parameters
    ----------
    state
        ``upheld``: as previewed. ``partly_upheld``: the answer gets ``share`` of its points. ``rejected``:
        nothing changes.
    criterion
        For a finding that is partly upheld: the answer meant; None where the finding decided only one.

    Raises
    ------
    NotAllowed
        There is no such dispute, or the principal may not decide it.
    InputError
        It is decided already, the reason is missing, or the share is.
    """
    require(principal, *DECIDERS)
    if state not in ("upheld", "partly_upheld", "rejected"):
        raise InputError(f"a dispute is upheld, partly_upheld or rejected, not {state}")
    text = " ".join(text.split())
    if len(text) < 3:
        raise InputError("say why in a few words; the agent will read it")
    row = load_dispute(store, principal, dispute)
    _check_may_decide(store, principal, row)
    case = load_case(store, principal, row.call_id)
    found = _disputed(store, row)
    change = change_of(
        case, row, found, state=state, share=share, criterion=criterion, by=principal.name, text=text
    )

    def keep(connection: Connection, case: Case) -> None:
        key = key_of(connection, dispute)
        if key is None or not end_dispute(connection, principal, key.row_id, state=state, text=text):
            raise InputError(f"dispute {dispute} is no longer open; look at how it ended")
        for mark in change.marks:
            keep_mark(connection, principal, case, mark, dispute_id=key.row_id)
        _keep_labels(connection, principal, key, row, found, change, state=state, text=text)
        write(
            connection,
            principal,
            "decide dispute",
            object="dispute",
            object_id=dispute,
            after={"state": state},
        )

    if state == "rejected":
        with store.writing() as connection:
            keep(connection, case)
            _tell(connection, store, row, state, None)
        before = case.stored.evaluation
        return load_dispute(store, principal, dispute), Decided(row.call_id, before, before, ())

    def then(connection: Connection, decided: Decided) -> None:
        set_result(connection, dispute, decided.evaluation_id)
        _tell(connection, store, row, state, decided)

    decided = decide(
        store,
        principal,
        judge,
        row.call_id,
        change,
        keep,
        origin="dispute",
        decided={"dispute": dispute, "state": state},
        then=then,
    )
    return load_dispute(store, principal, dispute), decided


def _check_earlier(earlier: Sequence[DisputeRow], most: int) -> None:
    if any(row.state == "open" for row in earlier):
        raise InputError("this is disputed already; wait for the decision, or add to it")
    if any(row.state == "upheld" for row in earlier):
        raise InputError("a dispute about this was upheld; the score has it")
    if sum(row.state != "withdrawn" for row in earlier) >= most:
        raise InputError(f"this was disputed {most} times; a lead can still review the call")


def _check_may_decide(store: Store, principal: Principal, row: DisputeRow) -> None:
    if row.state != "open":
        raise InputError(f"dispute {row.dispute} is no longer open; look at how it ended")
    with store.reading() as connection:
        key = key_of(connection, row.dispute)
        if (
            key is not None
            and principal.role != "system"
            and principal.account_id in barred(connection, key, row)
        ):
            raise NotAllowed(
                f"{principal.name} has had a part in dispute {row.dispute} before; somebody else decides it"
            )


def _disputed(store: Store, row: DisputeRow) -> Finding | None:
    if row.finding is None:
        return None
    with store.reading() as connection:
        return finding_named(connection, row.finding, row.call_id)


def _keep_labels(
    connection: Connection,
    principal: Principal,
    key: DisputeKey,
    row: DisputeRow,
    found: Finding | None,
    change: Change,
    *,
    state: State,
    text: str,
) -> None:
    """What a decision says about the detector."""
    if row.ground == "not_that" and found is not None and state in ("upheld", "rejected"):
        add_label(
            connection,
            principal,
            row_id=key.call_row_id,
            behaviour=found.behaviour,
            present=state == "rejected",
            reason=text,
            finding=row.finding,
            found=found,
            dispute_id=key.row_id,
        )
    for label in change.add:
        add_label(
            connection,
            principal,
            row_id=key.call_row_id,
            behaviour=label.behaviour,
            present=True,
            reason=text,
            turn=label.turn,
            dispute_id=key.row_id,
        )


def _tell(
    connection: Connection, store: Store, row: DisputeRow, state: State, decided: Decided | None
) -> None:
    body: dict[str, Any] = {"dispute": row.dispute, "call_id": row.call_id, "state": state}
    if decided is not None:
        body |= {"score_before": decided.before.score, "score": decided.after.score}
    announce(connection, store, "dispute.decided", body)
