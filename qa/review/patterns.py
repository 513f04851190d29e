"""Difficult calls: ranked by what the customer brought, grouped into patterns, with who handled such calls well.

Conventions
-----------
- Difficulty is counted from the customer's side alone, so that a badly handled call is not hard for that
  reason: signs and their weights are in ``WEIGHTS``.
- A pattern is the set of (at most two) heaviest signs that calls share; a call is in one pattern.
- Typical words are those that customers say more often in the pattern than in all other calls: log-odds with
  an informative prior (Monroe, Colaresi & Quinn 2008), z above 1.64.
- Handled well is a call that passed and in which the customer did not end in rejection.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qa.store.bulk import heard_calls
from qa.store.calls import EVERY_CALL
from qa.store.engine import Store
from qa.store.rows import CallFilter
from qa.store.scores import scored_calls
from qa.values import Call, Detections, Principal

WEIGHTS = {
    "customer_abuse": 3.0,
    "customer_escalation_request": 2.0,
    "customer_frustration": 1.0,
    "customer_repeat_contact": 1.0,
    "customer_rejects": 1.0,
}
"""Abuse is what agents find hardest and what codes of conduct name first; asking for somebody else means that
the call has failed for the customer; the rest are one step each. Counted up to twice per call."""
MOST_OF_A_SIGN = 2
LEAST_DIFFICULTY = 2.0
MIN_PROBABILITY = 0.5
Z = 1.64
_WORD = re.compile(r"[a-z][a-z']{2,}")


@dataclass(frozen=True, slots=True)
class DifficultCall:
    """A call with its difficulty and the signs that make it, heaviest first."""

    call_id: str
    agent: str | None
    queue: str | None
    day: date | None
    difficulty: float
    signs: tuple[str, ...]
    score: float | None
    handled_well: bool


@dataclass(frozen=True, slots=True)
class Handler:
    """An agent and such calls: how many, and how many handled well."""

    agent: str
    n_calls: int
    n_well: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of difficult call.

    Attributes
    ----------
    words
        What customers say typically in such calls, the most typical first.
    weeks
        Monday and number of calls, in order.
    trend
        Calls per week gained or lost each week; None with fewer than three weeks.
    did
        What agents did more often in those handled well: behaviour, share of well handled, share of others.
    """

    signs: tuple[str, ...]
    calls: tuple[DifficultCall, ...]
    words: tuple[str, ...]
    weeks: tuple[tuple[date, int], ...]
    trend: float | None
    handlers: tuple[Handler, ...]
    did: tuple[tuple[str, float, float], ...]

    @property
    def name(self) -> str:
        return " + ".join(sign.removeprefix("customer_").replace("_", " ") for sign in self.signs)


def difficult_calls(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL, *, least: float = LEAST_DIFFICULTY
) -> tuple[DifficultCall, ...]:
    """Calls that a principal may see, the most difficult first."""
    rows = [row for row, _, _ in _read(store, principal, which) if row.difficulty >= least]
    return tuple(sorted(rows, key=lambda r: (-r.difficulty, r.call_id)))


def patterns(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    least: float = LEAST_DIFFICULTY,
    min_calls: int = 2,
) -> tuple[Pattern, ...]:
    """The kinds of difficult calls, the most frequent first."""
    read = list(_read(store, principal, which))
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, (row, _, _) in enumerate(read):
        if row.difficulty >= least:
            groups[row.signs[:2]].append(place)
    counts = [words for _, words, _ in read]
    everything = sum(counts, Counter[str]())
    made = [
        _pattern(signs, [read[i] for i in places], everything)
        for signs, places in groups.items()
        if len(places) >= min_calls
    ]
    return tuple(sorted(made, key=lambda p: (-len(p.calls), p.name)))


Read = tuple[DifficultCall, "Counter[str]", frozenset[str]]
"""A call, the customer's words, the agent's behaviours."""


def _read(store: Store, principal: Principal, which: CallFilter) -> Iterable[Read]:
    scores = {row.call_id: row for row in scored_calls(store, principal, which)}
    for call, detections in heard_calls(store, principal, which):
        scored = scores.get(call.call_id)
        yield read_call(
            call,
            detections,
            score=None if scored is None else scored.score,
            passed=None if scored is None else scored.passed,
        )


