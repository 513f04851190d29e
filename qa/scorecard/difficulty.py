"""How hard a call was to handle, from what the customer brought; the agent's part plays no role in it.

Counted are facts that no agent causes by handling the call badly: having been in touch before, several
problems, abuse, and frustration before the agent had said anything beyond the greeting. What comes later may
be the agent's own doing, and would make a badly handled call look hard.
"""

from __future__ import annotations

from typing import Literal

from qa.values import Call, Detections

Difficulty = Literal["plain", "usual", "hard"]

FIRST_AGENT_TURNS = 2
"""Frustration counts until the agent has had so many turns."""


def difficulty(call: Call, detections: Detections, *, min_probability: float = 0.5) -> Difficulty:
    """``plain``, ``usual`` or ``hard``, by what the customer brought into the call."""
    sure = [f for f in detections.findings if f.probability >= min_probability]
    agent = [t.end for t in call.turns if t.speaker == "agent"]
    early = agent[FIRST_AGENT_TURNS - 1] if len(agent) >= FIRST_AGENT_TURNS else call.duration
    problems = sum(f.behaviour == "customer_problem" for f in sure)
    points = sum(
        (
            any(f.behaviour == "customer_repeat_contact" for f in sure),
            any(f.behaviour == "customer_frustration" and f.start <= early for f in sure),
            any(f.behaviour == "customer_escalation_request" and f.start <= early for f in sure),
            2 * any(f.behaviour == "customer_abuse" and f.start <= early for f in sure),
            problems >= 2,
        )
    )
    if points >= 2:
        return "hard"
    return "usual" if points or problems else "plain"
