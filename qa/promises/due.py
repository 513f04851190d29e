"""By when: "by Friday", "within the hour", "in two working days", against the time the call took place.

Conventions
-----------
- A due time is the last moment at which the promise is still kept. A day alone is due at its end (23:59), a
  part of a day at the end of that part; "before Friday" is the end of Thursday.
- Clock times without am or pm are taken within the usual day: one to seven in the afternoon, eight to eleven
  in the morning, unless that is past already and the other is not.
- "Next Thursday" is the one in next week; "Thursday" and "this Thursday" the next to come; "Friday week" a
  week after the next Friday. Ranges ("three to five days") count to their end.
- Only what is said is read: "soon", "shortly" and "as soon as possible" have no due time.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from qa.promises.grammar import Said, month, number, ordinal, plain_text, said_times, weekday

LAST = time(23, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDay:
    """When the firm works: what "end of play", "first thing" and "working days" mean there."""

    opens: time = time(9, 0)
    closes: time = time(17, 30)
    days: frozenset[int] = frozenset(range(5))
    """Weekdays, 0 for Monday."""
    holidays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.holidays

    def after(self, day: date, count: int) -> date:
        """The day so many working days later."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.works(day)
        return day

    @property
    def first_thing(self) -> time:
        """Until when something done "first thing" was: an hour after opening."""
        return time(min(self.opens.hour + 1, 23), self.opens.minute)


@dataclass(frozen=True, slots=True)
class Due:
    """A due time, and the words that said it."""

    at: datetime
    phrase: str
    start: int
    end: int


_USUAL = WorkingDay()

_PARTS = {
    "morning": time(12, 0), "lunch": time(14, 0), "lunchtime": time(14, 0), "lunch time": time(14, 0),
    "dinnertime": time(14, 0), "dinner time": time(14, 0), "afternoon": time(18, 0),
    "teatime": time(18, 0), "tea time": time(18, 0), "evening": time(21, 0), "night": LAST,
}  # fmt: skip


_IDLE = frozenset({"a", "a couple of", "couple of", "a couple", "a few", "few", "another"})

_DAYS = {"min": 1 / 1440, "hou": 1 / 24, "hr": 1 / 24, "h": 1 / 24, "wee": 7, "for": 14, "mon": 31}
MOST_DAYS = 3660
"""Nobody promises anything for more than ten years on: a larger number is a misheard one."""

_NOT_BEFORE = re.compile(
    r"(?:\bafter|\bnot (?:\w+ )?(?:before|until|till)|\b(?:no|not any) (?:earlier|sooner) than"
    r"|(?:n't|\bcannot|\bunable to|\bnot) (?:\w+ ){1,4}(?:before|until|till))(?: about| around)?(?: the)? $"
)


def resolve_due(text: str, said_at: datetime, *, working_day: WorkingDay = _USUAL) -> Due | None:
    """When something is due, from words such as "I'll ring you by two on Friday".

    Parameters
    ----------
    said_at : datetime
        When it was said: the call's start and the time within the call.

    Returns
    -------
    Due or None
        None where the words name no time, or one that does not exist (the 31st of June).
    """
    said = said_times(text)
    groups = _groups(said, plain_text(text))
    for group in groups:
        at = _resolve(group, plain_text(text), said_at, working_day)
        if at is not None and _NOT_BEFORE.search(plain_text(text)[: group[0].start]):
            at = _from_then(group, at, working_day)
        if at is not None and at > said_at:  # "I rang this morning" binds nobody
            start, end = min(s.start for s in group), max(s.end for s in group)
            return Due(at, text[start:end].strip(), start, end)
    return None


_BETWEEN = re.compile(r"[\s,]*(?:at the (?:very )?latest[\s,]+)?(?:\w+[\s,]+){0,2}")


def _groups(said: list[Said], text: str) -> list[list[Said]]:
    """What belongs together: a day and the time of that day stand next to each other."""
    groups: list[list[Said]] = []
    for item in said:
        last = groups[-1] if groups else []
        between = text[last[-1].end : item.start] if last else ""
        near = bool(last) and _BETWEEN.fullmatch(between) is not None
        roles = {s.role for s in last}
        if near and item.role not in roles and "duration" not in roles | {item.role}:
            last.append(item)
        else:
            groups.append([item])
    return groups


def _resolve(group: list[Said], text: str, said_at: datetime, working: WorkingDay) -> datetime | None:
    by_role = {s.role: s for s in group}
    if "duration" in by_role:
        return _duration(by_role["duration"], said_at, working)
    day_said, clock_said, part_said = by_role.get("day"), by_role.get("clock"), by_role.get("part")
    day = _day(day_said, said_at, working) if day_said else None
    if day_said is not None and day is None:
        return None
    part = _part(part_said, day_said, working)
    if clock_said is not None:
        return _at_clock(clock_said, day, part, said_at)
    if day is None:
        return _at_part(part, part_said, said_at, working)
    if part is not None:
        return _joined(day, part, said_at)
    if day_said is not None and _is_before(day_said, text):
        earlier = 2 if day_said.kind == "weekend" else 1
        last = _joined(day - timedelta(days=earlier), LAST, said_at)
        # said at the weekend, it is the next one that it must be done before
        return last + timedelta(days=7) if day_said.kind == "weekend" and last <= said_at else last
    return _joined(day, LAST, said_at)


