"""Behaviour cards: one YAML file per behaviour, validated with the line of each mistake.

Conventions
-----------
- ``data/behaviours/<id>.yaml``; the file's name is the id.
- Patterns are regular expressions over the normal form (lower case, plain quotes) of one sentence.
- An example is a text said by the card's speaker, with the turns before it where they matter, or a small
  call in the form of ``data/labels`` (``A 0.0: ...`` lines), where times decide.
- A threshold carries the reason it has its value (``source``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from qa.behaviours.scope import Scope
from qa.errors import SettingsError
from qa.values import Speaker
from qa.yaml_file import load_model

Section = Literal[
    "listen",
    "acknowledge",
    "clarify",
    "respond",
    "ownership",
    "conduct",
    "escalate",
    "open_close",
    "customer",
]
Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
MIN_EXAMPLES = 8
"""A card shows at least so many firing and so many silent examples: near misses are half of a definition."""


class Setting(BaseModel):
    """A number a detector uses, with where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    source: Sentence


class Example(BaseModel):
    """What is said (``text`` after ``context``) or a small ``call`` whose times decide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = ""
    context: tuple[Sentence, ...] = ()
    call: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Example:
        if bool(self.text) == bool(self.call):
            raise ValueError("an example has either 'text' or 'call'")
        return self


def _as_example(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


Examples = tuple[Annotated[Example, BeforeValidator(_as_example)], ...]


class Card(BaseModel):
    """One behaviour: what it means, how it is found, what an agent can do about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
    name: Sentence
    question: Sentence
    polarity: Literal["+", "-", "="]
    speaker: Speaker
    section: Section
    meaning: Sentence
    because: Sentence
    """Begins the reason of a finding, as told to a supervisor: "The agent names how the customer feels"."""
    counts: Sentence
    does_not_count: str = ""
    applies_when: tuple[str, ...] = ()
    needs: Literal["text", "turn_times", "word_times", "sound"] = "text"
    detector: Literal["phrase", "timing", "context"]
    once_a_call: bool = False
    patterns: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    allow: tuple[Scope, ...] = ()
    """Scopes (see ``scope``) in which the patterns still count: "can't" is what a refusal is made of."""
    phrases: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Further patterns that the card's own detector asks for by name."""
    settings: Mapping[str, Setting] = Field(default_factory=dict)
    sources: tuple[Sentence, ...]
    tip: Sentence
    fires: Examples
    silent: Examples

    @model_validator(mode="after")
    def _patterns_compile(self) -> Card:
        named = [p for patterns in self.phrases.values() for p in patterns]
        for pattern in (*self.patterns, *self.never, *named):
            try:
                re.compile(pattern)
            except re.error as err:
                raise ValueError(f"pattern {pattern!r} is no regular expression: {err}") from err
        return self

    @cached_property
    def compiled(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(p) for p in self.patterns)

    @cached_property
    def any_pattern(self) -> re.Pattern[str]:
        """All patterns as one: most sentences hold none, and one search says so."""
        return re.compile("|".join(f"(?:{p})" for p in self.patterns))

    @cached_property
    def compiled_never(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(p) for p in self.never)

    @cached_property
    def _named(self) -> Mapping[str, re.Pattern[str]]:
        return {name: re.compile("|".join(f"(?:{p})" for p in ps)) for name, ps in self.phrases.items()}

    def says(self, name: str, text: str) -> bool:
        """Whether one of the card's patterns called ``name`` stands in the text (normal form)."""
        return bool(self._named[name].search(text))

    def setting(self, name: str) -> float:
        return self.settings[name].value


@dataclass(frozen=True)
class Cards:
    """All cards by id, in the order of sections and files."""

    by_id: Mapping[str, Card]
    folder: Path | None = None

    def __getitem__(self, behaviour: str) -> Card:
        return self.by_id[behaviour]

    def __iter__(self) -> Iterator[Card]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def __contains__(self, behaviour: str) -> bool:
        return behaviour in self.by_id

    def of_detector(self, kind: str) -> tuple[Card, ...]:
        return tuple(card for card in self if card.detector == kind)


def load_cards(folder: Path) -> Cards:
    """Every card of a folder.

    Raises
    ------
    SettingsError
        A card that is wrong, with its file and line; a card whose file bears another name; an
        ``applies_when`` that names no card.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise SettingsError(
            f"{folder}: no behaviour cards here; set QA_DATA to the folder that holds 'behaviours'"
        )
    cards: dict[str, Card] = {}
    for file in files:
        card = load_model(file, Card)
        if card.id != file.stem:
            raise SettingsError(f"{file}: the card's id is '{card.id}'; name the file {card.id}.yaml")
        cards[card.id] = card
    for card in cards.values():
        unknown = [b for b in card.applies_when if b not in cards]
        if unknown:
            raise SettingsError(f"{folder / card.id}.yaml: applies_when names no card: {', '.join(unknown)}")
    return Cards(cards, folder)
