"""How things are written and coloured: signs, scores, times, the palette of the two themes.

Conventions: a state always has its sign beside its colour; a score always has its range; times of a call are
``minutes:seconds``; moments are shown in the visitor's own time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from qa.scoring import Form
from qa.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNS: Mapping[Outcome, str] = {
    "met": "✓",
    "missed": "✕",
    "not_applicable": "–",
    "not_measured": "∅",
    "uncertain": "?",
}
MEANINGS: Mapping[Outcome, str] = {
    "met": "met",
    "missed": "missed",
    "not_applicable": "did not apply",
    "not_measured": "not measured",
    "uncertain": "uncertain",
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by role, for charts; the pages' own come from the theme."""

    ink: str
    muted: str
    line: str
    accent: str
    soft: str
    good: str
    attention: str
    bad: str
    agent: str
    customer: str


LIGHT = Palette(
    "#1F2430",
    "#5F6672",
    "#E5E2DA",
    "#2F5D8A",
    "#C9D8E6",
    "#2E7D5B",
    "#B7791F",
    "#B3402E",
    "#2F5D8A",
    "#8A5A2F",
)
DARK = Palette(
    "#E8E6E1",
    "#A3AAB5",
    "#30343D",
    "#8DB4DC",
    "#2C4560",
    "#6CC39B",
    "#E0AC5B",
    "#E88B7A",
    "#8DB4DC",
    "#D3A273",
)


def palette() -> Palette:
    """The colours of the theme that the visitor sees."""
    return DARK if getattr(st.context.theme, "type", None) == "dark" else LIGHT


def zone() -> tzinfo:
    """The visitor's time zone; UTC where the browser did not say."""
    try:
        name = st.context.timezone
    except (AttributeError, RuntimeError):
        name = None
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def day_and_time(moment: datetime | None) -> str:
    """Such as ``9 Nov 2026, 09:12``."""
    if moment is None:
        return "no date"
    here = moment.astimezone(zone())
    return f"{here.day} {here:%b %Y, %H:%M}"


def day(moment: datetime) -> str:
    """Such as ``9 Nov 2026``."""
    here = moment.astimezone(zone())
    return f"{here.day} {here:%b %Y}"


def clock(seconds: float) -> str:
    """Minutes and seconds, such as ``2:04``."""
    whole = int(max(0.0, seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def score(value: float | None, low: float | None, high: float | None) -> str:
    """A score with its range, such as ``74 (68–80)``."""
    if value is None:
        return "∅ no total"
    span = "" if low is None or high is None else f" ({low:.0f}–{high:.0f})"
    return f"{value:.0f}{span}"


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun, such as ``1 call`` or ``3 calls``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}".replace(",", "\u202f")


def grouped(n: int) -> str:
    """A number with a narrow space between thousands."""
    return f"{n:,}".replace(",", "\u202f")


def plain(identifier: str) -> str:
    """An id as words, for where a form or card is gone."""
    return identifier.replace("_", " ").capitalize()


def section_titles(form: Form | None) -> dict[str, str]:
    """Titles of a form's sections by id."""
    return {} if form is None else {section.id: section.title for section in form.sections}


def questions(form: Form | None) -> dict[str, str]:
    """Questions of a form's criteria by id."""
    return {} if form is None else {criterion.id: criterion.question for _, criterion in form.criteria()}


def addressed(question: str, agent: str | None = None) -> str:
    """A question of a form as it is put to the agent ("Did you ..."), or about one by the first name.

    Only turns of phrase in which the agent is meant for certain are changed: "they" may be the customer.
    """
    if agent is not None:
        return question.replace("the agent", agent.split()[0])
    for told, asked in _TO_THE_AGENT:
        question = question.replace(told, asked)
    return question


_TO_THE_AGENT = (
    ("Was the agent", "Were you"),
    ("the agent", "you"),
    ("themself", "yourself"),
    ("their own words", "your own words"),
    ("who they are", "who you are"),
    ("whom they speak for", "whom you speak for"),
    ("that they had understood", "that you had understood"),
    ("that they were listening", "that you were listening"),
    ("only what they can keep", "only what you can keep"),
    ("that they will see it through", "that you will see it through"),
    ("say they will be in touch", "say you will be in touch"),
    ("not theirs to give", "not yours to give"),
)


def escape(text: str) -> str:
    """Text that Markdown shows as it is: nothing in it is a link, a picture, a formula or a heading."""
    marked = "".join(f"\\{c}" if c in _MARKDOWN else c for c in " ".join(text.split()))
    return marked.replace("\\://", "\\:\u200b//")


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|$~:^=&")
