"""Files on their way in: a private folder per upload, archives unpacked with care, each file looked at at once.

Conventions: an upload has a token; its folder is ``incoming/<account>-<token>`` under QA_HOME and belongs to the
account that made it. Names are cut down to what every file system takes; nothing is ever written outside. What
lies there longer than ``KEPT_DAYS`` is removed when the app starts: scored files were copied under their hash.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from qa.audio import decode
from qa.batch import Pipeline, enqueue
from qa.batch.files import content_of
from qa.errors import InputError, NotAllowed, QaError
from qa.formats import read_transcript
from qa.hearing import Source, find_inputs
from qa.metadata import TABLE_NAMES
from qa.settings import Settings
from qa.store import Store
from qa.store.overview import known_contents
from qa.values import Principal

HANDS_IN = ("admin", "lead", "reviewer")
KEPT_DAYS = 14
MAX_FILE_BYTES = 4 << 30
MAX_UNPACKED_BYTES = 20 << 30
MAX_MEMBERS = 20_000
LOOKED_INTO_BYTES = 30 << 20
LOOKING_S = 20.0
"""Larger recordings, and those after so long, are decoded only by the worker: looking should not be waiting."""

_TOKEN = re.compile(r"[a-f0-9]{16}")
_ODD = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')

Verdict = Literal["ready", "known", "problem"]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one source found: ready, known already (``call_id``), or a problem in one line."""

    name: str
    what: str
    verdict: Verdict
    says: str
    call_id: str | None = None


def new_token() -> str:
    """The name of a new upload."""
    return secrets.token_hex(8)


def folder_of(home: Path, principal: Principal, token: str) -> Path:
    """Where the files of an upload lie.

    Raises
    ------
    NotAllowed
        The principal hands in nothing, or this is no token.
    """
    if principal.role not in HANDS_IN or not _TOKEN.fullmatch(token):
        raise NotAllowed("there is no such upload, or it is not yours")
    return home / "incoming" / f"{principal.account_id}-{token}"


def safe_name(name: str) -> PurePosixPath:
    """A name from outside as a path inside: no way up, no roots, nothing hidden, nothing a file system refuses.

    Raises
    ------
    InputError
        Nothing is left of it.
    """
    plain = unicodedata.normalize("NFC", name).replace("\\", "/")
    parts = [_ODD.sub("_", part).strip(" .")[-150:] for part in plain.split("/")]
    kept = [part for part in parts if part and not part.startswith("__MACOSX")]
    if not kept or PurePosixPath(plain).name.startswith("."):
        raise InputError("a file without a usable name was left out; name it and hand it in again")
    return PurePosixPath(*kept[-4:])