def _from_then(group: list[Said], at: datetime, working: WorkingDay) -> datetime | None:
    """When something is due that begins only then: "after the weekend", "after lunch"; None without an end."""
    roles = {s.role for s in group}
    if any(s.kind == "weekend" for s in group):
        return _joined(working.after(at.date(), 1), LAST, at)
    return _joined(at.date(), LAST, at) if roles & {"clock", "part"} else None


def _joined(day: date, at: time, said_at: datetime) -> datetime:
    return datetime.combine(day, at, tzinfo=said_at.tzinfo)


def _is_before(said: Said, text: str) -> bool:
    return re.search(r"\bbefore (?:the )?$", text[: said.start]) is not None or text[
        said.start : said.end
    ].startswith("before ")


def _duration(said: Said, said_at: datetime, working: WorkingDay) -> datetime | None:
    kind, groups = said.kind, said.groups
    if groups.get("unit", "").startswith("min") and groups.get("n", "") in _IDLE and "m" not in groups:
        return None  # "in a minute" is a figure of speech
    if kind == "this_time_tomorrow":
        return said_at + timedelta(days=1)
    if kind == "within_the" and groups["unit"] == "day":
        return _joined(said_at.date(), LAST, said_at)
    if kind == "half_hour":
        return said_at + timedelta(minutes=30)
    if kind == "hour_and_half":
        return said_at + timedelta(minutes=90)
    if kind == "quarter_hour":
        return said_at + timedelta(minutes=15)
    if kind == "fortnight":
        return _joined(said_at.date() + timedelta(days=14), LAST, said_at)
    count = number(groups.get("m") or groups.get("n") or "one")
    if kind == "day_or_two":
        count = 2
    unit = "day" if kind == "working_days" else groups.get("unit", "hour")
    if not count * _DAYS.get(unit[:3], 1) <= MOST_DAYS:
        return None
    if kind == "working_days":
        return _joined(working.after(said_at.date(), int(count)), LAST, said_at)
    return _later(said_at, count, groups.get("unit", "hour"))


def _later(said_at: datetime, count: float, unit: str) -> datetime:
    if unit.startswith("min"):
        return said_at + timedelta(minutes=count)
    if unit.startswith("h"):
        return said_at + timedelta(hours=count)
    if unit.startswith("month"):
        return _joined(_months_later(said_at.date(), int(count)), LAST, said_at)
    days = count * (7 if unit.startswith("week") else 14 if unit.startswith("fort") else 1)
    return _joined(said_at.date() + timedelta(days=int(days)), LAST, said_at)


def _months_later(day: date, count: int) -> date:
    years, index = divmod(day.month - 1 + count, 12)
    year = day.year + years
    return date(year, index + 1, min(day.day, calendar.monthrange(year, index + 1)[1]))


def _month_end(day: date, *, later: int = 0) -> date:
    first = _months_later(day.replace(day=1), later)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _day(said: Said, said_at: datetime, working: WorkingDay) -> date | None:
    """The day that words name; None where there is no such day."""
    today, kind, groups = said_at.date(), said.kind, said.groups
    monday = today - timedelta(days=today.weekday())
    fixed = {
        "today": 0, "tonight": 0, "tomorrow": 1, "day_after_tomorrow": 2,
        "week_today": 7, "week_tomorrow": 8,
    }  # fmt: skip
    if kind in fixed:
        return today + timedelta(days=fixed[kind])
    if kind == "next_working_day":
        return working.after(today, 1)
    end = 7 + max(working.days, default=4)
    in_week = {"early_next_week": 8, "middle_of_next_week": 9, "next_week": end, "end_of_next_week": end}
    if kind in in_week:
        return monday + timedelta(days=in_week[kind])
    if kind == "end_of_week":
        last = monday + timedelta(days=max(working.days, default=4))
        return last if last >= today else monday + timedelta(days=6)
    if kind == "weekend":
        return monday + timedelta(days=6)
    if kind in ("end_of_month", "end_of_next_month", "next_month"):
        return _month_end(today, later=0 if kind == "end_of_month" else 1)
    feasts = {"christmas_eve": (12, 24), "christmas": (12, 25), "new_year_eve": (12, 31), "new_year": (1, 1)}
    if kind in feasts:
        return _next_date(today, *feasts[kind], None)
    if kind == "end_of_year":
        return date(today.year, 12, 31)
    if "day" in groups or "day2" in groups:
        return _weekday(said, today, monday)
    return _calendar_day(kind, groups, today)


