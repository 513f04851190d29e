"""What finds behaviours and scores, for pages on which people decide: loaded once, anew when its files change."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import RLock

from qa.batch import Pipeline
from qa.scoring.options import ADVICE_ONLY
from qa.settings import Settings
from qa.web import state

Stamp = tuple[tuple[str, int], ...]

_lock = RLock()


def judge() -> Pipeline:
    """The pipeline of this process."""
    settings = state.settings()
    watched = [*(settings.data / "behaviours").glob("*.yaml"), *(settings.data / "forms").glob("*.yaml")]
    watched.append(settings.home / ADVICE_ONLY)
    with _lock:
        return _judge(settings, _stamp(watched))


def _stamp(files: list[Path]) -> Stamp:
    return tuple(sorted((str(file), file.stat().st_mtime_ns) for file in files if file.is_file()))


@lru_cache(maxsize=1)
def _judge(settings: Settings, _stamp: Stamp) -> Pipeline:
    return Pipeline(settings)
