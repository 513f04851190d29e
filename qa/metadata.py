"""Who, when and which way: what is known of a call beside its sound and its words.

Conventions: sources are asked in falling order (JSON beside the recording, table, transcript, file name) and
a later one only fills what is still open. What can't be read is left out and said in a note; nothing is guessed, and
"now" is never a call time. Every time carries a zone.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field

from qa.audio import call_name
from qa.errors import InputError, SettingsError
from qa.values import Call
from qa.yaml_file import load_model

log = logging.getLogger(__name__)

TABLE_NAMES = ("metadata.csv", "metadata.xlsx", "calls.csv", "calls.xlsx")
FOUND = ("agent", "customer", "queue", "direction", "started_at", "agent_channel")


class FilenamePattern(BaseModel):
    """One pattern for file names; ``set`` adds fixed values where it matches."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pattern: str
    set: Mapping[str, str] = Field(default_factory=dict)


class MetadataSettings(BaseModel):
    """``data/settings/metadata.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    time_zone: str
    date_formats: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    inbound: tuple[str, ...]
    outbound: tuple[str, ...]
    filename_patterns: tuple[FilenamePattern, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What was found; None where nothing said it."""

    agent: str | None = None
    customer: str | None = None
    queue: str | None = None
    direction: Literal["inbound", "outbound"] | None = None
    started_at: datetime | None = None
    agent_channel: int | None = None
    notes: tuple[str, ...] = ()

    def filled_from(self, other: Metadata) -> Metadata:
        """This with what is open in it taken from ``other``."""
        open_fields = {
            one.name: getattr(other, one.name)
            for one in fields(self)
            if one.name != "notes" and getattr(self, one.name) is None
        }
        return replace(self, **open_fields, notes=(*self.notes, *other.notes))


def metadata_of(path: Path, *, data: Path, table: Path | None = None) -> Metadata:
    """What is known of the call in ``path`` from beside it and from a table.

    Raises
    ------
    InputError
        The table that was named can't be read or has no column for the file.
    SettingsError
        ``metadata.yaml`` is wrong.
    """
    found = _beside(path, data)
    for rows in _tables(path, data, table):
        row = _row_of(path, rows)
        if row is not None:
            found = found.filled_from(_metadata(row, data))
    return found


def add_metadata(call: Call, found: Metadata, from_name: Metadata) -> Call:
    """The call with what was found: beside it, then the call's own, then its file name; open facts are noted."""
    own = Metadata(call.agent, call.customer, call.queue, call.direction, call.started_at)
    merged = found.filled_from(own).filled_from(from_name)
    names = (("agent", merged.agent), ("start time", merged.started_at))
    missing = [name for name, value in names if value is None]
    notes = [*call.notes, *merged.notes]
    if missing:
        notes.append(f"Not found: {', '.join(missing)}.")
    return replace(
        call,
        agent=merged.agent,
        customer=merged.customer,
        queue=merged.queue,
        direction=merged.direction,
        started_at=merged.started_at,
        notes=tuple(dict.fromkeys(notes)),
    )


@cache
def metadata_settings(data: Path) -> MetadataSettings:
    return load_model(data / "settings" / "metadata.yaml", MetadataSettings)


@cache
def _zone(data: Path) -> ZoneInfo:
    name = metadata_settings(data).time_zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise SettingsError(
            f"{data / 'settings' / 'metadata.yaml'}: time_zone: '{name}' is not known"
        ) from err


@cache
def _patterns(data: Path) -> tuple[tuple[re.Pattern[str], Mapping[str, str]], ...]:
    path = data / "settings" / "metadata.yaml"
    found = []
    for one in metadata_settings(data).filename_patterns:
        try:
            pattern = re.compile(one.pattern, re.IGNORECASE)
        except re.error as err:
            raise SettingsError(f"{path}: '{one.pattern}': {err}; correct the pattern") from err
        unknown = (set(pattern.groupindex) | set(one.set)) - {*FOUND, "call_id"}
        if unknown:
            raise SettingsError(f"{path}: '{one.pattern}': no such group: {', '.join(sorted(unknown))}")
        found.append((pattern, one.set))
    return tuple(found)


def from_filename(name: str, *, data: Path) -> Metadata:
    """What the patterns of ``metadata.yaml`` find in a file name."""
    stem = Path(name).stem
    found = Metadata()
    for pattern, fixed in _patterns(data):
        match = pattern.search(stem)
        if match:
            groups = {key: value for key, value in match.groupdict().items() if value}
            found = found.filled_from(_metadata({**fixed, **groups}, data, quiet=True))
    return found


def _metadata(row: Mapping[str, Any], data: Path, *, quiet: bool = False) -> Metadata:
    """One row of field names and raw values; what can't be read becomes a note."""
    notes = []
    text = {key: " ".join(str(value).split()) for key, value in row.items() if value not in (None, "")}
    direction = _direction(text.get("direction"), data)
    started_at = _moment(row.get("started_at"), data)
    if text.get("started_at") and started_at is None and not quiet:
        notes.append(
            f"The start time '{text['started_at']}' can't be read; set date_formats in metadata.yaml."
        )
    channel = text.get("agent_channel", "")
    return Metadata(
        agent=text.get("agent"),
        customer=text.get("customer"),
        queue=text.get("queue"),
        direction=direction,
        started_at=started_at,
        agent_channel=int(channel) if channel in ("0", "1") else None,
        notes=tuple(notes),
    )


