"""The firm's own record of what was done, as a CSV: one row per promise or customer.

Columns (in any order, letter case aside): ``done`` (yes or no) and ``call_id`` or ``customer``; optional
``what`` (a few words of the promise, where there were several) and ``at`` (when, as 2024-11-14 or with a time).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import InputError
from qa.promises.grammar import plain_text

if TYPE_CHECKING:
    from qa.promises.ledger import Promise

_YES = frozenset({"yes", "y", "true", "1", "done", "kept", "ja", "oui", "si", "sí"})
_NO = frozenset({"no", "n", "false", "0", "not done", "broken", "missed", "nein", "non"})
_COLUMNS = frozenset({"call_id", "customer", "what", "at", "done"})
_DAY_FIRST = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d.%m.%Y")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One row of the record."""

    done: bool
    call_id: str | None = None
    customer: str | None = None
    what: str | None = None
    at: datetime | None = None


def read_follow_ups(path: Path) -> tuple[FollowUp, ...]:
    """The rows of a follow-up record; comma, semicolon or tab between columns.

    Raises
    ------
    InputError
        The file or one of its rows can't be used; the message gives the line and what to do.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{path}: can't be read as UTF-8 text; save it as CSV in UTF-8") from err
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = [(name or "").strip().lower() for name in rows.fieldnames or []]
    if "done" not in names or not {"call_id", "customer"} & set(names):
        raise InputError(
            f"{path}:1: needs the columns 'done' and 'call_id' or 'customer'; it has {', '.join(names)}"
        )
    found = []
    for row in rows:
        values = {(k or "").strip().lower(): (v or "").strip() for k, v in row.items() if isinstance(v, str)}
        if any(values.values()):
            found.append(_row(values, path, rows.line_num))
    return tuple(found)


def _row(values: dict[str, str], path: Path, line: int) -> FollowUp:
    done = values.get("done", "").lower()
    if done not in _YES | _NO:
        raise InputError(f"{path}:{line}: 'done' is '{done}'; write yes or no")
    call_id, customer = values.get("call_id") or None, values.get("customer") or None
    if call_id is None and customer is None:
        raise InputError(f"{path}:{line}: names neither a call_id nor a customer; fill in one of them")
    at = values.get("at")
    return FollowUp(
        done in _YES, call_id, customer, values.get("what") or None, _time(at, path, line) if at else None
    )


def _time(text: str, path: Path, line: int) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        for layout in _DAY_FIRST:
            try:
                return datetime.strptime(text, layout)  # noqa: DTZ007 - as written, without a zone
            except ValueError:
                continue
    raise InputError(f"{path}:{line}: 'at' is no date; write it as 2024-11-14 or 2024-11-14T15:30")


def applies(record: FollowUp, promise: Promise) -> bool:
    """Whether a row is about a promise: by call, or by customer and not before it was made; by its words."""
    if record.call_id is not None and record.call_id != promise.call_id:
        return False
    if record.customer is not None and record.customer != promise.customer:
        return False
    if record.call_id is None and record.at is not None and promise.said_at is not None:
        said_at, at = promise.said_at.replace(tzinfo=None), record.at.replace(tzinfo=None)
        if at.date() < said_at.date():
            return False
    return record.what is None or _shares_a_word(record.what, promise)


def _shares_a_word(what: str, promise: Promise) -> bool:
    wanted = {w for w in plain_text(what).split() if len(w) > 3}
    said = plain_text(f"{promise.what} {promise.kind or ''}")
    return not wanted or any(word in said for word in wanted)
