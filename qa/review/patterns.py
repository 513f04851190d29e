"""Difficult calls: ranked by what the customer brought, grouped into patterns, with who handled such calls well.

Conventions
-----------
- Difficulty is counted from the customer's side alone, so that a badly handled call is not hard for that
  reason: signs and their weights are in ``WEIGHTS``.
- A pattern is the set of (at most two) heaviest signs that calls share; a call is in one pattern.
- Typical words are those that customers say more often in the pattern than in all other calls: log-odds with
  an informative prior (Monroe, Colaresi & Quinn 2008), z above 1.64.
- Difficulty, kinds, trends and handlers are of all calls. Words and behaviours are compared in the newest calls of a
  kind (``COMPARED``) and the newest of all (``BESIDE``), so that a long time takes no longer than a short one.
- Handled well is a call that passed and in which the customer did not end in rejection.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qa.store.calls import EVERY_CALL
from qa.store.engine import Store
from qa.store.rows import CallFilter
from qa.store.signs import (
    SignedCall,
    behaviours_of_agent,
    last_of_customer,
    newest_ids,
    signed_calls,
    words_of_customer,
)
from qa.values import Principal

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
ENDS_BADLY = frozenset({"customer_rejects", "customer_abuse"})
MOST_KINDS = 12
COMPARED, BESIDE = 100, 500
"""Words are counted in so many calls of a kind, beside so many of all."""
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
    n_compared
        In how many of the calls, the newest, words and behaviours were compared.
    """

    signs: tuple[str, ...]
    calls: tuple[DifficultCall, ...]
    words: tuple[str, ...]
    weeks: tuple[tuple[date, int], ...]
    trend: float | None
    handlers: tuple[Handler, ...]
    did: tuple[tuple[str, float, float], ...]
    n_compared: int = 0

    @property
    def name(self) -> str:
        return " + ".join(sign.removeprefix("customer_").replace("_", " ") for sign in self.signs)


def difficult_calls(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL, *, least: float = LEAST_DIFFICULTY
) -> tuple[DifficultCall, ...]:
    """Calls that a principal may see, the most difficult first."""
    return survey(store, principal, which, least=least)[0]


def patterns(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    least: float = LEAST_DIFFICULTY,
    min_calls: int = 2,
) -> tuple[Pattern, ...]:
    """The kinds of difficult calls, the most frequent first."""
    return survey(store, principal, which, least=least, min_calls=min_calls)[1]


def survey(
    store: Store,
    principal: Principal,
    which: CallFilter = EVERY_CALL,
    *,
    least: float = LEAST_DIFFICULTY,
    min_calls: int = 2,
) -> tuple[tuple[DifficultCall, ...], tuple[Pattern, ...]]:
    """The difficult calls that a principal may see, and their kinds."""
    found = _read(store, principal, which, least)
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row_id, row in found.items():
        groups[row.signs[:2]].append(row_id)
    frequent = sorted(
        ((signs, ids) for signs, ids in groups.items() if len(ids) >= min_calls),
        key=lambda pair: (-len(pair[1]), pair[0]),
    )[:MOST_KINDS]
    compared = {signs: ids[:COMPARED] for signs, ids in frequent}
    looked_at = sorted({row_id for ids in compared.values() for row_id in ids})
    beside = set(newest_ids(store, principal, which, most=BESIDE)) if compared else set()
    said = words_of_customer(store, principal, sorted(beside.union(looked_at)))
    counts = {row_id: _counted(turns) for row_id, turns in said.items()}
    everything = sum(counts.values(), Counter[str]())
    did = behaviours_of_agent(store, principal, looked_at, min_probability=MIN_PROBABILITY)
    kinds = [
        _pattern(signs, [found[i] for i in ids], _some(compared[signs], found, counts, did), everything)
        for signs, ids in frequent
    ]
    rows = sorted(found.values(), key=lambda r: (-r.difficulty, r.call_id))
    return tuple(rows), tuple(sorted(kinds, key=lambda p: (-len(p.calls), p.name)))


Read = tuple[DifficultCall, "Counter[str]", frozenset[str]]
"""A call, the customer's words, the agent's behaviours."""


def _read(store: Store, principal: Principal, which: CallFilter, least: float) -> dict[int, DifficultCall]:
    """The difficult calls by row id, newest first."""
    signed = signed_calls(
        store,
        principal,
        which,
        behaviours=tuple(WEIGHTS),
        min_probability=MIN_PROBABILITY,
        without_too=least <= 0,
    )
    weights = {call.row_id: _weights(call) for call in signed}
    hard = [call for call in signed if sum(weights[call.row_id].values()) >= least]
    # Only who said no or worse at all can have ended so.
    unsure = [call.row_id for call in hard if ENDS_BADLY & weights[call.row_id].keys()]
    last = last_of_customer(store, principal, unsure, min_probability=MIN_PROBABILITY)
    return {
        call.row_id: DifficultCall(
            call_id=call.call_id,
            agent=call.agent,
            queue=call.queue,
            day=call.day,
            difficulty=sum(weights[call.row_id].values()),
            signs=tuple(sorted(weights[call.row_id], key=lambda b: (-weights[call.row_id][b], b))),
            score=call.score,
            handled_well=bool(call.passed) and last.get(call.row_id) not in ENDS_BADLY,
        )
        for call in hard
    }


def _weights(call: SignedCall) -> dict[str, float]:
    return {b: WEIGHTS[b] * min(n, MOST_OF_A_SIGN) for b, n in call.signs}


def _counted(turns: Iterable[str]) -> Counter[str]:
    return Counter(word for text in turns for word in set(_WORD.findall(text.lower())))


def _some(
    ids: Sequence[int],
    found: Mapping[int, DifficultCall],
    counts: Mapping[int, Counter[str]],
    did: Mapping[int, Sequence[str]],
) -> list[Read]:
    return [(found[i], counts.get(i, Counter()), frozenset(did.get(i, ()))) for i in ids]


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


def _pattern(
    signs: tuple[str, ...], rows: Sequence[DifficultCall], read: Sequence[Read], everything: Counter[str]
) -> Pattern:
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
        n_compared=len(read),
    )


def _handlers(rows: Sequence[DifficultCall]) -> tuple[Handler, ...]:
    """Agents who handled such calls well, those with the most of them first."""
    n_calls = Counter(r.agent for r in rows if r.agent)
    n_well = Counter(r.agent for r in rows if r.agent and r.handled_well)
    made = [Handler(agent, n, n_well[agent]) for agent, n in n_calls.items()]
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
