"""The forms of a folder: by id, the newest by name, and the one for a queue."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from qa.errors import SettingsError
from qa.scoring.form import Form
from qa.scoring.reading import load_form


@dataclass(frozen=True, slots=True)
class FormLibrary:
    """Every form of a folder, ordered by name and version."""

    folder: Path
    all: tuple[Form, ...]

    def get(self, name: str) -> Form:
        """A form by id (``default.v1``) or the newest of a name (``default``).

        Raises
        ------
        SettingsError
            There is none; the message names those there are.
        """
        found = [f for f in self.all if name in (f.id, f.name)]
        if not found:
            there = ", ".join(f.id for f in self.all) or "none"
            raise SettingsError(f"there is no form '{name}' in {self.folder}; there are: {there}")
        return found[-1]

    @property
    def newest(self) -> tuple[Form, ...]:
        """The newest version of each name."""
        return tuple({f.name: f for f in self.all}.values())

    def for_queue(self, queue: str | None, *, default: str) -> Form:
        """The newest form that names the queue (letter case aside), else the default one.

        Raises
        ------
        SettingsError
            Two forms name the queue, or the default does not exist.
        """
        wanted = (queue or "").strip().lower()
        naming = [f for f in self.newest if wanted and wanted in {q.lower() for q in f.queues}]
        if len(naming) > 1:
            names = " and ".join(f.id for f in naming)
            raise SettingsError(f"{names} both name the queue '{wanted}'; leave it in one of them")
        return naming[0] if naming else self.get(default)


def forms(folder: Path, *, behaviours: Collection[str] | None = None) -> FormLibrary:
    """Every form of a folder.

    Raises
    ------
    SettingsError
        A form can't be used, or there is none.
    """
    loaded = [load_form(path, behaviours=behaviours) for path in sorted(folder.glob("*.yaml"))]
    if not loaded:
        raise SettingsError(f"{folder}: holds no form (<name>.v<N>.yaml); give the folder of the forms")
    return FormLibrary(folder, tuple(sorted(loaded, key=lambda f: (f.name, f.version))))
