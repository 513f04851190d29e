"""The words of days, times and durations as they are spoken in English, read from a text.

Conventions: texts are matched in lower case with typographic apostrophes made plain; nothing here knows what
day it is. British day-first order is taken for ``14/11``, unless only month-first makes a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_UNITS = _UNIT_WORDS.split()
_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_NUMBERS = {word: value for value, word in enumerate(_UNITS)} | {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90, "a couple of": 2, "a couple": 2, "couple of": 2, "a few": 3, "several": 5, "a": 1, "an": 1,
    "few": 3, "another": 1, "a dozen": 12,
}  # fmt: skip
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_WORDS.split(), start=1)} | {"thirtieth": 30}

_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "|".join(_UNITS[1:10])
NUMBER = (
    rf"(?:\d+(?:\.\d+)?|(?:{_TENS})(?:[ -](?:{_ONES}))?|a couple of|a couple|couple of|a few|few|several|a dozen"
    rf"|another|{'|'.join(sorted(_UNITS[1:], key=len, reverse=True))}|an|a)"
)
_ORD_WORDS = "|".join(sorted(_ORDINALS, key=len, reverse=True))
ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|(?:twenty|thirty)[ -](?:{_ORD_WORDS})|{_ORD_WORDS})"
# "wed", "sat" and "sun" are words of their own, so they are days only where a day is due
_SHORT_DAY = "".join(f"(?<={before} )|" for before in ("by", "on", "before", "until", "till", "next", "this"))
WEEKDAY = (
    rf"(?:{'|'.join(WEEKDAYS)}|mon|tues?|weds|thurs?|thu|fri|(?:{_SHORT_DAY.rstrip('|')})(?:wed|sat|sun))"
)
MONTH = rf"(?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
PART = r"(?:morning|lunch ?time|lunch|dinner ?time|afternoon|tea ?time|evening|night)"


def plain_text(text: str) -> str:
    """Lower case, with plain apostrophes and dashes; same length, so that offsets stay true."""
    table = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "\u00a0": " "})
    lowered = text.translate(table)
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in lowered)


def number(text: str) -> float:
    """A number word or figure: ``two``, ``twenty-four``, ``a couple of``, ``2.5``."""
    text = text.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    if text in _NUMBERS:
        return float(_NUMBERS[text])
    return float(sum(_NUMBERS[part] for part in re.split(r"[ -]", text)))


def ordinal(text: str) -> int:
    """``14th``, ``fourteenth``, ``twenty-first``."""
    figures = re.match(r"\d+", text)
    if figures:
        return int(figures.group())
    if text in _ORDINALS:
        return _ORDINALS[text]
    tens, ones = re.split(r"[ -]", text, maxsplit=1)
    return _NUMBERS[tens] + _ORDINALS[ones]


def weekday(text: str) -> int:
    """0 for Monday."""
    return next(i for i, name in enumerate(WEEKDAYS) if name.startswith(text[:3]))


def month(text: str) -> int:
    """1 for January."""
    return next(i for i, name in enumerate(MONTHS, start=1) if name.startswith(text[:3]))


@dataclass(frozen=True, slots=True)
class Said:
    """Something said about time: what it is, the matched groups, and where it stands."""

    kind: str
    groups: dict[str, str]
    start: int
    end: int
    role: Literal["duration", "day", "clock", "part"]


def _said(
    role: Literal["duration", "day", "clock", "part"], table: dict[str, str]
) -> list[tuple[str, re.Pattern[str], Literal["duration", "day", "clock", "part"]]]:
    return [(kind, re.compile(rf"(?<![\w']){pattern}(?!\w)"), role) for kind, pattern in table.items()]


_SPAN = (
    r"(?:within|inside|in|under|less than|no more than|at most|up to|the next|next"
    r"|give (?:me|us|it|him|her|them)(?: just)?)"
)
_UNIT = r"(?P<unit>minutes?|mins?|hours?|hrs?|(?<=\d)h|(?<=\d )h|days?|nights?|weeks?|fortnights?|months?)"
_RANGE = rf"(?P<n>{NUMBER})(?:(?: ?- ?| to | or |, maybe )(?P<m>{NUMBER}))?"

_TABLE = [
    *_said(
        "duration",
        {
            "working_days": rf"(?:(?:with)?in |inside |up to |takes? |about |the next )*"
            rf"{_RANGE} (?:working|business) days?'?(?P<time> time)?",
            "half_hour": rf"(?:{_SPAN} )+(?:the )?(?:next )?half(?: an| of an)? ?hour",
            "hour_and_half": rf"(?:{_SPAN} )+(?:the )?(?:next )?(?:an hour and a half|one and a half hours)",
            "quarter_hour": rf"(?:{_SPAN} )+(?:the )?(?:next )?quarter of an hour|in a quarter of an hour",
            "day_or_two": rf"(?:{_SPAN} )+(?:the )?(?:next )?(?:an? )?(?P<unit>hour|day|week) or (?:two|so)",
            "within_the": r"(?:within|inside|in) (?:the|this) (?:next )?(?P<unit>hour|day|week|fortnight|month)",
            "amount_of": rf"(?:{_SPAN} )+(?:the )?(?:next )?(?:about |around |roughly |maybe |another |an? (?=\d))?"
            rf"{_RANGE}(?: |-|(?<=\d)){_UNIT}'?s?(?: time)?",
            "from_now": rf"{_RANGE} {_UNIT} from (?:now|today)",
            "time_from_now": rf"{_RANGE} {_UNIT}'?s?'? time",
            "this_time_tomorrow": r"(?:this|the same|same) time tomorrow",
            "fortnight": r"in (?:a|the next) fortnight|a fortnight(?:'s time)?",
        },
    ),
    *_said(
        "day",
        {
            "iso": r"(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})",
            "slashed": r"(?P<d>\d{1,2})[/.](?P<mo>\d{1,2})[/.](?P<y>\d{4}|\d{2})",
            "slashed_short": r"(?P<d>\d{1,2})/(?P<mo>\d{1,2})",
            "end_of_month_named": rf"(?:the )?end of (?P<month>{MONTH})",
            "ordinal_month": rf"(?:the )?(?P<d>{ORDINAL})(?: day)?(?: of)? (?P<month>{MONTH})(?:,? (?P<y>\d{{4}}))?",
            "figure_month": rf"(?P<d>\d{{1,2}}) (?:of )?(?P<month>{MONTH})(?:,? (?P<y>\d{{4}}))?",
            "month_ordinal": rf"(?P<month>{MONTH}) (?:the )?(?P<d>{ORDINAL}|\d{{1,2}}(?![:\d]))(?:,? (?P<y>\d{{4}}))?",
            "week_on_weekday": rf"(?:a )?week on (?P<day>{WEEKDAY})",
            "weekday_week": rf"(?P<day>{WEEKDAY}) week",
            "weekday_next_week": rf"(?P<day>{WEEKDAY}) (?:of )?next week|next week on (?P<day2>{WEEKDAY})",
            "next_weekday": rf"next (?P<day>{WEEKDAY})|(?P<day2>{WEEKDAY}) next",
            "weekday_ordinal": rf"(?P<day>{WEEKDAY})(?:,)? (?:the )?(?P<d>{ORDINAL})",
            "weekday": rf"(?:this |this coming |coming )?(?P<day>{WEEKDAY})",
            "day_after_tomorrow": r"(?:the )?day after tomorrow",
            "week_tomorrow": r"(?:a )?week tomorrow|tomorrow week",
            "week_today": r"(?:a )?week (?:today|from today)|today week|this time next week",
            "next_working_day": r"(?:the )?(?:next|following) (?:working|business) day",
            "tomorrow": r"tomorrow|tomorra|(?:the )?(?:next|following) day",
            "tonight": r"tonight",
            "today": r"(?:later )?today|same day|this (?P<part>morning|afternoon|evening|lunchtime)",
            "early_next_week": r"(?:early|the (?:start|beginning) of|start of|beginning of) next week",
            "end_of_next_week": r"(?:the )?(?:end|back end) of next week|late next week",
            "middle_of_next_week": r"(?:the )?middle of next week|mid next week",
            "next_week": r"next week",
            "end_of_week": r"(?:the )?(?:end|back end) of (?:the |this )?(?:working |business )?week"
            r"|later (?:on )?this week|this week",
            "christmas_eve": r"christmas eve|xmas eve",
            "christmas": r"christmas(?: day)?|xmas(?: day)?",
            "new_year_eve": r"new year'?s eve",
            "new_year": r"(?<!in the )new year(?:'?s(?: day)?)?",
            "weekend": r"(?:the|this) weekend",
            "end_of_next_month": r"(?:the )?end of next month",
            "next_month": r"next month",
            "end_of_month": r"(?:the )?end of (?:the|this) month|month end|this month",
            "end_of_year": r"(?:the )?end of (?:the|this) year|this year",
            "ordinal_only": r"(?:on|by|before|until|till|for|from) the (?P<d>" + ORDINAL + r")(?: of the month)?"
            r"(?=$|[^ \w]| (?:of|at|by|and|or|so|then|if|in|when|latest|now)\b)",
        },
    ),
    *_said(
        "clock",
        {
            "between": rf"between (?:\d{{1,2}}|{'|'.join(_UNITS[1:13])})(?: ?[ap]\.?m\.?)? and "
            rf"(?P<h>\d{{1,2}}|{'|'.join(_UNITS[1:13])})(?: ?(?P<ap>[ap]\.?m\.?)| o'? ?clock)?"
            r"(?! (?:working|business|days?|hours?|weeks?|minutes?|pounds?|months?))",
            "figures": r"(?P<h>[01]?\d|2[0-3])[:.](?P<mi>[0-5]\d) ?(?P<ap>[ap]\.?m\.?)?",
            "meridiem": rf"(?P<h>\d{{1,2}}|{'|'.join(_UNITS[1:13])})(?: (?P<mi>thirty|fifteen|forty-five|\d\d))? ?"
            r"(?P<ap>[ap] ?\.?m\.?|in the morning|in the afternoon|in the evening|at night)",
            "half": rf"half(?: past)? (?P<h>\d{{1,2}}|{'|'.join(_UNITS[1:13])})",
            "quarter": rf"quarter (?P<to>to|past|after|of) (?P<h>\d{{1,2}}|{'|'.join(_UNITS[1:13])})",
            "minutes": rf"(?P<mi>five|ten|twenty|twenty[- ]five|\d\d?)(?: minutes)? (?P<to>to|past) "
            rf"(?P<h>\d{{1,2}}|{'|'.join(_UNITS[1:13])})",
            "oclock": rf"(?P<h>\d{{1,2}}|{'|'.join(_UNITS[1:13])}) o'? ?clock(?: (?P<ap>in the morning|"
            r"in the afternoon|in the evening|at night))?",
            "thirty": rf"(?:by|at|before|till|until) (?P<h>{'|'.join(_UNITS[1:13])}) "
            r"(?P<mi>thirty|fifteen|forty[- ]five)",
            "bare": rf"(?:by|at|before|till|until|no later than) (?:about |around )?"
            rf"(?P<h>{'|'.join(_UNITS[1:13])}|1[0-2]|[1-9])"
            rf"(?! ?(?:%|percent|[a-z]*(?:pounds?|quid|dollars?|minutes?|hours?|days?|weeks?|months?|working|"
            rf"business|per|of|point|more|time|last)\b|(?:to|or|and) (?:{'|'.join(_UNITS[1:13])}|half|\d)))"
            r"(?![\d/.:-]*\d)",
            "noon": r"noon|midday|12 noon",
            "midnight": r"midnight",
        },
    ),
    *_said(
        "part",
        {
            "end_of_day": r"(?<!at )(?<!at the )(?:the )?end of (?:the day|day|today|play|business|my shift)"
            r"|(?:the )?end of (?:the )?(?:working|business) day|close of (?:play|business)|c\.?o\.?b\.?|e\.?o\.?d\.?"
            r"|(?:the )?day's end|day end",
            "first_thing": r"first thing(?: in the morning)?|start of (?:play|business|the day)|when we open",
            "part": rf"(?:in the |early |late |this )?(?P<part>{PART})",
        },
    ),
]  # fmt: skip


def said_times(text: str) -> list[Said]:
    """Everything a text says about time, longest first where they overlap, in the order of the text."""
    lowered = plain_text(text)
    found = [
        Said(kind, {k: v for k, v in m.groupdict().items() if v is not None}, m.start(), m.end(), role)
        for kind, pattern, role in _TABLE
        for m in pattern.finditer(lowered)
    ]
    order = {kind: rank for rank, (kind, _, _) in enumerate(_TABLE)}
    kept: list[Said] = []
    for said in sorted(found, key=lambda s: (s.start - s.end, order[s.kind], s.start)):
        if not any(said.start < k.end and k.start < said.end for k in kept):
            kept.append(said)
    return sorted(kept, key=lambda s: s.start)
