"""`venting_room`: the customer could tell their problem for the first time without being cut off or hurried.

One finding a call, on the account: from the first turn that states the problem to the agent's first turn that
is more than a sign of listening.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.entries import is_listening
from qa.behaviours.odds import any_of
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding, Span

AFTER = ("customer_problem", "interruption", "rushing", "backchannel")
_AGAINST = ("interruption", "rushing")


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """The first account, with the probability that it was left room."""
    told = [
        i
        for i, turn in enumerate(reading.turns)
        if turn.speaker == "customer" and _problem(reading, i) >= 0.5
    ]
    if not told:
        return ()
    first = told[0]
    answer = next(
        (
            i
            for i in range(first + 1, len(reading.turns))
            if reading.turns[i].speaker == "agent" and not is_listening(reading.turns[i].text)
        ),
        None,
    )
    last = answer if answer is not None else len(reading.turns) - 1
    spoiled = any_of(
        f.probability
        for f in reading.findings
        if f.behaviour in _AGAINST and f.turn is not None and first < f.turn <= last
    )
    p = _problem(reading, first) * (1 - spoiled)
    if p < phrase.KEEP_FROM:
        return ()
    end = max(reading.turns[i].end for i in range(first, last + 1) if reading.turns[i].speaker == "customer")
    return (
        finding(
            reading,
            card,
            turn=first,
            chars=whole(reading, first),
            probability=p,
            reason="The customer told the problem for the first time and was neither cut off nor hurried.",
            span=Span(reading.turns[first].start, end),
        ),
    )


def _problem(reading: Reading, i: int) -> float:
    return max(
        (f.probability for f in reading.findings if f.behaviour == "customer_problem" and f.turn == i),
        default=0.0,
    )
