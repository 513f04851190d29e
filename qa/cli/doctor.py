"""``qa doctor``: looks at everything a machine must have, and says what to do about what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import typer

from qa import __version__
from qa.batch import Pipeline
from qa.errors import QaError
from qa.models import list_models
from qa.settings import Settings, load_settings
from qa.store import SYSTEM, count_calls, open_store
from qa.store.accounts import has_accounts
from qa.store.audit import check_chain

Sign = Literal["✓", "!", "✕"]
LEAST_FREE_GB = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and a sentence about it."""

    what: str
    sign: Sign
    says: str


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="doctor")(doctor)


def doctor() -> None:
    """Look at the machine, the settings, the database and the models; exit code 1 where something must be done.

    A ✕ must be put right before calls can be scored; a ! is worth knowing.
    """
    settings = load_settings()
    checks = [check(settings) for check in CHECKS]
    for found in checks:
        typer.echo(f"{found.sign} {found.what:<12} {found.says}")
    if any(found.sign == "✕" for found in checks):
        raise typer.Exit(1)


def check_program(_settings: Settings) -> Check:
    """Python and the packages that decide about results."""
    names = ("faster-whisper", "ctranslate2", "av", "spacy", "scikit-learn", "streamlit", "SQLAlchemy")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    python = platform.python_version()
    sign: Sign = "✓" if sys.version_info >= (3, 11) else "✕"
    return Check(
        "program",
        sign,
        f"call-qa {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}; {versions}",
    )


def check_data(settings: Settings) -> Check:
    """Cards and forms."""
    pipeline = Pipeline(settings)
    try:
        n = len(pipeline.cards)
        form = pipeline.forms.get(settings.form)
    except QaError as err:
        return Check("data", "✕", str(err))
    return Check("data", "✓", f"{n} behaviours, {len(pipeline.forms.all)} forms; in use: {form.id}")


def check_store(settings: Settings) -> Check:
    """The database and the audit log's chain."""
    try:
        store = open_store(settings)
    except QaError as err:
        return Check("database", "✕", str(err))
    try:
        n, broken = check_chain(store)
        calls = count_calls(store, SYSTEM)
    except QaError as err:
        return Check("database", "✕", str(err))
    finally:
        store.close()
    if broken is not None:
        return Check(
            "database", "✕", f"the audit log was changed behind the program's back at entry {broken}"
        )
    return Check("database", "✓", f"{store.dialect}, {calls} calls, audit log whole ({n} entries)")


def check_accounts(settings: Settings) -> Check:
    """Whether anybody can sign in."""
    try:
        store = open_store(settings)
    except QaError as err:
        return Check("accounts", "✕", str(err))
    try:
        if has_accounts(store):
            return Check("accounts", "✓", "somebody can sign in")
        return Check("accounts", "!", "nobody can sign in yet: qa accounts add NAME --role admin")
    finally:
        store.close()


def check_home(settings: Settings) -> Check:
    """The folder of the recordings: rights and space."""
    home = settings.home.resolve()
    free_gb = shutil.disk_usage(home).free / 1e9
    if os.name == "posix" and home.stat().st_mode & 0o077:
        return Check("home", "✕", f"{home} can be read by others: chmod 700 {home}")
    if not os.access(home, os.W_OK):
        return Check("home", "✕", f"{home} can't be written")
    sign: Sign = "✓" if free_gb >= LEAST_FREE_GB else "!"
    return Check("home", sign, f"{home}, {free_gb:.0f} GB free")


def check_models(settings: Settings) -> Check:
    """Speech models."""
    from qa.asr import find_model

    here = ", ".join(row.name for row in list_models(settings))
    try:
        path = find_model(settings)
    except QaError as err:
        return Check("speech model", "!", f"{err} (only recordings without a transcript need one)")
    return Check("speech model", "✓", f"{path.name} in use" + (f"; here: {here}" if here else ""))


def check_fonts(_settings: Settings) -> Check:
    """A font for PDF scorecards that has the letters of all names."""
    from qa.report.fonts import find_font

    font = find_font()
    if font is None:
        return Check("fonts", "!", "no DejaVu Sans here: names beyond Western Europe can't be drawn in PDFs")
    return Check("fonts", "✓", str(font))


def check_parallel(settings: Settings) -> Check:
    """Cores, and what they are used for."""
    cores = os.cpu_count() or 1
    threads = settings.cpu_threads or cores
    return Check("cores", "✓", f"{cores}; {threads} threads per worker")


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    check_program,
    check_data,
    check_store,
    check_home,
    check_accounts,
    check_models,
    check_fonts,
    check_parallel,
)
