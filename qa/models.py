"""Models on disk: which there are, fetching one, and its digest.

Conventions: a model is a directory under ``settings.models``. A fetched one carries ``manifest.json`` with the
SHA-256 of each of its files; a score names the digest over them. Fetching is the only thing in the program that
uses the network, and only when a command asks for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import ModelError
from qa.settings import Settings

MANIFEST = "manifest.json"
WHISPER_NAMES = (
    "tiny.en",
    "tiny",
    "base.en",
    "base",
    "small.en",
    "small",
    "medium.en",
    "medium",
    "large-v3",
    "large-v3-turbo",
    "distil-small.en",
    "distil-medium.en",
    "distil-large-v3",
    "distil-large-v3.5",
)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that lies on disk."""

    name: str
    path: Path
    size_bytes: int
    digest: str | None
    """SHA-256 over its manifest; None where it was not fetched by this program."""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_models(settings: Settings) -> tuple[ModelRow, ...]:
    """The speech models that lie on this machine, by name."""
    rows = []
    for folder in (settings.models, settings.home / "models"):
        for path in sorted(p.parent for p in folder.glob("*/model.bin")):
            if not (path / "tokenizer.json").is_file():
                continue
            size = sum(f.stat().st_size for f in path.iterdir() if f.is_file())
            has_manifest = (path / MANIFEST).is_file()
            rows.append(ModelRow(path.name, path, size, model_digest(path) if has_manifest else None))
    return tuple(rows)


def model_digest(path: Path) -> str:
    """One hash for all files of a model: from its manifest where sizes agree, else from the files.

    Raises
    ------
    ModelError
        It can't be read.
    """
    try:
        known = _read_manifest(path)
        files = sorted(p for p in path.iterdir() if p.is_file() and p.name != MANIFEST)
        hashes = {}
        for file in files:
            entry = known.get(file.name, {})
            same_size = entry.get("bytes") == file.stat().st_size
            hashes[file.name] = entry["sha256"] if same_size else file_sha256(file)
    except OSError as err:
        raise ModelError(f"speech model {path}: {err.strerror or err}; fetch it again") from err
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def check_model(path: Path) -> tuple[str, ...]:
    """What is wrong with a fetched model: files that are missing or not what was fetched."""
    wrong = []
    for name, entry in _read_manifest(path).items():
        file = path / name
        if not file.is_file():
            wrong.append(f"{name} is missing")
        elif file_sha256(file) != entry["sha256"]:
            wrong.append(f"{name} is not what was fetched")
    return tuple(wrong)


def fetch_whisper(settings: Settings, name: str) -> Path:
    """Fetch a speech model into ``settings.models``, whole or not at all, and write its manifest.

    Raises
    ------
    ModelError
        The name is unknown, the network or the disk gives out.
    """
    if name not in WHISPER_NAMES:
        raise ModelError(f"no speech model is called '{name}'; there are: {', '.join(WHISPER_NAMES)}")
    target = settings.models / name
    if (target / MANIFEST).is_file() and not check_model(target):
        return target
    try:
        settings.models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.models, prefix=f".{name}.") as partial:
            _download(name, Path(partial))
            _write_manifest(Path(partial), name)
            shutil.rmtree(target, ignore_errors=True)
            Path(partial).rename(target)
            Path(partial).mkdir()  # the context manager wants something to remove
    except OSError as err:
        raise ModelError(f"speech model '{name}' can't be stored in {target}: {err.strerror or err}") from err
    return target


def _download(name: str, target: Path) -> None:
    os.environ.pop("HF_HUB_OFFLINE", None)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from faster_whisper import download_model

    try:
        download_model(name, output_dir=str(target))
    except Exception as err:
        raise ModelError(
            f"speech model '{name}' could not be fetched ({_reason(err)}); this needs the network once. On a "
            f"machine without it, copy the model's directory here and give it with --model"
        ) from err
    shutil.rmtree(target / ".cache", ignore_errors=True)
    if not (target / "model.bin").is_file():
        raise ModelError(f"speech model '{name}': what was fetched is not whole; try again")


def _reason(err: BaseException) -> str:
    """The first line of the innermost error: the outer ones only repeat that it failed."""
    while err.__cause__ is not None or err.__context__ is not None:
        err = err.__cause__ or err.__context__ or err
    lines = str(err).strip().splitlines()
    return lines[0][:120] if lines else type(err).__name__


def _write_manifest(path: Path, name: str) -> None:
    files = {
        p.name: {"bytes": p.stat().st_size, "sha256": file_sha256(p)}
        for p in sorted(path.iterdir())
        if p.is_file()
    }
    (path / MANIFEST).write_text(json.dumps({"name": name, "files": files}, indent=2) + "\n")


def _read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    file = path / MANIFEST
    if not file.is_file():
        return {}
    try:
        files: dict[str, dict[str, Any]] = json.loads(file.read_text())["files"]
    except (ValueError, KeyError, TypeError) as err:
        raise ModelError(f"{file}: is damaged; fetch the model again") from err
    return files
