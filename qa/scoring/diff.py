"""What is different between two versions of a form, in sentences, before the new one is published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qa.scoring.form import Criterion, Form

FEW = 5
"""More criteria whose worth changed only with others' weights are told in one line."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: where (``form``, a section's or a criterion's id), and what it is."""

    where: str
    says: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


def diff_forms(old: Form, new: Form) -> tuple[Difference, ...]:
    """Every difference that can change a score or what an agent reads; empty where there is none."""
    return (*_of_form(old, new), *_of_sections(old, new), *_of_criteria(old, new))


def _of_form(old: Form, new: Form) -> Iterator[Difference]:
    keys = ("title", "about", "queues", "pass_mark", "auto_fail", "unanswered", "voicemail_phrases")
    for key in keys:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Difference("form", f"{key} was {_said(before)}, is {_said(after)}")


def _of_sections(old: Form, new: Form) -> Iterator[Difference]:
    before, after = {s.id: s for s in old.sections}, {s.id: s for s in new.sections}
    for gone in before.keys() - after.keys():
        yield Difference(gone, "section removed")
    for section_id, section in after.items():
        was = before.get(section_id)
        if was is None:
            yield Difference(section_id, f"new section “{section.title}”")
            continue
        for key in ("title", "weight"):
            if getattr(was, key) != getattr(section, key):
                yield Difference(
                    section_id, f"{key} was {_said(getattr(was, key))}, is {_said(getattr(section, key))}"
                )


def _of_criteria(old: Form, new: Form) -> Iterator[Difference]:
    before = {c.id: (s.id, c) for s, c in old.criteria()}
    after = {c.id: (s.id, c) for s, c in new.criteria()}
    shares = _share_of_form(old), _share_of_form(new)
    follows: dict[str, tuple[float, float]] = {}
    for gone in before:
        if gone not in after:
            yield Difference(gone, f"removed; it was worth {shares[0][gone]:.1f} of 100")
    for criterion_id, (section, criterion) in after.items():
        if criterion_id not in before:
            yield Difference(criterion_id, f"new in {section}, worth {shares[1][criterion_id]:.1f} of 100")
            continue
        was_section, was = before[criterion_id]
        if was_section != section:
            yield Difference(criterion_id, f"moved from {was_section} to {section}")
        for key, was_value, value in _fields(was, criterion):
            yield Difference(criterion_id, f"{key} was {_said(was_value)}, is {_said(value)}")
        was_worth, worth = shares[0][criterion_id], shares[1][criterion_id]
        if abs(was_worth - worth) >= 0.05:
            if was.weight == criterion.weight:
                follows[criterion_id] = was_worth, worth
            else:
                yield Difference(criterion_id, f"worth {was_worth:.1f} of 100, now {worth:.1f}")
    yield from _in_consequence(follows)


def _in_consequence(follows: dict[str, tuple[float, float]]) -> Iterator[Difference]:
    """What criteria are worth only because weights elsewhere changed: one by one where they are few."""
    if len(follows) <= FEW:
        for criterion_id, (was, now) in follows.items():
            yield Difference(criterion_id, f"worth {was:.1f} of 100, now {now:.1f}")
        return
    by = [now - was for was, now in follows.values()]
    yield Difference(
        "form",
        f"{len(follows)} criteria that stayed as they were weigh otherwise, since others changed: "
        f"by {min(by):+.1f} to {max(by):+.1f} of 100",
    )


def _fields(was: Criterion, now: Criterion) -> Iterator[tuple[str, Any, Any]]:
    before, after = was.model_dump(), now.model_dump()
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def _share_of_form(form: Form) -> dict[str, float]:
    """Each criterion's part of 100 where everything applies; a bonus is its own points."""
    points = form.points()
    whole = sum(points[c.id] for _, c in form.criteria() if not c.bonus)
    return {c.id: points[c.id] if c.bonus else 100 * points[c.id] / whole for _, c in form.criteria()}


def _said(value: Any) -> str:
    if value is None or value == () or value == {}:
        return "nothing"
    if isinstance(value, tuple | list):
        return ", ".join(_said(v) for v in value)
    if isinstance(value, dict):
        return "; ".join(f"{k} {_said(v)}" for k, v in value.items() if v not in (None, (), False))
    return f"{value:g}" if isinstance(value, float) else str(value)
