"""What the app opens once and every page uses: settings, store, cards, forms.

Conventions: only reference data is kept here. Nothing that belongs to a person is cached for all.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import RLock

from qa.behaviours import Cards, load_cards
from qa.errors import SettingsError
from qa.scoring import Form, FormLibrary, forms
from qa.settings import Settings, load_settings
from qa.store import Store, open_store

_lock = RLock()


def settings() -> Settings:
    """The settings of this process."""
    with _lock:
        return _settings()


def store() -> Store:
    """The open database of this process."""
    with _lock:
        return _store()


def cards() -> Cards:
    """The behaviour cards; read again when one of them changed."""
    folder = settings().data / "behaviours"
    stamp = max((path.stat().st_mtime_ns for path in folder.glob("*.yaml")), default=0)
    with _lock:
        return _cards(folder, stamp)


def library() -> FormLibrary:
    """The forms; read again when one of them changed."""
    folder = settings().data / "forms"
    stamp = max((path.stat().st_mtime_ns for path in folder.glob("*.yaml")), default=0)
    with _lock:
        return _library(folder, stamp)


def form_named(form_id: str) -> Form | None:
    """The form with exactly this id, or None where its file is gone."""
    return next((form for form in library().all if form.id == form_id), None)


def default_form() -> Form | None:
    """The form used where no queue says otherwise."""
    try:
        return library().get(settings().form)
    except SettingsError:
        return None


def forget() -> None:
    """Close the store and forget the settings: the next question opens it anew."""
    with _lock:
        if _store.cache_info().currsize:
            _store().close()
        _store.cache_clear()
        _settings.cache_clear()


@lru_cache(maxsize=1)
def _settings() -> Settings:
    return load_settings()


@lru_cache(maxsize=1)
def _store() -> Store:
    return open_store(_settings())


@lru_cache(maxsize=1)
def _cards(folder: Path, _stamp: int) -> Cards:
    return load_cards(folder)


@lru_cache(maxsize=1)
def _library(folder: Path, _stamp: int) -> FormLibrary:
    return forms(folder, behaviours=tuple(cards().by_id))
