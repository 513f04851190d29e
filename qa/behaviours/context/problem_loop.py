"""`problem_loop`: the same obstacle or refusal for the third time, with no new solution since the first.

One finding a call, on the third statement.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.content import content, shared
from qa.behaviours.odds import at_least
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding

AFTER = (
    "refusal",
    "policy_citing",
    "dismissal",
    "arguing",
    "deflection",
    "solution_offer",
    "options_offer",
    "escalation_offer",
)
_OBSTACLES = ("refusal", "policy_citing", "dismissal", "arguing", "deflection")
_SOLUTIONS = ("solution_offer", "options_offer", "escalation_offer")
SAME_CONTENT = 0.2
"""Share of an obstacle's content words that an earlier one already held: below it they are two obstacles."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """The turn at which the loop closes, if there is one."""
    stated: list[tuple[int, float]] = []
    judged = max(
        ((reading.probability(card.id, i), i) for i, t in enumerate(reading.turns) if t.speaker == "agent"),
        default=(0.0, -1),
    )
    for i, turn in enumerate(reading.turns):
        if turn.speaker != "agent":
            continue
        obstacle = _best(reading, _OBSTACLES, i)
        if _best(reading, _SOLUTIONS, i) >= 0.5 and obstacle < 0.5:
            stated = []
            continue
        again = card.says("again", reading.texts[i].plain)
        if obstacle < 0.3 and not (again and stated):
            continue
        stated.append((i, max(obstacle, 0.5 if again else 0.0) * _sameness(reading, stated, i, again=again)))
        p = at_least([p for _, p in stated], 3)
        if p >= 0.4:
            return (_found(reading, card, i, [j for j, _ in stated], min(0.9, max(p, judged[0]))),)
    if judged[0] >= phrase.KEEP_FROM:
        return (_found(reading, card, judged[1], [judged[1]], 0.6 * judged[0]),)
    return ()


def _best(reading: Reading, behaviours: tuple[str, ...], turn: int) -> float:
    return max(
        (f.probability for f in reading.findings if f.behaviour in behaviours and f.turn == turn), default=0.0
    )


def _sameness(reading: Reading, stated: list[tuple[int, float]], turn: int, *, again: bool) -> float:
    """1 for the first statement; else how far this one repeats what an earlier one said."""
    if not stated or again:
        return 1.0
    mine = content(reading.turns[turn].text)
    likest = max(shared(mine, content(reading.turns[i].text)) for i, _ in stated)
    return 0.9 if likest >= SAME_CONTENT else 0.6


def _found(reading: Reading, card: Card, turn: int, turns: list[int], p: float) -> Finding:
    return finding(
        reading,
        card,
        turn=turn,
        chars=whole(reading, turn),
        probability=p,
        reason="The agent states the same obstacle again and nothing new has been offered since the first time.",
        details=(("stated_in_turns", ",".join(map(str, turns))),),
    )
