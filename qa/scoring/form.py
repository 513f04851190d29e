"""The evaluation form: what is asked of a call, by which behaviours it is answered, and what it weighs.

Conventions
-----------
- A form is one YAML file, ``data/forms/<name>.v<N>.yaml``; its id is the file's stem (``default.v1``).
- Weights are the form's own points. A criterion that does not apply takes its weight with it.
- A *share* is the part of a criterion's points that was earned, in [0, 1].
- Values are frozen. Reading and checking a file is in :mod:`qa.scoring.reading`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

BehaviourId = Annotated[str, StringConstraints(pattern=r"^(call:)?[a-z][a-z0-9_]*$")]
"""A behaviour of the codebook, or a fact of the call: ``call:hold``, ``call:inbound``, ``call:outbound``."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Behaviours = Annotated[tuple[BehaviourId, ...], Field(min_length=1)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

CALL_FACTS = frozenset({"call:hold", "call:inbound", "call:outbound"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AppliesWhen(_Strict):
    """The condition under which a criterion is asked: one of ``any_of`` and every one of ``all_of`` was found.

    ``only_after`` counts only what happens after the condition first arose.
    """

    any_of: tuple[BehaviourId, ...] = ()
    all_of: tuple[BehaviourId, ...] = ()
    only_after: bool = False

    @property
    def behaviours(self) -> tuple[str, ...]:
        return self.any_of + self.all_of

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Sets of behaviours of each of which one must be there."""
        return ((self.any_of,) if self.any_of else ()) + tuple((b,) for b in self.all_of)


class CriterionBase(_Strict):
    """What every criterion has, however it is answered.

    Attributes
    ----------
    weight : float
        Points of the form; for a bonus, points of 100 on top.
    met_from : float
        Share of the points from which the answer is ``met``; below it is ``missed``.
    fails : "section", "evaluation" or None
        What a missed answer takes with it; only where the program is at least ``fail_when_sure`` sure.
    """

    id: Slug
    question: Text
    weight: float = Field(gt=0, le=1000)
    applies_when: AppliesWhen | None = None
    met_from: float = Field(1.0, gt=0, le=1)
    bonus: bool = False
    fails: Literal["section", "evaluation"] | None = None
    fail_when_sure: float = Field(0.8, ge=0.5, le=1)
    coaching: Text | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The behaviours that answer it."""
        return ()


class Presence(CriterionBase):
    """Met where at least ``at_least`` findings of any of the behaviours are there."""

    answered_by: Literal["presence"]
    behaviours: Behaviours
    at_least: int = Field(1, ge=1)
    where: dict[str, str] = Field(default_factory=dict)
    """Facts a finding must carry to count, such as ``{kind: warm}``."""

    @property
    def needed(self) -> tuple[str, ...]:
        return self.behaviours


class Absence(CriterionBase):
    """Met where none of the behaviours is there."""

    answered_by: Literal["absence"]
    behaviours: Behaviours
    where: dict[str, str] = Field(default_factory=dict)

    @property
    def needed(self) -> tuple[str, ...]:
        return self.behaviours


class PerEvent(CriterionBase):
    """``off_each`` points off for each finding after the first ``free`` ones, never under ``floor`` points."""

    answered_by: Literal["per_event"]
    behaviours: Behaviours
    off_each: float = Field(gt=0)
    free: int = Field(0, ge=0)
    floor: float = Field(0.0, ge=0)

    @property
    def needed(self) -> tuple[str, ...]:
        return self.behaviours


class Band(_Strict):
    """Up to and with ``up_to`` (none: without end), the criterion earns ``share`` of its points."""

    up_to: float | None = Field(None, ge=0)
    share: float = Field(ge=0, le=1)


class Bands(CriterionBase):
    """A share by the number of findings, or by findings a minute of the call."""

    answered_by: Literal["bands"]
    behaviours: Behaviours
    measure: Literal["count", "per_minute"] = "count"
    bands: Annotated[tuple[Band, ...], Field(min_length=2)]

    @property
    def needed(self) -> tuple[str, ...]:
        return self.behaviours


class PerOpportunity(CriterionBase):
    """The share of opportunities that were taken within the agent's next ``within_turns`` turns.

    It applies where there is an opportunity; no condition is needed for that.
    """

    answered_by: Literal["per_opportunity"]
    opportunities: Behaviours
    behaviours: Behaviours
    within_turns: int = Field(2, ge=1, le=20)

    @property
    def needed(self) -> tuple[str, ...]:
        return self.behaviours


class Manual(CriterionBase):
    """Only a person answers it; not measured until then."""

    answered_by: Literal["manual"]
    guidance: Text


Criterion = Annotated[
    Presence | Absence | PerEvent | Bands | PerOpportunity | Manual, Field(discriminator="answered_by")
]


class Section(_Strict):
    """A group of criteria. ``weight``, where given, is what the section weighs, shared by its criteria."""

    id: Slug
    title: Text
    weight: float | None = Field(None, gt=0, le=1000)
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]


class Form(_Strict):
    """One version of an evaluation form.

    Attributes
    ----------
    queues : tuple of str
        Queues it is for; empty: it is used where no other form names the queue.
    pass_mark : float
        Points of 100 from which a call passes.
    auto_fail : str
        What failing the evaluation does to the score: ``zero``, ``cap:N`` or ``mark`` (nothing but the mark).
    unanswered : "form" or "section"
        Where the weight of a criterion without an answer goes: to the whole form, or to its own section.
    voicemail_phrases : tuple of str
        Words of an answering machine; a call in which nobody else answers is not scored.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*\.v[1-9][0-9]*$")]
    title: Text
    about: Text
    queues: tuple[Text, ...] = ()
    pass_mark: float = Field(ge=0, le=100)
    auto_fail: Annotated[str, StringConstraints(pattern=r"^(zero|mark|cap:[0-9]{1,3})$")] = "zero"
    unanswered: Literal["form", "section"] = "form"
    voicemail_phrases: tuple[Text, ...] = ()
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]

    @property
    def name(self) -> str:
        return self.id.rpartition(".v")[0]

    @property
    def version(self) -> int:
        return int(self.id.rpartition(".v")[2])

    @property
    def cap(self) -> float | None:
        """The highest score after an auto-fail; None where it only marks."""
        if self.auto_fail == "mark":
            return None
        return 0.0 if self.auto_fail == "zero" else float(self.auto_fail.removeprefix("cap:"))

    def criteria(self) -> Iterator[tuple[Section, Criterion]]:
        """Every criterion with its section, in the order of the form."""
        for section in self.sections:
            for criterion in section.criteria:
                yield section, criterion

    def criterion(self, criterion_id: str) -> Criterion | None:
        return next((c for _, c in self.criteria() if c.id == criterion_id), None)

    def points(self) -> dict[str, float]:
        """Points of each criterion, sections' own weights applied; a bonus keeps its points of 100."""
        points: dict[str, float] = {}
        for section in self.sections:
            asked = sum(c.weight for c in section.criteria if not c.bonus)
            scale = section.weight / asked if section.weight is not None and asked else 1.0
            for c in section.criteria:
                points[c.id] = c.weight if c.bonus else c.weight * scale
        return points

    def behaviours(self) -> frozenset[str]:
        """Every behaviour that the form names anywhere."""
        return frozenset(b for _, c in self.criteria() for b in behaviours_of(c))


def behaviours_of(criterion: Criterion) -> tuple[str, ...]:
    """Every behaviour that a criterion names: those that answer it, its opportunities and its condition."""
    opportunities = criterion.opportunities if isinstance(criterion, PerOpportunity) else ()
    condition = criterion.applies_when.behaviours if criterion.applies_when else ()
    return criterion.needed + opportunities + condition


def form_hash(form: Form) -> str:
    """SHA-256 of what the form says (not of how the file is laid out), as hex."""
    said = json.dumps(form.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
