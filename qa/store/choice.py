"""A choice of calls turned into conditions of a query, the principal's rights first."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, bindparam, exists, func, literal_column, select, text
from sqlalchemy.orm import aliased

from qa.store.codec import bare_words, moment_ms
from qa.store.engine import Store
from qa.store.rows import CallFilter
from qa.store.scope import visible
from qa.store.tables import Agent, Answer, Batch, BatchItem, Call, Finding, Job
from qa.values import Principal

_PIECE = re.compile(r'"([^"]+)"|(\S+)')
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def matching(store: Store, principal: Principal, which: CallFilter) -> list[ColumnElement[bool]]:
    """The conditions on ``call`` for what is asked and what may be seen."""
    conditions = [visible(principal), Call.evaluation_id.is_not(None), *_plain(store, which)]
    # Aliases: the query around may join the same tables for what it shows.
    person = aliased(Agent)
    if which.agent is not None:
        conditions.append(Call.agent_id.in_(select(person.id).where(person.name == which.agent)))
    if which.team is not None:
        conditions.append(Call.agent_id.in_(select(person.id).where(person.team == which.team)))
    if which.behaviour is not None:
        found = aliased(Finding)
        conditions.append(
            exists().where(
                found.detection_id == Call.detection_id,
                found.behaviour == which.behaviour,
                found.probability >= which.min_probability,
            )
        )
    if which.outcome is not None or which.criterion is not None:
        conditions.append(_answered(which))
    if which.batch is not None:
        conditions.append(Call.id.in_(_calls_of_batch(which.batch)))
    if which.text is not None and which.text.strip():
        conditions.append(_said(store, which.text))
    return conditions


def _plain(store: Store, which: CallFilter) -> list[ColumnElement[bool]]:
    """Conditions on the call's own columns."""
    conditions: list[ColumnElement[bool]] = []
    if which.queue is not None:
        conditions.append(Call.queue == which.queue)
    if which.form is not None:
        conditions.append(Call.form == which.form)
    if which.customer is not None:
        conditions.append(Call.customer == which.customer)
    if which.customer_from is not None:
        conditions.append(_begins_with(store, which.customer_from))
    if which.since is not None:
        conditions.append(Call.started_ms >= moment_ms(which.since))
    if which.until is not None:
        conditions.append(Call.started_ms < moment_ms(which.until))
    if which.status is not None:
        conditions.append(Call.status == which.status)
    if which.min_score is not None:
        conditions.append(Call.score >= which.min_score)
    if which.max_score is not None:
        conditions.append(Call.score <= which.max_score)
    if which.auto_failed is not None:
        failed = Call.auto_failed_by.is_not(None)
        conditions.append(failed if which.auto_failed else ~failed)
    return conditions


def _begins_with(store: Store, first: str) -> ColumnElement[bool]:
    """Calls of the customers whose number begins so."""
    if store.dialect == "sqlite":
        # A range, which an index answers; \uffff comes after every letter and digit.
        return Call.customer.between(first, first + "\uffff")
    # Elsewhere what comes after what is a matter of the database's language.
    return func.starts_with(Call.customer, first)


def _answered(which: CallFilter) -> ColumnElement[bool]:
    answer = aliased(Answer)
    given = [answer.evaluation_id == Call.evaluation_id]
    if which.outcome is not None:
        given.append(answer.outcome == which.outcome)
    if which.criterion is not None:
        given.append(answer.criterion == which.criterion)
    return exists().where(*given)


def _calls_of_batch(public_id: str):  # type: ignore[no-untyped-def]
    return (
        select(Job.call_id)
        .join(BatchItem, BatchItem.job_id == Job.id)
        .join(Batch, Batch.id == BatchItem.batch_id)
        .where(Batch.public_id == public_id, Job.call_id.is_not(None))
    )


def _said(store: Store, wanted: str) -> ColumnElement[bool]:
    """Calls in which all of the words, and each phrase in quotes, were said."""
    phrases = [" ".join(_WORD.findall(quoted or plain)) for quoted, plain in _PIECE.findall(wanted)]
    phrases = [phrase for phrase in phrases if phrase]
    if store.dialect != "sqlite":
        phrases = [bare_words(phrase) for phrase in phrases]
    asked = " ".join(f'"{phrase}"' for phrase in phrases)
    if store.dialect == "sqlite":
        query = text("SELECT rowid FROM call_text WHERE call_text MATCH :asked")
    else:
        query = text("SELECT rowid FROM call_text WHERE words @@ websearch_to_tsquery('simple', :asked)")
    found = query.bindparams(bindparam("asked", asked or '""')).columns(rowid=Call.id.type)
    return Call.id.in_(select(literal_column("rowid")).select_from(found.subquery()))
