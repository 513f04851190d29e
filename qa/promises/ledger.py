"""The ledger: every commitment of every call, and what became of it in the later calls of its customer.

A person's mark comes first, then a follow-up record, then later calls; where none of them says anything, an
open promise whose time has passed is *overdue*, not broken: nobody has said so. A broken promise is not the
agent's fault by itself, so :func:`broken_by_queue` shows where they come from.

Conventions: "now" is always given, never read from a clock. Times are compared as they were written, with
their zone where both have one. Texts of later calls are only searched for the phrases of
``data/settings/promise_phrases.yaml``; nothing that was said is stored but the promise's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from qa.promises.due import WorkingDay, resolve_due
from qa.promises.follow_ups import FollowUp, applies
from qa.promises.grammar import WEEKDAYS, plain_text
from qa.promises.phrases import PromisePhrases
from qa.promises.reading import amount_in, who_in
from qa.values import Call, Detections, Finding, Span

Status = Literal["open", "kept", "broken", "unknown"]
Who = Literal["agent", "company", "colleague"]

GRACE = timedelta(minutes=30)
"""A call-back this much after its time still counts as kept."""

SAID_AGAIN = 0.6
"""So much of the shorter one's words two promises with one due time must share to be the same."""

_SMALL_WORDS = frozenset(
    {
        "the",
        "and",
        "you",
        "for",
        "will",
        "that",
        "this",
        "your",
        "with",
        "have",
        "they",
        "then",
        "what",
        "from",
    }
    | {"just", "been", "into", "there", "well", "okay", "about", "going", "make", "sure", "also", "agreed"}
    | {"today", "tomorrow", "morning", "afternoon", "evening", "weekend", "week", *WEEKDAYS}
)

_USUAL = WorkingDay()


