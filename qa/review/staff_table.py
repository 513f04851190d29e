"""The firm's table of its agents: teams, ids and the groups by which fairness is looked at.

Conventions: CSV in UTF-8 with a header. ``agent`` is the name as it stands in the calls; ``team`` and
``external_id`` are known; every other column is a kind of group (site, shift, language). Nothing is guessed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from qa.errors import InputError
from qa.store.staff import StaffRow

COLUMNS = ("agent", "team", "external_id")
MAX_COLUMNS = 20
FORMULA = ("=", "+", "-", "@")
"""Cells that begin so would be reckoned by a spreadsheet: they are written with a quote before them."""


def read_staff(file: Path) -> tuple[StaffRow, ...]:
    """The rows of a staff table.

    Raises
    ------
    InputError
        The file can't be read or has no column ``agent``.
    """
    try:
        return parse_staff(file.read_bytes(), name=str(file))
    except OSError as err:
        raise InputError(f"{file}: can't be read; save it as CSV in UTF-8") from err


def parse_staff(content: bytes, *, name: str) -> tuple[StaffRow, ...]:
    """The rows of a staff table; ``name`` is what messages call it.

    Raises
    ------
    InputError
        It is no CSV in UTF-8, has no column ``agent``, names an agent twice, or names nobody.
    """
    try:
        table = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        columns = [column.strip() for column in table.fieldnames or ()]
        if "agent" not in columns:
            raise InputError(f"{name}: has no column 'agent'; the first line names the columns")
        if len(columns) > MAX_COLUMNS:
            raise InputError(f"{name}: has {len(columns)} columns; keep agent, team and the groups")
        table.fieldnames = columns
        rows = tuple(_row(row) for row in table if isinstance(row.get("agent"), str) and row["agent"].strip())
    except (UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"{name}: can't be read; save it as CSV in UTF-8") from err
    twice = _twice(row.name for row in rows)
    if twice is not None:
        raise InputError(f"{name}: names {twice} twice; keep one line for each agent")
    if not rows:
        raise InputError(f"{name}: names no agent; write one line for each")
    return rows


def write_staff(rows: Sequence[StaffRow], *, kinds: Sequence[str] = ()) -> str:
    """The table of these agents as CSV, to be filled in further; ``kinds`` are columns it has at least."""
    found = dict.fromkeys([*kinds, *sorted({kind for row in rows for kind in row.groups})])
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["agent", "team", *found])
    for row in rows:
        cells = [row.name, row.team or "", *(row.groups.get(kind, "") for kind in found)]
        table.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return out.getvalue()


def _row(row: dict[str, str]) -> StaffRow:
    plain = {key: _plain(value) for key, value in row.items() if key and isinstance(value, str)}
    groups = {kind: value for kind, value in plain.items() if kind not in COLUMNS and value}
    return StaffRow(plain["agent"], plain.get("team") or None, plain.get("external_id") or None, groups)


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
