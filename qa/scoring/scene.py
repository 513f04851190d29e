"""One call laid out for scoring: its findings as columns, and what follows what.

Conventions
-----------
- Findings are ordered by start; each is a column. A *world* is one row: which of the findings are true.
  Arrays of worlds are booleans of shape (samples, findings).
- Facts of the call (``call:hold`` ...) are columns like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from qa.values import Call, Detections, Finding, Span

Worlds = NDArray[np.bool_]

BACKCHANNEL_WORDS = 4
"""An agent's turn of a backchannel and no more than so many words does not use up a turn to answer in."""


@dataclass(frozen=True, slots=True)
class Window:
    """One opportunity: the columns that gave it, those that would take it, and the stretch searched."""

    opportunity: tuple[int, ...]
    answers: tuple[int, ...]
    searched: Span


@dataclass(frozen=True, slots=True)
class Scene:
    """The call, its findings in columns and the columns of each behaviour."""

    call: Call
    detections: Detections
    findings: tuple[Finding, ...]
    columns: dict[str, tuple[int, ...]]
    phantoms: tuple[tuple[str, float], ...] = ()
    """Behaviours that were not found, each with the probability that one is there all the same; they stand
    in the columns after the findings."""
    words: Mapping[str, str] = field(default_factory=dict)
    """How behaviours are called within a sentence."""

    def columns_of(self, behaviours: tuple[str, ...], where: dict[str, str] | None = None) -> tuple[int, ...]:
        """Columns of the findings of any of the behaviours that carry every fact of ``where``."""
        columns = sorted({i for b in behaviours for i in self.columns.get(b, ())})
        if not where:
            return tuple(columns)
        return tuple(
            i
            for i in columns
            if i < len(self.findings) and where.items() <= dict(self.findings[i].details).items()
        )

    def of(self, columns: tuple[int, ...]) -> tuple[Finding, ...]:
        return tuple(self.findings[i] for i in columns if i < len(self.findings))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Shape (findings,): what the detectors say."""
        return np.array([f.probability for f in self.findings], dtype=np.float64)

    @property
    def whole(self) -> Span:
        """From the first turn to the end of the last."""
        if not self.call.turns:
            return Span(0.0, max(0.0, self.call.duration))
        return Span(self.call.turns[0].start, max(t.end for t in self.call.turns))

    @property
    def minutes(self) -> float:
        return max(self.call.duration, self.whole.end, 1.0) / 60.0

    def why_not_measured(self, behaviours: tuple[str, ...]) -> str | None:
        return next((why for b in behaviours if (why := self.detections.why_not_measured(b))), None)


def scene_of(call: Call, detections: Detections, *, words: Mapping[str, str] | None = None) -> Scene:
    """The call with its findings and facts in columns, ordered by start; ``words`` name behaviours."""
    findings = sorted((*detections.findings, *_facts(call)), key=lambda f: (f.start, f.end, f.behaviour))
    columns: dict[str, list[int]] = {}
    for index, finding in enumerate(findings):
        columns.setdefault(finding.behaviour, []).append(index)
    # an announced hold is a hold, whether or not the silence was recognised as one
    holds = columns.get("call:hold", []) + columns.get("hold_request", [])
    if holds:
        columns["call:hold"] = sorted(holds)
    return Scene(
        call, detections, tuple(findings), {b: tuple(i) for b, i in columns.items()}, words=words or {}
    )


def _facts(call: Call) -> list[Finding]:
    """What the call itself says, as findings that nobody doubts."""
    answered = next((t.start for t in call.turns if t.speaker == "agent"), 0.0)
    facts = [
        Finding(call.call_id, None, "call:hold", "agent", s.start, s.end, "", 1.0, f"{s.kind} on the line")
        for s in call.timing.silences
        if s.kind in ("hold", "music") and s.start > answered
    ]
    if call.direction is not None:
        reason = f"an {call.direction} call"
        facts.append(
            Finding(call.call_id, None, f"call:{call.direction}", "agent", 0.0, 0.0, "", 1.0, reason)
        )
    return facts


def with_phantoms(scene: Scene, chances: dict[str, float]) -> Scene:
    """The scene with a column for each behaviour that may be there unfound."""
    columns = dict(scene.columns)
    phantoms: list[tuple[str, float]] = []
    for behaviour, chance in sorted(chances.items()):
        columns[behaviour] = (*columns.get(behaviour, ()), len(scene.findings) + len(phantoms))
        phantoms.append((behaviour, chance))
    return replace(scene, columns=columns, phantoms=tuple(phantoms))


def windows(
    scene: Scene,
    opportunities: tuple[str, ...],
    behaviours: tuple[str, ...],
    *,
    within_turns: int,
) -> tuple[Window, ...]:
    """The opportunities of a call, each with the agent's next turns in which it could be taken.

    Several that the agent hears before the same answer are one opportunity. One after which the agent has no
    turn left is none.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for column in scene.columns_of(opportunities):
        if column < len(scene.findings):
            turns = _next_turns(scene, scene.findings[column], within_turns)
            if turns:
                groups.setdefault((turns[0], turns[-1]), []).append(column)
    answers = scene.columns_of(behaviours)
    return tuple(
        Window(tuple(columns), _inside(scene, answers, columns[0], last), _stretch(scene, columns[0], last))
        for (_, last), columns in sorted(groups.items())
    )


def _next_turns(scene: Scene, finding: Finding, count: int) -> tuple[int, ...]:
    """Indices of the agent's next turns after a finding that are more than a sign of listening."""
    listening = {
        f.turn for f in scene.of(scene.columns.get("backchannel", ())) if f.probability >= 0.5 and f.turn is not None
    }  # fmt: skip
    after = [
        index
        for index, turn in enumerate(scene.call.turns)
        if turn.speaker == "agent"
        and (index > finding.turn if finding.turn is not None else turn.start >= finding.start)
        and not (index in listening and len(turn.text.split()) <= BACKCHANNEL_WORDS)
    ]
    return tuple(after[:count])


def _inside(scene: Scene, answers: tuple[int, ...], opportunity: int, last: int) -> tuple[int, ...]:
    chance, stretch = scene.findings[opportunity], _stretch(scene, opportunity, last)
    inside = []
    for column in answers:
        if column >= len(scene.findings):
            continue
        finding = scene.findings[column]
        if finding.turn is not None and chance.turn is not None:
            if chance.turn < finding.turn <= last:
                inside.append(column)
        elif stretch.start <= finding.start <= stretch.end:
            inside.append(column)
    return tuple(inside)


def _stretch(scene: Scene, opportunity: int, last: int) -> Span:
    start = scene.findings[opportunity].start
    return Span(start, max(start, scene.call.turns[last].end))