class Settled(Protocol):
    """What a promise must say to be counted by queue, wherever it is kept."""

    @property
    def queue(self) -> str | None: ...
    @property
    def status(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Promise:
    """One commitment.

    Attributes
    ----------
    promise_id : str
        ``call:turn:character``; the same however often the ledger is made.
    due : datetime or None
        The last moment; None where nothing was said, or the call's date is not known (``by`` keeps the words).
    kind : str or None
        ``contact``, ``money``, ``delivery``, ``visit``, or None.
    because : str
        Why it has its status, in plain words.
    decided_by_call : str or None
        The later call that showed it.
    """

    promise_id: str
    call_id: str
    agent: str | None
    customer: str | None
    queue: str | None
    who: Who
    what: str
    kind: str | None
    by: str | None
    due: datetime | None
    amount: str | None
    said_at: datetime | None
    span: Span
    probability: float
    status: Status = "open"
    because: str = ""
    decided_by_call: str | None = None

    def overdue(self, now: datetime) -> bool:
        """Open though its time has passed."""
        return self.status == "open" and self.due is not None and earlier(self.due, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMark:
    """What a person says became of a promise."""

    promise_id: str
    status: Status
    by: str
    note: str = ""


def promises_of(
    call: Call,
    detections: Detections,
    *,
    phrases: PromisePhrases,
    min_probability: float = 0.5,
    working_day: WorkingDay = _USUAL,
) -> tuple[Promise, ...]:
    """The promises made in one call, all open, in the order of the call; one that is said again counts once."""
    found = [
        f
        for f in detections.findings
        if f.behaviour in ("commitment", "follow_up")
        and f.speaker == "agent"
        and f.probability >= min_probability
    ]
    # a follow_up is a commitment too: one stretch is one promise
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda f: (f.behaviour != "commitment", f.start, f.char_start)):
        if not any(_same(finding, other) for other in kept):
            kept.append(finding)
    alone = {t: sum(f.turn == t for f in kept) == 1 for t in {f.turn for f in kept}}
    made = [
        _promise(call, f, whole_turn=alone[f.turn], phrases=phrases, working_day=working_day)
        for f in sorted(kept, key=lambda f: (f.start, f.char_start))
    ]
    return tuple(p for n, p in enumerate(made) if not any(_restates(p, before) for before in made[:n]))


def ledger(
    calls: Sequence[tuple[Call, Detections]],
    *,
    now: datetime,
    phrases: PromisePhrases,
    follow_ups: Sequence[FollowUp] = (),
    marks: Sequence[PromiseMark] = (),
    min_probability: float = 0.5,
    working_day: WorkingDay = _USUAL,
) -> tuple[Promise, ...]:
    """Every promise of the calls with what became of it, ordered by due time (those without last).

    Parameters
    ----------
    now : datetime
        The moment for which the ledger is made.
    follow_ups : sequence of FollowUp
        Rows of a follow-up record (:func:`qa.promises.follow_ups.read_follow_ups`).
    marks : sequence of PromiseMark
        What people decided; the last one per promise stands.
    """
    by_person = {m.promise_id: m for m in marks}
    by_customer: dict[str, list[Call]] = {}
    for call, _ in calls:
        if call.customer and call.started_at:
            by_customer.setdefault(call.customer, []).append(call)
    settled = []
    for call, detections in calls:
        later = [c for c in by_customer.get(call.customer or "", []) if c.call_id != call.call_id]
        for promise in promises_of(
            call, detections, phrases=phrases, min_probability=min_probability, working_day=working_day
        ):
            mark = by_person.get(promise.promise_id)
            settled.append(_settled(promise, later, mark, follow_ups, now=now, phrases=phrases))
    return tuple(sorted(settled, key=_order))


def overdue(promises: Sequence[Promise], *, now: datetime) -> tuple[Promise, ...]:
    """Open promises whose time has passed, the longest overdue first."""
    return tuple(p for p in sorted(promises, key=_order) if p.overdue(now))


def broken_by_queue(promises: Iterable[Settled]) -> tuple[tuple[str | None, int, int], ...]:
    """Queue, broken promises, promises whose fate is known; most broken first."""
    counts: dict[str | None, list[int]] = {}
    for promise in promises:
        if promise.status in ("kept", "broken"):
            count = counts.setdefault(promise.queue, [0, 0])
            count[0] += promise.status == "broken"
            count[1] += 1
    rows = [(queue, broken, known) for queue, (broken, known) in counts.items()]
    return tuple(sorted(rows, key=lambda r: (-r[1], r[0] or "")))


def earlier(one: datetime, other: datetime) -> bool:
    """Whether one moment is before another; as written where only one of them has a zone."""
    if (one.tzinfo is None) != (other.tzinfo is None):
        one, other = one.replace(tzinfo=None), other.replace(tzinfo=None)
    return one < other


def load_phrases(data: Path) -> PromisePhrases:
    """The phrases of ``data/settings/promise_phrases.yaml``; ``data`` is the folder of settings and cards.

    Raises
    ------
    SettingsError
        The file is missing or wrong.
    """
    return PromisePhrases.load(data / "settings" / "promise_phrases.yaml")


def _restates(later: Promise, first: Promise) -> bool:
    """Whether a promise says again what the call promised before, as in a summing up: due at the same time, and
    most of the words."""
    if later.due is None or later.due != first.due or (later.amount and later.amount != first.amount):
        return False
    said, again = _content(first.what), _content(later.what)
    return len(said & again) >= max(1, SAID_AGAIN * min(len(said), len(again)))


def _content(text: str) -> frozenset[str]:
    """The words of a promise that say what it is about: without the small ones."""
    words = re.findall(r"[^\W\d_]{3,}", plain_text(text))
    return frozenset(w.removesuffix("s") for w in words) - _SMALL_WORDS


def _same(one: Finding, other: Finding) -> bool:
    if one.turn != other.turn:
        return False
    if one.char_start >= 0 and other.char_start >= 0:
        return one.char_start < other.char_end and other.char_start < one.char_end
    return one.start < other.end and other.start < one.end


def _promise(
    call: Call, finding: Finding, *, whole_turn: bool, phrases: PromisePhrases, working_day: WorkingDay
) -> Promise:
    facts = dict(finding.details)
    text = finding.quote
    around = text
    if whole_turn and finding.turn is not None and 0 <= finding.turn < len(call.turns):
        around = call.turns[finding.turn].text
    said_at = call.started_at + timedelta(seconds=finding.start) if call.started_at else None
    due = None
    reference = said_at or datetime(2001, 1, 1, 9)  # noqa: DTZ001 - only to find the words
    for words in (facts.get("by", ""), text, around):
        due = due or (resolve_due(words, reference, working_day=working_day) if words else None)
    who = facts.get("who", "")
    return Promise(
        promise_id=f"{call.call_id}:{'' if finding.turn is None else finding.turn}:{max(finding.char_start, 0)}",
        call_id=call.call_id,
        agent=call.agent,
        customer=call.customer,
        queue=call.queue,
        who=who_in(who or text),
        what=facts.get("what") or text,
        kind=phrases.kind_of(text),
        by=facts.get("by") or (due.phrase if due else None),
        due=due.at if due and said_at else None,
        amount=facts.get("amount") or amount_in(text) or amount_in(around),
        said_at=said_at,
        span=Span(finding.start, max(finding.start, finding.end)),
        probability=finding.probability,
    )


def _settled(
    promise: Promise,
    others: Sequence[Call],
    mark: PromiseMark | None,
    follow_ups: Sequence[FollowUp],
    *,
    now: datetime,
    phrases: PromisePhrases,
) -> Promise:
    if mark is not None:
        note = f" {mark.note}" if mark.note else ""
        return replace(promise, status=mark.status, because=f"Marked by {mark.by}.{note}")
    record = next((r for r in reversed(follow_ups) if applies(r, promise)), None)
    if record is not None:
        status: Status = "kept" if record.done else "broken"
        when = f" on {record.at:%d %b %Y}" if record.at else ""
        return replace(promise, status=status, because=f"The follow-up record says so{when}.")
    if promise.said_at is None:
        return replace(promise, status="unknown", because="The call has no date, so nothing can be due.")
    return _by_later_calls(promise, others, now=now, phrases=phrases)


def _by_later_calls(
    promise: Promise, others: Sequence[Call], *, now: datetime, phrases: PromisePhrases
) -> Promise:
    said_at = promise.said_at
    assert said_at is not None  # noqa: S101 - checked by the caller
    later = sorted(
        (
            c
            for c in others
            if c.started_at and earlier(said_at, c.started_at) and not earlier(now, c.started_at)
        ),
        key=lambda c: c.started_at.replace(tzinfo=None) if c.started_at else said_at,
    )
    after_due = []
    for call in later:
        started = call.started_at or said_at
        due_passed = promise.due is None or earlier(promise.due, started)
        if due_passed:
            after_due.append(call)
        verdict = _call_says(promise, call, due_passed=due_passed, phrases=phrases)
        if verdict is not None:
            status, because = verdict
            return replace(promise, status=status, because=because, decided_by_call=call.call_id)
    if promise.due is None:
        return replace(promise, because=_without_due(promise))
    if after_due:
        return replace(
            promise,
            status="unknown",
            because="The customer has been in touch since, and nobody mentioned it.",
        )
    passed = earlier(promise.due, now)
    return replace(promise, because="Its time has passed and nothing is known." if passed else "Not due yet.")


def _without_due(promise: Promise) -> str:
    return f"“{promise.by}” gives no day." if promise.by else "No time was said."


def _call_says(
    promise: Promise, call: Call, *, due_passed: bool, phrases: PromisePhrases
) -> tuple[Status, str] | None:
    """What one later call shows; None where it shows nothing."""
    started = call.started_at
    if started is None:
        return None
    on = f"the call of {started:%d %b %Y, %H:%M}"
    said = " ".join(t.text for t in call.turns if t.speaker == "customer")
    in_time = promise.due is None or not earlier(promise.due + GRACE, started)
    if promise.kind == "contact" and call.direction == "outbound" and in_time:
        return "kept", f"The customer was called back: {on}."
    not_done, done = phrases.says_not_done(said, promise.kind), phrases.says_done(said, promise.kind)
    if not_done and done:
        return None
    if due_passed and not_done:
        return "broken", f"The customer said in {on} that it had not been done."
    if done:
        return "kept", f"The customer said in {on} that it had been done."
    return None


def _order(promise: Promise) -> tuple[bool, datetime, str]:
    due = promise.due.replace(tzinfo=None) if promise.due else datetime.max  # noqa: DTZ901 - a sort key
    return promise.due is None, due, promise.promise_id
