"""The firm's own trained classifiers: each in a folder of its own, one of them in force, any of them again.

Conventions: ``QA_HOME/models/<version>/behaviours`` holds a trained folder, named by its content;
``QA_HOME/models/current`` names the one in force, and the one before it on each further line. Nothing is ever
overwritten: rolling back is naming an earlier one. Without that file the shipped model is in force.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from qa.behaviours import Cards, TurnClassifier, load_shipped_classifier
from qa.errors import ModelError
from qa.settings import Settings

SHIPPED = "shipped"
CURRENT = "current"


def models_in_use(settings: Settings) -> Path:
    """The folder whose ``behaviours`` is in force."""
    version = version_in_use(settings)
    return settings.models if version == SHIPPED else settings.home / "models" / version


def classifier_in_use(settings: Settings, cards: Cards) -> TurnClassifier:
    """The classifier in force: the firm's own, else the one that ships."""
    return load_shipped_classifier(models_in_use(settings), cards, threads=settings.cpu_threads)


def version_in_use(settings: Settings) -> str:
    """The version in force; ``shipped`` where the firm has none of its own.

    Raises
    ------
    ModelError
        The version that is named is not there.
    """
    history = _history(settings)
    version = history[0] if history else SHIPPED
    if version != SHIPPED and not _folder(settings, version).is_dir():
        raise ModelError(f"{_folder(settings, version)} is gone; run: qa models rollback")
    return version


def versions(settings: Settings) -> tuple[str, ...]:
    """Every version there is, the shipped one first."""
    there = settings.home / "models"
    own = sorted(p.parent.name for p in there.glob("*/behaviours") if p.is_dir()) if there.is_dir() else []
    return (SHIPPED, *own)


def keep_version(settings: Settings, trained: Path) -> str:
    """Copy a trained folder in under the name of its content, and give that name; not yet in force.

    Raises
    ------
    ModelError
        The folder holds no trained classifier.
    """
    card = trained / "card.json"
    if not card.is_file():
        raise ModelError(
            f"{trained} holds no trained classifier (card.json is missing); run: qa train --labels-only"
        )
    heads = json.loads(card.read_text(encoding="utf-8")).get("heads_sha256", "")
    version = hashlib.sha256(f"{heads}{card.read_text(encoding='utf-8')}".encode()).hexdigest()[:12]
    target = _folder(settings, version)
    if not target.is_dir():
        partial = target.with_name("behaviours.part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(trained, partial)
        partial.replace(target)
    return version


def use_version(settings: Settings, version: str) -> None:
    """Put a version in force; programs that run take it up when they start anew.

    Raises
    ------
    ModelError
        There is no such version.
    """
    if version not in versions(settings):
        raise ModelError(f"there is no version {version}; there are: {', '.join(versions(settings))}")
    _write(settings, [version, *_history(settings)])


def roll_back(settings: Settings) -> str:
    """Put the version before the one in force back, and give it.

    Raises
    ------
    ModelError
        The shipped model is in force: there is nothing before it.
    """
    history = _history(settings)
    if not history:
        raise ModelError("the shipped model is in force; there is nothing to go back to")
    _write(settings, history[1:])
    return version_in_use(settings)


def _folder(settings: Settings, version: str) -> Path:
    return settings.home / "models" / version / "behaviours"


def _history(settings: Settings) -> list[str]:
    file = settings.home / "models" / CURRENT
    return file.read_text(encoding="utf-8").split() if file.is_file() else []


def _write(settings: Settings, history: Sequence[str]) -> None:
    file = settings.home / "models" / CURRENT
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.write_text("".join(f"{version}\n" for version in history), encoding="utf-8")
    partial.replace(file)
