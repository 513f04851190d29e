"""What the firm allows its agents to promise: patterns in ``data/settings/promises.yaml``, edited by the firm."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from qa.behaviours.cards import Cards
from qa.errors import SettingsError
from qa.yaml_file import load_model


class Policy(BaseModel):
    """``allowed``: sentence patterns (normal form) of promises that the firm stands behind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allowed: tuple[str, ...] = ()


@lru_cache(maxsize=8)
def _patterns(file: Path) -> tuple[re.Pattern[str], ...]:
    if not file.is_file():
        return ()
    try:
        return tuple(re.compile(p) for p in load_model(file, Policy).allowed)
    except re.error as err:
        raise SettingsError(f"{file}: {err.pattern!r} is no regular expression: {err}") from err


def allowed_promises(cards: Cards) -> tuple[re.Pattern[str], ...]:
    """The firm's patterns; none where there is no policy file beside the cards."""
    return _patterns(cards.folder.parent / "settings" / "promises.yaml") if cards.folder else ()
