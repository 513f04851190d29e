"""Scores again what was scored, from the files in QA_HOME, and says what comes out differently.

The proof compares bytes: findings and evaluation, as JSON in one canonical form. Where the program, a card, a
form, a model or a setting is no longer the one that made the score, that is named, since then a difference is
to be expected. The score of a person's decision is compared from the decision backwards: what the program had
said is in the history, and stays.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qa.batch.files import Content, content_of
from qa.batch.pipeline import Pipeline, metadata_from_json
from qa.batch.worker import with_form
from qa.errors import QaError, StoreError
from qa.hearing import Source
from qa.store.calls import load_machine_call
from qa.store.codec import dump
from qa.store.engine import Store
from qa.store.facts import SourceOfCall, source_of_call
from qa.store.rows import StoredCall
from qa.values import Principal

MADE_OF = {
    "recording": "the recording",
    "transcript": "the transcript",
    "hearing": "what hears (program, model, settings)",
    "detection": "what finds behaviours (program, cards, classifier)",
    "scoring": "what scores (program, form, settings)",
    "version": "the program's version",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call's score comes out the same. ``changed`` names what made it then and is other now."""

    call_id: str
    same: bool
    differences: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def verify(
    store: Store, principal: Principal, call_ids: Iterable[str], *, pipeline: Pipeline, sound: bool = True
) -> Iterator[Verdict]:
    """Score calls again and compare, one by one.

    Parameters
    ----------
    sound
        Begin from the recording and the transcript as they were handed in; False begins from the words and
        times in the database, which is quicker and needs no speech model.

    Raises
    ------
    NotAllowed
        A call does not exist or is not for this principal.
    """
    for call_id in call_ids:
        stored = load_machine_call(store, principal, call_id)
        try:
            yield _verify_one(store, stored, source_of_call(store, principal, call_id), pipeline, sound=sound)
        except QaError as err:
            yield Verdict(call_id, same=False, differences=(f"could not be scored again: {err}",))


def _verify_one(
    store: Store, stored: StoredCall, kept: SourceOfCall, pipeline: Pipeline, *, sound: bool
) -> Verdict:
    own = with_form(pipeline, stored.evaluation.form)
    differences: list[str] = []
    # What stood beside the files is not kept as a file but in the manifest, as it was found.
    metadata = metadata_from_json(stored.manifest["hearing"]["metadata"])
    if sound:
        with _as_handed_in(store, kept) as source:
            own.check_words(source)
            call = replace(own.hear(source, metadata), call_id=stored.call.call_id)
            differences += compare("call", asdict(stored.call), asdict(call))
            result = own.score(call, source=source, content=content_of(source), metadata=metadata)
    else:
        result = own.score(stored.call, source=_named(kept), content=_content(stored), metadata=metadata)
    differences += compare("findings", asdict(stored.detections), asdict(result.detections))
    differences += compare("evaluation", asdict(stored.evaluation), asdict(result.evaluation))
    changed = tuple(
        name for part, name in MADE_OF.items() if stored.manifest.get(part) != result.manifest.get(part)
    )
    return Verdict(stored.row.call_id, not differences, tuple(differences), changed)


def _named(kept: SourceOfCall) -> Source:
    """The source by its parts alone; nothing is read from it."""
    parts = (kept.recording_path, kept.transcript_path)
    return Source(*(None if part is None else Path(part) for part in parts))


def _content(stored: StoredCall) -> Content:
    return Content(stored.manifest.get("recording"), stored.manifest.get("transcript"))


@contextmanager
def _as_handed_in(store: Store, kept: SourceOfCall) -> Iterator[Source]:
    """The files of a call in a folder of their own, under the name they were handed in with."""
    with tempfile.TemporaryDirectory(prefix="qa-verify-") as folder:
        stem = Path(kept.name).name

        def laid_out(path: str | None, *, names_call: bool) -> Path | None:
            if path is None:
                return None
            there = store.home / path
            name = stem if names_call else Path(stem).stem + there.suffix
            target = Path(folder) / name
            if not there.is_file():
                raise StoreError(f"{there}: is gone, so the call can't be heard again; see --quick")
            try:
                target.symlink_to(there)
            except OSError:  # a system where links need a right of their own
                shutil.copyfile(there, target)
            return target

        recording = laid_out(kept.recording_path, names_call=True)
        transcript = laid_out(kept.transcript_path, names_call=recording is None)
        yield Source(recording, transcript)


def compare(where: str, then: Any, now: Any) -> list[str]:
    """Where two values differ, as paths; no words of the call are told, only places and numbers."""
    if dump_of(then) == dump_of(now):
        return []
    if isinstance(then, dict) and isinstance(now, dict):
        found = []
        for key in sorted({*then, *now}):
            found += compare(f"{where}.{key}", then.get(key), now.get(key))
        return found
    if isinstance(then, list | tuple) and isinstance(now, list | tuple):
        if len(then) != len(now):
            return [f"{where}: {len(then)} then, {len(now)} now"]
        found = []
        for n, (one, other) in enumerate(zip(then, now, strict=True)):
            found += compare(f"{where}[{n}]", one, other)
        return found
    if isinstance(then, str) or isinstance(now, str):
        return [f"{where}: differs"]
    return [f"{where}: {then} then, {now} now"]


def dump_of(value: Any) -> str:
    """The canonical JSON of a value's parts."""
    return dump(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
