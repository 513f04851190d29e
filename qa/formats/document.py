"""A transcript file as read from disk, before anybody knows its format, and what every format gives back.

Conventions: a format turns a document into ``Said`` rows and facts about the call and decides nothing else;
who is agent and customer, times and timing are settled in one place (``qa.formats.building``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from qa.errors import TranscriptError
from qa.values import Word

MAX_BYTES = 200 * 2**20
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""PostgreSQL refuses NUL, UTF-8 has no halves of letters, and no reader shows the rest."""


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file, and its JSON where it is JSON (else None)."""

    path: Path
    text: str
    data: Any = None

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object, or an empty one."""
        return self.data if isinstance(self.data, dict) else {}


@dataclass(frozen=True, slots=True)
class Said:
    """Something one label said. Times in seconds, None where the format gives none."""

    label: str | None
    text: str
    start: float | None = None
    end: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a format knows about the call beside the words."""

    call_id: str | None = None
    agent: str | None = None
    customer: str | None = None
    queue: str | None = None
    direction: Literal["inbound", "outbound"] | None = None
    started_at: datetime | None = None
    language: str | None = None
    duration_s: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a format found in a document. ``in_order`` keeps the rows as given instead of sorting by start."""

    said: tuple[Said, ...]
    facts: Facts = field(default_factory=Facts)
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """One transcript format: its name for messages, how it is recognised, how it is read."""

    name: str
    recognises: Callable[[Document], bool]
    parse: Callable[[Document], Parsed]


def load_document(path: Path) -> Document:
    """The file's text, in whatever encoding it says or shows.

    Raises
    ------
    TranscriptError
        The file is missing, empty, too large, not text, or JSON that does not parse.
    """
    if not path.is_file():
        raise TranscriptError(f"{path}: no such file" if not path.exists() else f"{path}: is not a file")
    size = path.stat().st_size
    if size == 0:
        raise TranscriptError(f"{path}: is empty (0 bytes); export the transcript again")
    if size > MAX_BYTES:
        raise TranscriptError(f"{path}: {size // 2**20} MiB is no transcript of one call")
    text = _UNWRITABLE.sub(" ", _decoded(path.read_bytes(), path))
    if not text.strip():
        raise TranscriptError(f"{path}: holds only blanks; export the transcript again")
    first = text.lstrip()[0]
    if first not in "{[":
        return Document(path, text)
    try:
        return Document(path, text, _writable(json.loads(text)))
    except json.JSONDecodeError as err:
        if first == "[" and path.suffix.lower() != ".json":
            return Document(path, text)  # "[00:01] Agent: ..." or "[Agent] ..."
        raise TranscriptError(
            f"{path}: line {err.lineno}: broken JSON ({err.msg}); export the transcript again"
        ) from err
    except RecursionError as err:
        raise TranscriptError(f"{path}: JSON nested too deeply to be a transcript") from err


def _writable(value: Any) -> Any:
    """JSON with what no database and no page can hold (control characters, halves of letters) made blanks."""
    if isinstance(value, str):
        return _UNWRITABLE.sub(" ", value)
    if isinstance(value, list):
        return [_writable(one) for one in value]
    if isinstance(value, dict):
        return {_UNWRITABLE.sub(" ", key): _writable(one) for key, one in value.items()}
    return value


def _decoded(raw: bytes, path: Path) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    if b"\x00" in raw[:4096]:
        raise TranscriptError(f"{path}: is not text; a transcript is JSON, WebVTT, SRT or plain text")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def seconds(value: Any, *, unit: float = 1.0) -> float | None:
    """A time as JSON gives it (number or string of a number) in seconds, None where it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value) * unit
    except (TypeError, ValueError):
        return None
    return found if 0 <= found < 1e7 else None


def timed_words(
    items: Any, *, text: str, start: str, end: str, probability: str, unit: float = 1.0
) -> tuple[Word, ...]:
    """The words of a JSON list by the names of their keys; a word without times takes those around it."""
    found: list[Word] = []
    for row in rows(items):
        word = text_or_none(row.get(text))
        begins, ends = seconds(row.get(start), unit=unit), seconds(row.get(end), unit=unit)
        if word is None:
            continue
        if begins is None:
            begins = found[-1].end if found else ends
        if begins is None:
            return ()
        ends = begins if ends is None else max(begins, ends)
        found.append(Word(word, begins, ends, share(row.get(probability))))
    return tuple(found)


def share(value: Any) -> float | None:
    """A probability in [0, 1], None where it is none."""
    found = seconds(value)
    return found if found is not None and found <= 1 else None


def text_or_none(value: Any) -> str | None:
    """A non-empty string, stripped; numbers become strings, all else None."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value.strip() or None if isinstance(value, str) else None


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON list; anything else is left out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def moment(value: Any) -> datetime | None:
    """An ISO 8601 date and time, in UTC where it names no zone; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
