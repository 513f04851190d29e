"""Scorecards as an Excel workbook: agents, their sections, criteria, weeks and kinds of calls.

Every text is written as text, whatever it begins with, and marked so that a spreadsheet never takes it for a
formula: names and queues come from other systems, and a name may be an attack.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from qa.report.tables import criteria_of, kinds_of, sections_of, table_of, weeks_of
from qa.scorecard import Scorecard

# XML has no place for these, and no name needs them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
WIDEST = 48


def to_xlsx(cards: tuple[Scorecard, ...]) -> bytes:
    """The workbook as bytes."""
    book = Workbook()
    book.remove(book.active)
    for title, (header, rows) in (
        ("Agents", table_of(cards)),
        ("Sections", sections_of(cards)),
        ("Criteria", criteria_of(cards)),
        ("Weeks", weeks_of(cards)),
        ("Kinds of calls", kinds_of(cards)),
    ):
        _sheet(book, title, header, rows)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Any, title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    widths = [len(name) for name in header]
    for number, row in enumerate([header, *rows], start=1):
        for column, value in enumerate(row, start=1):
            _write(sheet.cell(number, column), value)
            widths[column - 1] = max(widths[column - 1], len(str(value)) if value is not None else 0)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = min(width, WIDEST) + 2
    sheet.auto_filter.ref = sheet.dimensions


def _write(cell: Any, value: Any) -> None:
    if not isinstance(value, str):
        cell.value = value
        if isinstance(value, float):
            cell.number_format = "0.0"
        return
    cell.value = _CONTROL.sub("", value)
    cell.data_type = "s"
    cell.quotePrefix = True
