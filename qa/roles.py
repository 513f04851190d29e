"""Which side is the agent: by the labels of a transcript or by what each side says.

Conventions
-----------
- Labels and phrases are data (``data/settings/speaker_names.yaml``, ``role_phrases.yaml``).
- Nobody is called agent or customer in silence: what was concluded from words carries its probability, and
  below ``certain_enough`` it is not concluded at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel

from qa.errors import SettingsError
from qa.settings import load_settings
from qa.values import Speaker
from qa.yaml_file import load_model

Side = Literal["agent", "customer", "neither", "unknown"]

MAX_TURNS_PER_PHRASE = 3  # a phrase said often is a habit, not more proof
NOISE_IN_LABELS = re.compile(r"[^a-z ]+|\b(channel|ch|spk|speaker)\b")


LEARNED_WEIGHT = 0.3
"""A turn's words depend on each other, so that their sum is surer than it should be: with this factor one call in a
hundred of the labelled ones, by words learned from the others, stays below a probability of 0.8."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\?")


class RoleWords(RootModel[dict[str, float]]):
    """Learned weights of words and word pairs; above 0 they speak for the agent."""

    model_config = ConfigDict(frozen=True)


class SpeakerNames(BaseModel):
    """What the two sides are called, and who is neither."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    agent: tuple[str, ...]
    customer: tuple[str, ...]
    neither: tuple[str, ...] = ()


class RolePhrases(BaseModel):
    """Weighted patterns of either side."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    certain_enough: float
    agent: tuple[tuple[float, str], ...]
    customer: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The side of each label (None: neither, left out), how sure, and a sentence where it was concluded."""

    of: Mapping[str, Speaker | None]
    confidence: float = 1.0
    note: str | None = None


@cache
def speaker_names(data: Path) -> SpeakerNames:
    return load_model(data / "settings" / "speaker_names.yaml", SpeakerNames)


@cache
def role_phrases(data: Path) -> tuple[float, tuple[tuple[float, re.Pattern[str]], ...]]:
    """How sure is sure enough, and the patterns: weight above 0 speaks for the agent, below for the customer."""
    path = data / "settings" / "role_phrases.yaml"
    found = load_model(path, RolePhrases)
    try:
        patterns = [(weight, re.compile(text, re.IGNORECASE)) for weight, text in found.agent]
        patterns += [(-weight, re.compile(text, re.IGNORECASE)) for weight, text in found.customer]
    except re.error as err:
        raise SettingsError(f"{path}: '{err.pattern!r}': {err}; correct the pattern") from err
    return found.certain_enough, tuple(patterns)


@cache
def role_words(data: Path) -> Mapping[str, float]:
    """The learned weights of ``data/settings/role_words.yaml``; none where there is no such file."""
    path = data / "settings" / "role_words.yaml"
    return load_model(path, RoleWords).root if path.is_file() else {}


def words_and_pairs(text: str) -> list[str]:
    """The words of a turn (and question marks), and each with the one after it; each once."""
    words = _WORD.findall(text.lower().replace("\u2019", "'"))
    return sorted({*words, *(f"{one} {other}" for one, other in pairwise(words))})


def _data(data: Path | None) -> Path:
    return load_settings().data if data is None else data


def side_of_label(label: str, *, data: Path | None = None) -> Side:
    """Which side a label names; ``neither`` for an IVR and the like, ``unknown`` where it says nothing."""
    names = speaker_names(_data(data))
    plain = " ".join(NOISE_IN_LABELS.sub(" ", label.lower()).split())
    whole = _named(plain, names)
    if whole != "unknown":
        return whole
    in_brackets = re.search(r"[(\[]([^)\]]+)[)\]]", label)
    parts = [in_brackets.group(1)] if in_brackets else []
    parts += [part for part in re.split(r"\s+[-–|/]\s+|\s*:\s*|_", label) if part != label]
    words = plain.split()
    parts += [word for word in words[:1] + words[-1:] if len(word) > 1]  # "Agent Sarah", "John Customer"
    sides = {_named(" ".join(NOISE_IN_LABELS.sub(" ", part.lower()).split()), names) for part in parts}
    sides -= {"unknown", "neither"}
    return sides.pop() if len(sides) == 1 else "unknown"


def _named(plain: str, names: SpeakerNames) -> Side:
    if plain in names.agent:
        return "agent"
    if plain in names.customer:
        return "customer"
    return "neither" if plain in names.neither else "unknown"


def agent_log_odds(texts: Sequence[str], *, data: Path | None = None) -> float:
    """How much more these turns sound like an agent's than like a customer's (0: no telling)."""
    _, patterns = role_phrases(_data(data))
    score = 0.0
    for weight, pattern in patterns:
        score += weight * min(MAX_TURNS_PER_PHRASE, sum(1 for text in texts if pattern.search(text)))
    learned = role_words(_data(data))
    return score + LEARNED_WEIGHT * sum(learned.get(w, 0.0) for text in texts for w in words_and_pairs(text))


def probability_first_is_agent(
    first: Sequence[str], second: Sequence[str], *, data: Path | None = None
) -> float:
    """From the turns' texts of two sides."""
    difference = agent_log_odds(first, data=data) - agent_log_odds(second, data=data)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, difference))))


def who_is_who(texts_by_label: Mapping[str, Sequence[str]], *, data: Path | None = None) -> Roles | None:
    """The side of every label, or None where neither the labels nor the words say it.

    Labels that name a side decide. With one side named, a single other label is the other side. With two
    labels that say nothing ("spk_0", "Speaker 1"), what they say decides if it is certain enough.
    """
    data = _data(data)
    sides: dict[str, Side] = {label: side_of_label(label, data=data) for label in texts_by_label}
    if {label.strip().lower() for label in sides} == {"a", "c"}:  # "A:" and "C:", never A and B
        sides = {label: "agent" if label.strip().lower() == "a" else "customer" for label in sides}
    unknown = [label for label, side in sides.items() if side == "unknown"]
    known: dict[str, Speaker | None] = {
        label: side if side == "agent" or side == "customer" else None
        for label, side in sides.items()
        if side != "unknown"
    }
    left_out = sorted(label for label, side in known.items() if side is None)
    note = f"Left out, neither agent nor customer: {', '.join(left_out)}." if left_out else None
    named = {side for side in known.values() if side}
    if not unknown:
        return Roles(known, note=note) if named else None
    if len(unknown) == 1 and len(named) == 1:
        other: Speaker = "customer" if "agent" in named else "agent"
        return Roles({**known, unknown[0]: other}, note=note)
    if len(unknown) != 2 or named:
        return None
    certain_enough, _ = role_phrases(data)
    p = probability_first_is_agent(texts_by_label[unknown[0]], texts_by_label[unknown[1]], data=data)
    if max(p, 1 - p) < certain_enough:
        return None
    agent, customer = unknown if p >= 0.5 else unknown[::-1]
    concluded = f"Nothing named the agent; by what is said it is '{agent}' (probability {max(p, 1 - p):.2f})."
    return Roles(
        {**known, agent: "agent", customer: "customer"},
        confidence=max(p, 1 - p),
        note=f"{concluded} {note}" if note else concluded,
    )
