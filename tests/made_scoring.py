"""Calls, findings, forms and evaluations made inside the tests, as small as the question they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from hypothesis import strategies as st

from qa.scorecard import ScoredCall
from qa.scoring import Form, Mark, Options, evaluate, parse_form
from qa.values import Answer, Call, Detections, Evaluation, Finding, Turn

HEAD = """
id: made.v1
title: Made
about: For a test.
pass_mark: 70
"""


def made_call(
    *,
    turns: int = 20,
    turn_s: float = 6.0,
    call_id: str = "c1",
    texts: dict[int, str] | None = None,
    **more: Any,
) -> Call:
    """Agent and customer by turns, the agent first, five words each."""
    made = tuple(
        Turn(
            "customer" if i % 2 else "agent",
            i * turn_s,
            (i + 1) * turn_s - 0.5,
            (texts or {}).get(i, "some words that are said"),
        )
        for i in range(turns)
    )
    return Call(call_id, made, duration=more.pop("duration", turns * turn_s), **more)


def found(
    behaviour: str,
    turn: int | None = 2,
    probability: float = 1.0,
    *,
    turn_s: float = 6.0,
    call_id: str = "c1",
    **details: str,
) -> Finding:
    """A finding in the middle of a turn."""
    start = (turn or 0) * turn_s + 1.0
    speaker = "customer" if behaviour.startswith("customer_") else "agent"
    return Finding(
        call_id, turn, behaviour, speaker, start, start + 2.0, "some words", probability, "made",
        0, 10, tuple(details.items()),
    )  # fmt: skip


def made_form(criteria: str, *, head: str = "") -> Form:
    """A form of one section from the YAML of its criteria."""
    indented = "\n".join(f"      {line}" for line in criteria.strip().splitlines())
    return parse_form(f"{HEAD}{head}\nsections:\n  - id: one\n    title: One\n    criteria:\n{indented}\n")


def scored(
    form: Form,
    *findings: Finding,
    call: Call | None = None,
    not_measured: Sequence[tuple[str, str]] = (),
    marks: Sequence[Mark] = (),
    options: Options | None = None,
) -> Evaluation:
    call = call or made_call()
    return evaluate(
        call,
        Detections(call.call_id, findings, tuple(not_measured)),
        form,
        options=options or Options(),
        marks=marks,
    )


def answer_of(evaluation: Evaluation, criterion: str) -> Answer:
    return next(a for a in evaluation.answers if a.criterion == criterion)


def record(agent: str, score: float | None, **more: Any) -> ScoredCall:
    """A scored call that is nothing but its score."""
    evaluation = Evaluation(
        more.pop("call_id", "c"), "made.v1", score, score, score, score, 1.0, more.pop("answers", ()),
        sections=(("one", score),),
    )  # fmt: skip
    return ScoredCall(agent=agent, evaluation=evaluation, **more)


def at(day: int, hour: int = 10, *, month: int = 11) -> datetime:
    """A day of November 2024, which begins on a Friday."""
    return datetime(2024, month, day, hour)  # noqa: DTZ001 - as written in a transcript


BEHAVIOURS = (
    "empathy",
    "apology",
    "refusal",
    "interruption",
    "recap",
    "customer_problem",
    "customer_frustration",
)

findings_made = st.lists(
    st.builds(
        lambda b, t, p: found(b, 2 * t + b.startswith("customer_"), p),
        st.sampled_from(BEHAVIOURS),
        st.integers(0, 9),
        st.sampled_from([0.0, 0.1, 0.3, 0.45, 0.55, 0.8, 0.97, 1.0]),
    ),
    max_size=25,
)


@st.composite
def forms_made(draw: st.DrawFn) -> Form:
    """Forms of one to four sections with criteria of every kind."""
    count, sections = 0, []
    for s in range(draw(st.integers(1, 4))):
        criteria = []
        for _ in range(draw(st.integers(1, 4))):
            criteria.append(_criterion(draw, count))
            count += 1
        section: dict[str, Any] = {"id": f"s{s}", "title": f"S{s}", "criteria": criteria}
        if draw(st.booleans()):
            section["weight"] = draw(st.sampled_from([5, 10, 33.3]))
        sections.append(section)
    sections[0]["criteria"][0].pop("bonus", None)
    return Form.model_validate(
        {
            "id": "made.v1",
            "title": "Made",
            "about": "For a test.",
            "pass_mark": draw(st.sampled_from([0, 60, 85.5, 100])),
            "auto_fail": draw(st.sampled_from(["zero", "mark", "cap:40"])),
            "unanswered": draw(st.sampled_from(["form", "section"])),
            "sections": sections,
        }
    )


def _criterion(draw: st.DrawFn, number: int) -> dict[str, Any]:
    agent = draw(st.lists(st.sampled_from(BEHAVIOURS[:5]), min_size=1, max_size=2, unique=True))
    kind = draw(st.sampled_from(["presence", "absence", "per_event", "bands", "per_opportunity", "manual"]))
    made: dict[str, Any] = {
        "id": f"c{number}",
        "question": "Was it so?",
        "answered_by": kind,
        "weight": draw(st.sampled_from([1, 2, 3.5, 7])),
        "met_from": draw(st.sampled_from([0.5, 1.0])),
    }
    if kind == "manual":
        return made | {"guidance": "Listen."}
    made["behaviours"] = agent
    if kind == "per_event":
        made |= {"off_each": 0.7, "floor": draw(st.sampled_from([0, 0.5]))}
    if kind == "bands":
        made["bands"] = [{"up_to": 0, "share": 1}, {"up_to": 2, "share": 0.4}, {"share": 0}]
    if kind == "per_opportunity":
        made["opportunities"] = ["customer_frustration"]
    elif draw(st.booleans()):
        made["applies_when"] = {"any_of": ["customer_problem"], "only_after": draw(st.booleans())}
    extra = draw(st.sampled_from([{}, {}, {"bonus": True}, {"fails": "section"}, {"fails": "evaluation"}]))
    return made | extra


def true_world(findings: Sequence[Finding], rng: np.random.Generator) -> tuple[Finding, ...]:
    """What a person would find: each finding is there with its probability, and then surely."""
    return tuple(replace(f, probability=1.0) for f in findings if rng.random() < f.probability)