def read_call(call: Call, detections: Detections, *, score: float | None, passed: bool | None) -> Read:
    """One call's difficulty, words and behaviours."""
    sure = [f for f in detections.findings if f.probability >= MIN_PROBABILITY]
    counted = Counter(f.behaviour for f in sure if f.behaviour in WEIGHTS)
    weight = {b: WEIGHTS[b] * min(n, MOST_OF_A_SIGN) for b, n in counted.items()}
    last = max((f for f in sure if f.speaker == "customer"), key=lambda f: f.start, default=None)
    well = bool(passed) and (last is None or last.behaviour not in ("customer_rejects", "customer_abuse"))
    row = DifficultCall(
        call_id=call.call_id,
        agent=call.agent,
        queue=call.queue,
        day=None if call.started_at is None else call.started_at.date(),
        difficulty=sum(weight.values()),
        signs=tuple(sorted(weight, key=lambda b: (-weight[b], b))),
        score=score,
        handled_well=well,
    )
    said = Counter(
        w for t in call.turns if t.speaker == "customer" for w in set(_WORD.findall(t.text.lower()))
    )
    return row, said, frozenset(f.behaviour for f in sure if f.speaker == "agent")


def typical_words(inside: Counter[str], everything: Counter[str], *, most: int = 8) -> tuple[str, ...]:
    """Words said more often inside than outside, by z of the log-odds with the whole as prior."""
    outside = everything - inside
    n_in, n_out, n_all = sum(inside.values()), sum(outside.values()), sum(everything.values())
    if not n_in or not n_out:
        return ()
    scored = []
    prior = 500.0
    for word, count in inside.items():
        a = prior * everything[word] / n_all
        one, other = count + a, outside[word] + a
        odds = math.log(one / (n_in + prior - one)) - math.log(other / (n_out + prior - other))
        scored.append((odds / math.sqrt(1 / one + 1 / other), word))
    return tuple(word for z, word in sorted(scored, key=lambda s: (-s[0], s[1]))[:most] if z > Z)


def _pattern(signs: tuple[str, ...], read: Sequence[Read], everything: Counter[str]) -> Pattern:
    rows = [row for row, _, _ in read]
    well = [does for row, _, does in read if row.handled_well]
    others = [does for row, _, does in read if not row.handled_well]
    weeks = _weeks(rows)
    return Pattern(
        signs=signs,
        calls=tuple(sorted(rows, key=lambda r: (-r.difficulty, r.call_id))),
        words=typical_words(sum((words for _, words, _ in read), Counter[str]()), everything),
        weeks=weeks,
        trend=_slope(weeks),
        handlers=_handlers(rows),
        did=_did(well, others),
    )


def _handlers(rows: Sequence[DifficultCall]) -> tuple[Handler, ...]:
    """Agents who handled such calls well, those with the most of them first."""
    made = []
    for agent in {r.agent for r in rows if r.agent}:
        own = [r for r in rows if r.agent == agent]
        made.append(Handler(agent, len(own), sum(r.handled_well for r in own)))
    return tuple(sorted(made, key=lambda h: (-h.n_well, h.n_calls, h.agent)))


def _did(
    well: Sequence[frozenset[str]], others: Sequence[frozenset[str]], *, most: int = 5
) -> tuple[tuple[str, float, float], ...]:
    if not well or not others:
        return ()
    rows = []
    for behaviour in {b for does in well for b in does}:
        here = sum(behaviour in does for does in well) / len(well)
        there = sum(behaviour in does for does in others) / len(others)
        if here - there >= 0.15:
            rows.append((behaviour, round(here, 3), round(there, 3)))
    return tuple(sorted(rows, key=lambda r: (r[2] - r[1], r[0]))[:most])


def _weeks(rows: Sequence[DifficultCall]) -> tuple[tuple[date, int], ...]:
    counted = Counter(r.day - timedelta(days=r.day.weekday()) for r in rows if r.day is not None)
    if not counted:
        return ()
    first, last = min(counted), max(counted)
    n = (last - first).days // 7 + 1
    return tuple((first + timedelta(weeks=i), counted[first + timedelta(weeks=i)]) for i in range(n))


def _slope(weeks: Sequence[tuple[date, int]]) -> float | None:
    if len(weeks) < 3:
        return None
    middle, mean = (len(weeks) - 1) / 2, sum(n for _, n in weeks) / len(weeks)
    across = sum((i - middle) ** 2 for i in range(len(weeks)))
    return round(sum((i - middle) * (n - mean) for i, (_, n) in enumerate(weeks)) / across, 3)