def unpack(archive: Path) -> tuple[str, ...]:
    """Unpack a zip beside itself and remove it; one line for each member that was left out.

    Raises
    ------
    InputError
        It is no zip, is damaged, locked by a password, or far larger unpacked than a batch may be.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [one for one in packed.infolist() if not one.is_dir()]
            if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > MAX_UNPACKED_BYTES:
                raise InputError(f"{archive.name}: is too large unpacked; hand it in in several parts")
            if any(one.flag_bits & 1 for one in members):
                raise InputError(f"{archive.name}: is locked by a password; unpack it first")
            problems = [said for one in members if (said := _member(packed, one, archive.parent))]
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as err:
        raise InputError(f"{archive.name}: is damaged or no zip; pack it again") from err
    finally:
        archive.unlink(missing_ok=True)
    return tuple(problems)


def _member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> str | None:
    if PurePosixPath(member.filename).name.startswith((".", "Thumbs.db")) or "__MACOSX" in member.filename:
        return None
    try:
        target = free_place(folder, safe_name(member.filename))
    except InputError as err:
        return str(err)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = 0
    with packed.open(member) as reading, target.open("wb") as writing:
        # The size in the directory is only a claim.
        while chunk := reading.read(1 << 20):
            written += len(chunk)
            if written > min(member.file_size, MAX_FILE_BYTES):
                break
            writing.write(chunk)
    if written > min(member.file_size, MAX_FILE_BYTES):
        target.unlink()
        return f"{member.filename}: is larger than it says; left out"
    return None


def free_place(folder: Path, name: PurePosixPath) -> Path:
    """Where a file of this name goes; a second one of a name gets a number."""
    place, n = folder / name, 2
    while place.exists():
        place = folder / name.with_name(f"{name.stem} ({n}){name.suffix}")
        n += 1
    return place


def look(store: Store, principal: Principal, settings: Settings, folder: Path) -> tuple[Looked, ...]:
    """Look at everything in an upload's folder and say at once what is wrong with what.

    Raises
    ------
    NotAllowed
        The principal hands in nothing.
    """
    if not folder.is_dir():
        return ()
    try:
        sources = find_inputs([folder])
    except InputError:
        sources = ()
    pipeline = Pipeline(settings)
    until = time.monotonic() + LOOKING_S
    problems = {source: _problem(source, pipeline, until=until) for source in sources}
    hashes = {source: content_of(source).sha256 for source in sources if problems[source] is None}
    known = known_contents(store, principal, hashes.values())
    rows = [_row(s, folder, problems[s], known.get(hashes.get(s, ""))) for s in sources]
    return (*rows, *_passed_over(folder, sources))


def _row(source: Source, folder: Path, problem: str | None, call_id: str | None) -> Looked:
    name = source.path.relative_to(folder).as_posix()
    what = "recording and transcript" if source.recording and source.transcript else "recording"
    if source.recording is None:
        what = "transcript"
    if problem is not None:
        said = problem.replace(f"{folder}/", "").replace(str(source.path), name)
        return Looked(name, what, "problem", said.removeprefix(f"{name}: "))
    if call_id is not None:
        return Looked(name, what, "known", "was handed in before", call_id)
    return Looked(name, what, "ready", "ready to be scored")


def _problem(source: Source, pipeline: Pipeline, *, until: float) -> str | None:
    """What is wrong with a source. Sound is decoded while there is time; the rest is left to the worker."""
    try:
        if source.transcript is not None:
            read_transcript(source.transcript)
        if source.recording is not None and _is_small(source.recording) and time.monotonic() < until:
            decode(source.recording)
        pipeline.check_words(source)
    except QaError as err:
        return str(err)
    except OSError as err:
        return f"{source.path.name}: can't be read ({err.strerror or err})"
    return None


def _is_small(path: Path) -> bool:
    return path.stat().st_size <= LOOKED_INTO_BYTES


def _passed_over(folder: Path, sources: tuple[Source, ...]) -> list[Looked]:
    """Files that are neither sound nor words, nor say something about a call."""
    used = {path for s in sources for path in (s.recording, s.transcript)}
    stems = {s.path.with_suffix("") for s in sources}
    rows = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p not in used):
        belongs = path.name.lower() in TABLE_NAMES or path.with_suffix("") in stems
        if belongs or path.name.startswith(".") or path.suffix == ".part":
            continue
        says = "is neither a recording nor a transcript; left out"
        if path.suffix.lower() in (".csv", ".xlsx"):
            says = f"a table about the calls must be called {' or '.join(TABLE_NAMES[:2])}; left out"
        rows.append(Looked(path.relative_to(folder).as_posix(), "other file", "problem", says))
    return rows


def hand_in(
    store: Store,
    principal: Principal,
    settings: Settings,
    folder: Path,
    *,
    label: str,
    names: tuple[str, ...],
) -> str:
    """Queue the named sources of an upload as one batch; gives its id.

    Raises
    ------
    NotAllowed
        The principal hands in nothing.
    """
    chosen = set(names)
    sources = [s for s in find_inputs([folder]) if s.path.relative_to(folder).as_posix() in chosen]
    return enqueue(sources, store=store, pipeline=Pipeline(settings), principal=principal, label=label)


def tidy(home: Path) -> None:
    """Remove uploads that nobody needs any more."""
    incoming, oldest = home / "incoming", time.time() - KEPT_DAYS * 86_400
    for folder in incoming.iterdir() if incoming.is_dir() else ():
        if folder.is_dir() and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
