"""`problem_loop`: the same obstacle or refusal for the third time, with no new solution since the first.

One finding a call. Three signs must come together in a turn: the classifier, which knows how much of each behaviour
the call has held so far, says so; the turn itself refuses or cites a policy; and obstacles were stated before. That a
call loops is surer than which turn closes the loop, so the probability is that of the call.
"""

from __future__ import annotations

import numpy as np

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import any_of
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding

_OBSTACLES = ("refusal", "policy_citing", "dismissal", "arguing", "deflection")
_SOLUTIONS = ("solution_offer", "options_offer", "escalation_offer")
_REFUSING = ("refusal", "policy_citing")
ENOUGH_BEFORE = 1.5
"""So much obstacle before (a sum of probabilities) speaks fully for a third statement; two sure ones are more."""
SIGNS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8, 1.0)
CALL_LOOPS = (0.0, 0.02, 0.25, 0.55, 0.72, 0.85, 0.92, 0.95)
"""From the signs together (their geometric mean) to how often such calls held a loop: 191 labelled calls, by
readings that had not seen them."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """The turn in which the signs are strongest, if they are strong enough."""
    agent = [i for i, turn in enumerate(reading.turns) if turn.speaker == "agent"]
    before, best = 0.0, (0.0, -1, [-1])
    stated: list[int] = []
    for i in agent:
        signs = (
            reading.probability(card.id, i) * _some(reading, _REFUSING, i) * min(1.0, before / ENOUGH_BEFORE)
        )
        best = max(best, (signs ** (1 / 3), i, [*stated, i]))
        obstacle = _some(reading, _OBSTACLES, i)
        if _some(reading, _SOLUTIONS, i) >= 0.5 and obstacle < 0.5:
            before, stated = 0.0, []  # something new: what stood in the way before no longer counts
        before += obstacle
        stated += [i] if obstacle >= 0.5 else []
    p = float(np.interp(best[0], SIGNS, CALL_LOOPS))
    if p < phrase.KEEP_FROM:
        return ()
    turn = best[1]
    return (
        finding(
            reading,
            card,
            turn=turn,
            chars=whole(reading, turn),
            probability=p,
            reason="The agent states the same obstacle again and nothing new has been offered since the first time.",
            details=(("stated_in_turns", ",".join(str(i) for i in best[2])),),
        ),
    )


def _some(reading: Reading, behaviours: tuple[str, ...], turn: int) -> float:
    return any_of(reading.probability(b, turn) for b in behaviours)