def _weekday(said: Said, today: date, monday: date) -> date:
    index = weekday(said.groups.get("day") or said.groups["day2"])
    if said.kind in ("weekday_next_week", "next_weekday"):
        return monday + timedelta(days=7 + index)
    # said on a Friday, "Friday" is the next one: for today people say "today"
    coming = today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)
    if said.kind in ("weekday_week", "week_on_weekday"):
        return coming + timedelta(days=7)
    if said.kind == "weekday_ordinal":
        return _next_ordinal(ordinal(said.groups["d"]), today) or coming
    return coming


def _next_ordinal(day: int, today: date) -> date | None:
    """The next day of the month with that number."""
    for later in range(3):
        first = _months_later(today.replace(day=1), later)
        if 1 <= day <= calendar.monthrange(first.year, first.month)[1] and first.replace(day=day) >= today:
            return first.replace(day=day)
    return None


def _calendar_day(kind: str, groups: dict[str, str], today: date) -> date | None:
    if kind == "ordinal_only":
        return _next_ordinal(ordinal(groups["d"]), today)
    if kind == "end_of_month_named":
        first = _next_date(today, month(groups["month"]), 28, None)
        return _month_end(first) if first else None
    year = int(groups["y"]) if "y" in groups else None
    year = year + 2000 if year is not None and year < 100 else year
    if "month" in groups:
        return _next_date(today, month(groups["month"]), ordinal(groups["d"]), year)
    day, of_month = int(groups["d"]), int(groups["mo"])
    if of_month > 12 >= day and kind != "iso":
        day, of_month = of_month, day
    return _next_date(today, of_month, day, year)


def _next_date(today: date, of_month: int, day: int, year: int | None) -> date | None:
    """That day of that month; without a year the next to come."""
    for candidate in (year,) if year is not None else range(today.year, today.year + 5):
        try:
            found = date(candidate, of_month, day)
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    return None


def _part(said: Said | None, day: Said | None, working: WorkingDay) -> time | None:
    if said is not None and said.kind == "first_thing":
        return working.first_thing
    if said is not None and said.kind == "end_of_day":
        return working.closes
    named = (said.groups.get("part") if said else None) or (day.groups.get("part") if day else None)
    if named is None and day is not None and day.kind == "tonight":
        return LAST
    return _PARTS.get(named, LAST) if named else None


def _at_part(part: time | None, said: Said | None, said_at: datetime, working: WorkingDay) -> datetime | None:
    """A part of a day without the day: the next such part; "first thing" is on the next working day."""
    if part is None or said is None:
        return None
    if said.kind == "first_thing":
        return _joined(working.after(said_at.date(), 1), part, said_at)
    today = _joined(said_at.date(), part, said_at)
    # in the middle of a morning, "in the morning" is the next one
    if said.groups.get("part") == "morning" and time(5) <= said_at.time() < part:
        return today + timedelta(days=1)
    if said.kind == "end_of_day" and today <= said_at:  # after hours, the day ends at midnight
        return _joined(said_at.date(), LAST, said_at)
    return today if today > said_at else today + timedelta(days=1)


def _at_clock(said: Said, day: date | None, part: time | None, said_at: datetime) -> datetime | None:
    if said.kind in ("noon", "midnight"):
        at = time(12, 0) if said.kind == "noon" else LAST
        return _next_clock([at], day, said_at)
    hour, minute = _hour_minute(said)
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        return None
    meridiem = said.groups.get("ap", "").replace(".", "").replace(" ", "")
    if meridiem:
        after_noon = meridiem.startswith("p") or meridiem in ("intheafternoon", "intheevening", "atnight")
        return _next_clock([time(hour % 12 + (12 if after_noon else 0), minute)], day, said_at)
    if hour > 12 or hour == 0:
        return _next_clock([time(hour, minute)], day, said_at)
    morning, afternoon = time(hour % 12, minute), time(hour % 12 + 12, minute)
    if part is not None and part <= time(12, 0):
        return _next_clock([morning], day, said_at)
    if part is not None or hour <= 7 or hour == 12:
        return _next_clock([afternoon], day, said_at)
    return _next_clock([morning, afternoon], day, said_at)


def _hour_minute(said: Said) -> tuple[int, int]:
    hour = int(number(said.groups["h"]))
    minutes = said.groups.get("mi")
    if said.kind == "half":
        return hour, 30
    if said.kind == "quarter":
        minutes = "15"
    minute = int(number(minutes)) if minutes else 0
    if said.groups.get("to") in ("to", "of"):
        return (hour - 1) or 12, 60 - minute
    return hour, minute


def _next_clock(times: list[time], day: date | None, said_at: datetime) -> datetime:
    """The first of the times that is still to come; on the named day simply the first that can be."""
    if day is not None:
        there = [_joined(day, t, said_at) for t in times]
        return next((t for t in there if t > said_at), there[0])
    today = [_joined(said_at.date(), t, said_at) for t in times]
    return next((t for t in today if t > said_at), today[0] + timedelta(days=1))
