"""Dates of birth and expiry dates: dates are only secret where something says which they are.

Conventions: a date is a run of day, month and year in any order and form, with the words that join them. Its
signature (month and digits) finds it again where it is read back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.redact.chunks import REPEATS, SCALES, TENS, UNITS, Token, digits_of, tokens_of
from qa.redact.places import Contexts, Sensitive
from qa.redact.rules import Context, Kind
from qa.values import Turn

_MONTH_WORDS = "january february march april may june july august september october november december"
MONTHS = tuple(_MONTH_WORDS.split())
SHORT_MONTHS = {month[:3]: number for number, month in enumerate(MONTHS, 1)} | {"sept": 9}
_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
ORDINALS = {word: str(value) for value, word in enumerate(_ORDINAL_WORDS.split(), start=1)} | {
    "thirtieth": "30"
}
GLUE = frozenset(("of", "the", "and", "in", "st", "nd", "rd", "th", "um", "uh", "er", "year"))
NOT_JOINING = re.compile(r"[?!:;]|\.\s")
READ_BACK_TURNS = 8
CARD_TURNS = 8


@dataclass(frozen=True, slots=True)
class Date:
    """A date in a turn: ``text[start:end]``, its month (0: none named) and its digits."""

    start: int
    end: int
    month: int
    digits: str


def dates_of(text: str) -> tuple[Date, ...]:
    """Everything in a text that may be a date or a part of one."""
    runs: list[list[Token]] = [[]]
    for token in tokens_of(text):
        part = _is_part(token)
        broken = bool(runs[-1]) and NOT_JOINING.search(text[runs[-1][-1].end : token.start])
        if broken or not (part or token.text in GLUE):
            runs.append([])
        if part or (token.text in GLUE and runs[-1]):
            runs[-1].append(token)
    found = (_date(run) for run in runs)
    return tuple(date for date in found if date is not None)


def _is_part(token: Token) -> bool:
    text = token.text
    return (
        text.isdigit()
        or text in UNITS
        or text in TENS
        or text in ORDINALS
        or text in SCALES
        or text in REPEATS
        or _month(text) > 0
    )


def _month(text: str) -> int:
    return MONTHS.index(text) + 1 if text in MONTHS else SHORT_MONTHS.get(text, 0)


def _date(run: list[Token]) -> Date | None:
    while run and run[-1].text in GLUE - {"st", "nd", "rd", "th"}:
        run = run[:-1]
    if not run:
        return None
    month = next((_month(t.text) for t in run if _month(t.text)), 0)
    words = []
    for token in run:
        words.append(ORDINALS.get(token.text, token.text))
    digits = digits_of([w for w in words if not _month(w) and w not in GLUE])
    enough = len(digits) >= 1 if month else len(digits) >= 3
    return Date(run[0].start, run[-1].end, month, digits) if enough else None


def find_dates(
    turns: Sequence[Turn], contexts: Contexts, taken: Sequence[Sensitive]
) -> tuple[Sensitive, ...]:
    """Dates of birth and, where a card is spoken of, expiry dates; also where they are read back."""
    found: list[Sensitive] = []
    known: list[tuple[Date, Kind, int]] = []
    dates = [(i, date) for i, turn in enumerate(turns) for date in dates_of(turn.text)]
    for i, date in dates:
        if any(s.turn == i and s.start < date.end and s.end > date.start for s in taken):
            continue
        deciding = contexts.deciding(i, date.start, date.end, _names_something)
        if deciding is None:
            continue
        kind = deciding.context.kind
        if kind == "date_of_birth" or (kind == "expiry_date" and _card_near(i, contexts, taken)):
            contexts.answer(deciding, i)
            known.append((date, kind, i))
            found.append(Sensitive(i, date.start, date.end, kind))
    for i, date in dates:
        for told, kind, turn in known:
            same = (date.month, date.digits) == (told.month, told.digits)
            if same and i != turn and abs(i - turn) <= READ_BACK_TURNS:
                found.append(Sensitive(i, date.start, date.end, kind))
    return tuple(dict.fromkeys(found))


def _names_something(context: Context) -> bool:
    return context.kind in ("date_of_birth", "expiry_date", "other", "phone_number")


def _card_near(turn: int, contexts: Contexts, taken: Sequence[Sensitive]) -> bool:
    if any(s.kind in ("card_number", "security_code") and abs(s.turn - turn) <= CARD_TURNS for s in taken):
        return True
    near = range(max(0, turn - CARD_TURNS), min(len(contexts.of_turn), turn + 3))
    return any(c.kind in ("card_number", "security_code") for n in near for c in contexts.of_turn[n])