def _direction(text: str | None, data: Path) -> Literal["inbound", "outbound"] | None:
    settings = metadata_settings(data)
    if text is None:
        return None
    if text.lower() in settings.inbound:
        return "inbound"
    return "outbound" if text.lower() in settings.outbound else None


def _moment(value: Any, data: Path) -> datetime | None:
    """A date and time with a zone; a date alone, or one that could be two dates, is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=_zone(data))
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e9 <= value < 1e13:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    text = " ".join(str(value).split()) if value else ""
    if len(text) <= 10 and ":" not in text:
        return None
    found = _parsed(text, metadata_settings(data).date_formats)
    return found.replace(tzinfo=_zone(data)) if found and not found.tzinfo else found


def _parsed(text: str, formats: Iterable[str]) -> datetime | None:
    """ISO 8601, else the first format that fits."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        pass
    for one in formats:
        try:
            return datetime.strptime(text, one)  # noqa: DTZ007  (the zone is put on by the caller)
        except ValueError:
            continue
    return None


def _plain(name: Any) -> str:
    return " ".join(re.sub(r"[_\-.]+", " ", str(name or "")).lower().split())


def _fields_of(names: Iterable[Any], data: Path) -> dict[Any, str]:
    """Which field each column or key is, the first that fits; the rest are left out."""
    columns = metadata_settings(data).columns
    names = list(names)
    found: dict[Any, str] = {}
    for field, accepted in columns.items():
        for wanted in accepted:
            match = next((name for name in names if name not in found and _plain(name) == wanted), None)
            if match is not None:
                found[match] = field
                break
    return found


def _beside(path: Path, data: Path) -> Metadata:
    """The JSON of the same name beside a file, where it is plain metadata and no transcript."""
    stem = call_name(path)
    for name in (f"{stem}.meta.json", f"{stem}.metadata.json", f"{path.name}.json", f"{stem}.json"):
        candidate = path.with_name(name)
        if candidate == path or not candidate.is_file():
            continue
        try:
            content = json.loads(candidate.read_text(encoding="utf-8-sig"))
        except (ValueError, OSError) as err:
            log.warning("%s: can't be read as metadata: %s", candidate, type(err).__name__)
            continue
        if not isinstance(content, dict) or any(
            isinstance(value, list) and value for value in content.values()
        ):
            continue
        flat = {
            k: v for value in content.values() if isinstance(value, dict) for k, v in value.items()
        } | content
        names = _fields_of(flat, data)
        return _metadata({names[key]: flat[key] for key in names if _is_scalar(flat[key])}, data)
    return Metadata()


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


Rows = Mapping[str, Mapping[str, Any]]


def _tables(path: Path, data: Path, table: Path | None) -> Iterable[Rows]:
    if table is not None:
        rows = load_table(table, data=data)
        if rows is None:
            raise InputError(f"{table}: no column says which recording; name one 'file'")
        yield rows
        return
    for folder in (path.parent, path.parent.parent):
        for name in TABLE_NAMES:
            candidate = folder / name
            if candidate.is_file():
                rows = load_table(candidate, data=data)
                if rows is None:
                    log.warning("%s: left out, no column says which recording", candidate)
                else:
                    yield rows


def load_table(path: Path, *, data: Path) -> Rows | None:
    """Rows of a CSV or XLSX by file name without ending, in lower case; None without a column for it.

    Raises
    ------
    InputError
        The file can't be read.
    """
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as err:
        raise InputError(f"{path}: no such table") from err
    return _load_table(path, stamp, data)


@cache
def _load_table(path: Path, stamp: int, data: Path) -> Rows | None:  # noqa: ARG001  (stamp: a changed file is new)
    lines = _xlsx(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path)
    if not lines:
        raise InputError(f"{path}: is empty")
    header, *body = lines
    names = _fields_of(header, data)
    at = {field: header.index(name) for name, field in names.items()}
    if "file" not in at:
        return None
    found: dict[str, Mapping[str, Any]] = {}
    for line in body:
        key = str(line[at["file"]] or "").strip() if at["file"] < len(line) else ""
        if key:
            row = {field: line[i] for field, i in at.items() if i < len(line) and field != "file"}
            found.setdefault(_key(key), row)
    return found


def _key(name: str) -> str:
    """What a recording is looked up by: its name without folders and endings."""
    return call_name(Path(re.split(r"[\\/]", name)[-1])).lower()


def _row_of(path: Path, rows: Rows) -> Mapping[str, Any] | None:
    return rows.get(_key(path.name))


def _csv(path: Path) -> list[list[Any]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252", errors="replace")
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t|", key=head.count)
    try:
        return [list(line) for line in csv.reader(io.StringIO(text), delimiter=delimiter) if any(line)]
    except csv.Error as err:
        raise InputError(f"{path}: no table: {err}") from err


def _xlsx(path: Path) -> list[list[Any]]:
    from openpyxl import load_workbook  # here: few calls have a workbook beside them
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, OSError, KeyError, ValueError) as err:
        raise InputError(f"{path}: is no Excel table that can be read") from err
    try:
        sheet = book.worksheets[0]
        return [
            list(line) for line in sheet.iter_rows(values_only=True) if any(cell is not None for cell in line)
        ]
    finally:
        book.close()
