"""What is masked, and the words that tell which number is which: ``data/settings/redaction.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from qa.errors import SettingsError
from qa.text import normalise
from qa.yaml_file import load_model

Kind = Literal[
    "card_number",
    "card_last_four",
    "expiry_date",
    "security_code",
    "account_number",
    "sort_code",
    "iban",
    "phone_number",
    "email",
    "date_of_birth",
    "postcode",
]
LABELS: dict[Kind, str] = {
    "card_number": "[card number]",
    "card_last_four": "[end of the card number]",
    "expiry_date": "[expiry date]",
    "security_code": "[security code]",
    "account_number": "[account number]",
    "sort_code": "[sort code]",
    "iban": "[IBAN]",
    "phone_number": "[phone number]",
    "email": "[e-mail address]",
    "date_of_birth": "[date of birth]",
    "postcode": "[postcode]",
}
"""What stands in the text instead: the kind stays, so that "was it given?" can still be answered."""

MASK = re.compile("|".join(re.escape(label) for label in LABELS.values()))


class RedactionSettings(BaseModel):
    """The settings file, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mask: dict[Kind, bool]
    mute_before_s: float = Field(ge=0)
    mute_after_s: float = Field(ge=0)
    contexts: dict[Kind | Literal["other"], tuple[str, ...]]
    public_prefixes: tuple[str, ...]
    units: frozenset[str]
    fillers: frozenset[str]
    not_a_mailbox: frozenset[str]


@dataclass(frozen=True, slots=True)
class Context:
    """A phrase that tells which number comes next (or came just before): where it stands in its turn."""

    kind: Kind | Literal["other"]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings with their patterns compiled."""

    settings: RedactionSettings
    patterns: tuple[tuple[Kind | Literal["other"], re.Pattern[str]], ...]

    def masks(self, kind: Kind) -> bool:
        """Whether this kind is masked."""
        return self.settings.mask.get(kind, True)

    def contexts_in(self, text: str) -> tuple[Context, ...]:
        """Every phrase of a turn that names a kind of number, by where it ends."""
        plain = normalise(MASK.sub(lambda m: " " * len(m.group()), text))
        found = [
            Context(kind, match.start(), match.end())
            for kind, pattern in self.patterns
            for match in pattern.finditer(plain)
        ]
        return tuple(sorted(found, key=lambda c: (c.end, c.kind != "other", c.end - c.start)))


def load_rules(data: Path) -> Rules:
    """The rules of ``data/settings/redaction.yaml``, read again when the file has changed.

    Raises
    ------
    SettingsError
        The file is missing or wrong; the message names the line.
    """
    path = data / "settings" / "redaction.yaml"
    return _load(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=8)
def _load(path: Path, _changed_ns: int) -> Rules:
    settings = load_model(path, RedactionSettings)
    missing = sorted(set(get_args(Kind)) - set(settings.mask))
    if missing:
        raise SettingsError(f"{path}: mask: '{missing[0]}' is missing; say true or false")
    try:
        patterns = [(kind, re.compile(text)) for kind, texts in settings.contexts.items() for text in texts]
    except re.error as err:
        raise SettingsError(f"{path}: '{err.pattern!r}': {err}; correct the pattern") from err
    return Rules(settings, tuple(patterns))
