"""What a promise is about, and whether a customer says later that it was done: phrases read from data."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from qa.promises.grammar import plain_text
from qa.yaml_file import load_model


class PromisePhrases(BaseModel):
    """Regular expressions by kind of promise; ``any`` holds whatever it was about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: dict[str, str]
    not_done: dict[str, tuple[str, ...]]
    done: dict[str, tuple[str, ...]]

    @field_validator("kinds", "not_done", "done")
    @classmethod
    def _compiles(cls, value: dict[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
        for patterns in value.values():
            for pattern in (patterns,) if isinstance(patterns, str) else patterns:
                try:
                    re.compile(pattern)
                except re.error as err:
                    raise ValueError(f"not a regular expression: {pattern!r}: {err}") from err
        return value

    @classmethod
    def load(cls, path: Path) -> PromisePhrases:
        """The phrases in a file.

        Raises
        ------
        SettingsError
            The file is missing or wrong.
        """
        return load_model(path, cls)

    def kind_of(self, text: str) -> str | None:
        """The kind whose words come first in a promise; None where none does."""
        lowered = plain_text(text)
        found = [(m.start(), kind) for kind, p in self.kinds.items() if (m := re.search(p, lowered))]
        return min(found)[1] if found else None

    def says_not_done(self, text: str, kind: str | None) -> bool:
        return self._says(self.not_done, text, kind)

    def says_done(self, text: str, kind: str | None) -> bool:
        return self._says(self.done, text, kind)

    def _says(self, phrases: dict[str, tuple[str, ...]], text: str, kind: str | None) -> bool:
        lowered = plain_text(text)
        patterns = phrases.get("any", ()) + (phrases.get(kind, ()) if kind else ())
        return any(re.search(pattern, lowered) for pattern in patterns)
