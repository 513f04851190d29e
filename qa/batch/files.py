"""Files on their way into QA_HOME: hashed, copied once under their hash, never half-written.

Conventions: paths that are stored are relative to QA_HOME, with ``/``. A copy is written beside its place and
moved there when it is whole, so that a crash leaves either nothing or all of it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qa.audio import Recording, call_channels, decode, recording_kind, write_listening_copy
from qa.audio.decoding import VOX_RATE_HZ
from qa.errors import InputError, StoreError
from qa.hearing import Source
from qa.models import file_sha256
from qa.redact import muted_spans
from qa.values import Call, Span

CHUNK = 1 << 20
MARGIN_DB = 1.0  # one side must be this much louder where the agent speaks to be taken for the agent's


@dataclass(frozen=True, slots=True)
class Content:
    """What a source consists of, by hash."""

    recording_sha256: str | None
    transcript_sha256: str | None

    @property
    def sha256(self) -> str:
        """One hash for both parts: the same content is the same call."""
        return hashlib.sha256(f"{self.recording_sha256}|{self.transcript_sha256}".encode()).hexdigest()


def content_of(source: Source) -> Content:
    """Hash the files of a source.

    Raises
    ------
    InputError
        One of them can't be read.
    """
    return Content(_hash(source.recording), _hash(source.transcript))


def _hash(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return file_sha256(path)
    except OSError as err:
        raise InputError(f"{path}: can't be read ({err.strerror or err}); check the file") from err


def keep_file(home: Path, source: Path, *, sha256: str, folder: str) -> str:
    """Copy a file into QA_HOME under its hash, where it is not yet there; gives its path there.

    Raises
    ------
    InputError
        The file is gone or is no longer what was handed in.
    StoreError
        The disk is full or can't be written.
    """
    kept = place(folder, sha256, source.suffix.lower())
    target = home / kept
    if target.is_file():
        return str(kept)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _copy(source, partial) != sha256:
            raise InputError(f"{source}: was changed while it waited; hand it in again")
        partial.replace(target)
    except OSError as err:
        if err.filename == str(source):
            raise InputError(f"{source}: can't be read ({err.strerror or err}); check the file") from err
        raise StoreError(f"{target}: can't be written ({err.strerror or err}); free some space") from err
    finally:
        partial.unlink(missing_ok=True)
    return str(kept)


def place(folder: str, sha256: str, ending: str) -> PurePosixPath:
    """Where a file with this hash belongs, relative to QA_HOME."""
    return PurePosixPath(folder, sha256[:2], sha256 + ending)


def _copy(source: Path, target: Path) -> str:
    """Copy and flush to the disk; the hash of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, os.fdopen(_open_private(target), "wb") as writing:
        while chunk := reading.read(CHUNK):
            digest.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def _open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


@dataclass(frozen=True, slots=True)
class Listening:
    """The copy to listen to, and what decoding told of the recording."""

    path: str
    codec: str
    kind: str
    rate_hz: int
    duration_s: float


def make_listening_copy(
    home: Path,
    source: Path,
    call: Call,
    *,
    content_sha256: str,
    channels: tuple[int, ...] | None = None,
    vox_rate_hz: int = VOX_RATE_HZ,
) -> Listening:
    """Write the copy that browsers play: agent left, customer right, silent where the call is masked.

    Raises
    ------
    AudioError
        The recording can't be decoded.
    StoreError
        The disk is full or can't be written.
    """
    recording = call_channels(decode(source, vox_rate_hz=vox_rate_hz), channels)
    muted = muted_spans(call)
    kept = place("listening", content_sha256, f"{_mark_of(muted)}.mp3")
    if not (home / kept).is_file():
        try:
            (home / kept).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_listening_copy(
                recording,
                home / kept,
                agent_channel=agent_channel_of(recording, call),
                mute=muted,
            )
            _remove_others(home / kept, content_sha256)
        except OSError as err:
            raise StoreError(f"{home / kept}: can't be written ({err.strerror or err})") from err
    return Listening(
        str(kept),
        recording.codec,
        recording_kind(recording),
        recording.source_rate_hz,
        recording.duration_s,
    )


def _mark_of(muted: Sequence[Span]) -> str:
    """A part of the copy's name that changes with what is muted: a copy with less muted is never reused."""
    if not muted:
        return ""
    return "-" + hashlib.sha256(repr([(s.start, s.end) for s in muted]).encode()).hexdigest()[:12]


def _remove_others(kept: Path, content_sha256: str) -> None:
    """Copies of the same call with something else muted: they may let hear what must not be heard any more."""
    for other in kept.parent.glob(f"{content_sha256}*.mp3"):
        if other != kept:
            other.unlink(missing_ok=True)


def agent_channel_of(recording: Recording, call: Call) -> int | None:
    """The channel that is louder where the call has the agent speak; None where neither is."""
    if len(recording.channels) < 2 or call.recording != "two_channels":
        return None
    spans = call.timing.agent or tuple(turn.span for turn in call.turns if turn.speaker == "agent")
    difference = sum(_louder_db(recording, span) * span.duration_s for span in spans)
    total_s = sum(span.duration_s for span in spans)
    if not total_s or abs(difference) / total_s < MARGIN_DB:
        return None
    return 0 if difference > 0 else 1


def _louder_db(recording: Recording, span: Span) -> float:
    """By how much the first channel is louder than the second, in dB."""
    return recording.level_db(0, span) - recording.level_db(1, span)
