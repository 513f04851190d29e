"""`escalation_missed`: the customer asked for a supervisor, or turned down two solutions, and none was offered.

One finding a call, on the customer's turn that gave the occasion.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import any_of
from qa.behaviours.reading import Reading, finding, whole
from qa.values import Finding

AFTER = ("customer_escalation_request", "customer_rejects", "escalation_offer")
_ONLY_A_THREAT = 0.35
"""A threat to leave or complain is no request for a supervisor, though the words may not tell."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """The likeliest missed occasion, if any."""
    window = round(card.setting("agent_turns"))
    best: tuple[float, int, str] | None = None
    for turn, p, why in _occasions(reading, card):
        following = reading.next_of("agent", turn, count=window)
        offered = any_of(
            f.probability
            for f in reading.findings
            if f.behaviour == "escalation_offer" and f.turn in following
        )
        already = any_of(
            f.probability
            for f in reading.findings
            if f.behaviour == "escalation_offer" and f.turn is not None and turn - 4 <= f.turn < turn
        )
        missed = p * (1 - offered) * (1 - already)
        if following and (best is None or missed > best[0]):
            best = (missed, turn, why)
    if best is None or best[0] < phrase.KEEP_FROM:
        return ()
    p, turn, why = best
    return (
        finding(
            reading,
            card,
            turn=turn,
            chars=whole(reading, turn),
            probability=p,
            reason=f"{why}, and no supervisor or specialist was offered in the agent's next {window} turns.",
        ),
    )


def _occasions(reading: Reading, card: Card) -> list[tuple[int, float, str]]:
    """Customer turns that called for an escalation: (turn, probability, why)."""
    found = []
    for f in reading.findings:
        if f.behaviour == "customer_escalation_request" and f.turn is not None:
            asked = card.says("somebody_above", reading.texts[f.turn].plain)
            found.append(
                (f.turn, f.probability * (1.0 if asked else _ONLY_A_THREAT), "The customer asked for it")
            )
    rejected = [f for f in reading.findings if f.behaviour == "customer_rejects" and f.probability >= 0.5]
    if len(rejected) >= 2:
        second = sorted(rejected, key=lambda f: f.start)[1]
        p = rejected[0].probability * second.probability
        found.append((second.turn or 0, p, "The customer had turned down two solutions"))
    return found
