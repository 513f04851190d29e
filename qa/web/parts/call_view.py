"""One call as the browser draws it: timeline, transcript and answers, as plain data.

Conventions: times are seconds, rounded to the hundredth; a finding is named by its place in the detections; all
text goes over as text and is put on the screen as text. The drawing itself is ``call_view.js`` beside this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import streamlit as st

from qa.behaviours import Cards
from qa.scoring import Form
from qa.store import StoredCall
from qa.values import Answer, Finding, Silence, Span, Turn
from qa.web import look

HERE = Path(__file__).parent
LEAST_OVERLAP_S = 0.2
LEAST_QUIET_S = 3.0
"""Shorter pauses belong to every conversation and are not drawn."""

SILENCES = {
    "silence": "nobody speaks",
    "hold": "on hold",
    "music": "hold music",
    "ringing": "ringing",
    "masked": "masked",
}
UNSURE_OF_SPEAKER = 0.7

_mount = st.components.v2.component(
    "qa.call_view",
    html='<div class="cv"></div>',
    css=(HERE / "call_view.css").read_text(encoding="utf-8"),
    js=(HERE / "call_view.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a call is shown, and how it is named."""

    stored: StoredCall
    form: Form | None
    cards: Cards
    min_probability: float
    has_sound: bool
    moment: Span | None = None
    mine: bool = False
    """Whoever looks is the agent: questions are put in the second person."""


def draw(shown: Shown) -> None:
    """Put the view on the page."""
    _mount(key="call_view", data=view_of(shown))


def view_of(shown: Shown) -> dict[str, Any]:
    """The whole view as JSON."""
    call, findings = shown.stored.call, shown.stored.detections.findings
    sure = {n: f for n, f in enumerate(findings) if f.probability >= shown.min_probability}
    return {
        "call": call.call_id,
        "revision": f"{call.call_id}/{shown.stored.row.evaluation_id}/{shown.moment}",
        "agent": call.agent or "Agent",
        "duration": _s(max([call.duration, *(turn.end for turn in call.turns)], default=0.0)),
        "hasSound": shown.has_sound,
        "moment": None if shown.moment is None else [_s(shown.moment.start), _s(shown.moment.end)],
        "lanes": lanes(shown.stored),
        "findings": [_finding(n, finding, shown.cards) for n, finding in sure.items()],
        "turns": [_turn(n, turn, _in_turn(n, sure)) for n, turn in enumerate(call.turns)],
        "sections": _sections(shown, findings),
    }


def lanes(stored: StoredCall) -> dict[str, Any]:
    """Who speaks when, where both do, and the stretches in which nobody does."""
    timing = stored.call.timing
    spoken = {
        who: timing.of(who) or tuple(turn.span for turn in stored.call.turns if turn.speaker == who)
        for who in ("agent", "customer")
    }
    return {
        "agent": _spans(spoken["agent"]),
        "customer": _spans(spoken["customer"]),
        "overlaps": _spans(overlaps(spoken["agent"], spoken["customer"])),
        "silences": [
            [_s(s.start), _s(s.end), s.kind, SILENCES[s.kind]] for s in timing.silences if _is_drawn(s)
        ],
    }


def _is_drawn(silence: Silence) -> bool:
    return silence.kind != "silence" or silence.end - silence.start >= LEAST_QUIET_S


def overlaps(first: Sequence[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """Stretches in which both speak, each longer than ``LEAST_OVERLAP_S``."""
    found = []
    for one in first:
        for other in second:
            start, end = max(one.start, other.start), min(one.end, other.end)
            if end - start >= LEAST_OVERLAP_S:
                found.append(Span(start, end))
    return tuple(sorted(found))


def parts_of(turn: Turn, findings: Mapping[int, Finding]) -> list[list[Any]]:
    """A turn's text cut where a word or a finding begins or ends: text, start or None, doubtful, findings."""
    placed = _placed_words(turn)
    ranges = {
        n: (f.char_start, f.char_end)
        for n, f in findings.items()
        if 0 <= f.char_start < f.char_end <= len(turn.text)
    }
    borders = {0, len(turn.text)}
    for start, end, _, _ in placed:
        borders |= {start, end}
    for start, end in ranges.values():
        borders |= {start, end}
    cuts, parts, place = sorted(borders), [], 0
    for start, end in pairwise(cuts):
        while place < len(placed) and placed[place][1] <= start:
            place += 1
        word = placed[place] if place < len(placed) and placed[place][0] <= start else None
        inside = [n for n, (a, b) in ranges.items() if a <= start and end <= b]
        at = None if word is None else _s(word[2])
        parts.append([turn.text[start:end], at, bool(word and word[3]), inside])
    return parts


def _placed_words(turn: Turn) -> list[tuple[int, int, float, bool]]:
    """Where each word stands in the text: from, to, when it is said, whether it is doubtful."""
    placed, at = [], 0
    text = turn.text.lower()
    for word in turn.words:
        spelled = word.word.strip().lower()
        found = text.find(spelled, at) if spelled else -1
        if found < 0:
            continue
        at = found + len(spelled)
        placed.append((found, at, word.start, word.doubtful))
    return placed


def _in_turn(n: int, findings: Mapping[int, Finding]) -> dict[int, Finding]:
    return {place: finding for place, finding in findings.items() if finding.turn == n}


def _turn(n: int, turn: Turn, findings: Mapping[int, Finding]) -> dict[str, Any]:
    quoted = {place: f for place, f in findings.items() if 0 <= f.char_start < f.char_end <= len(turn.text)}
    return {
        "n": n,
        "who": turn.speaker,
        "start": _s(turn.start),
        "end": _s(turn.end),
        "parts": parts_of(turn, quoted),
        "beside": [place for place in findings if place not in quoted],
        "unsure": turn.confidence < UNSURE_OF_SPEAKER,
    }


def _finding(n: int, finding: Finding, cards: Cards) -> dict[str, Any]:
    card = cards.by_id.get(finding.behaviour)
    return {
        "n": n,
        "name": card.name if card else look.plain(finding.behaviour),
        "polarity": card.polarity if card else "=",
        "who": finding.speaker,
        "turn": finding.turn,
        "start": _s(finding.start),
        "end": _s(finding.end),
        "quote": finding.quote,
        "why": finding.reason,
        "sure": round(100 * finding.probability),
    }


def _sections(shown: Shown, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    evaluation = shown.stored.evaluation
    titles, asked = look.section_titles(shown.form), look.questions(shown.form)
    if shown.mine:
        asked = {criterion: look.addressed(question) for criterion, question in asked.items()}
    scores = dict(evaluation.sections)
    places = {finding: n for n, finding in enumerate(findings)}
    by_section: dict[str, list[Answer]] = {}
    for answer in evaluation.answers:
        by_section.setdefault(answer.section, []).append(answer)
    return [
        {
            "id": section,
            "title": titles.get(section) or look.plain(section),
            "score": None if scores.get(section) is None else round(scores[section] or 0.0),
            "answers": [_answer(a, asked, places) for a in answers],
        }
        for section, answers in by_section.items()
    ]


def _answer(answer: Answer, asked: Mapping[str, str], places: Mapping[Finding, int]) -> dict[str, Any]:
    return {
        "id": answer.criterion,
        "question": asked.get(answer.criterion) or look.plain(answer.criterion),
        "outcome": answer.outcome,
        "sign": look.SIGNS[answer.outcome],
        "meaning": look.MEANINGS[answer.outcome],
        "points": round(answer.points, 1),
        "of": round(answer.max_points, 1),
        "sure": None if answer.probability is None else round(100 * answer.probability),
        "reason": answer.reason,
        "evidence": _moments(answer.evidence, places),
        "opportunity": _moments(answer.opportunity, places),
        "searched": None if answer.searched is None else [_s(answer.searched.start), _s(answer.searched.end)],
    }


def _moments(findings: Iterable[Finding], places: Mapping[Finding, int]) -> list[dict[str, Any]]:
    return [
        {"n": places.get(f, -1), "start": _s(f.start), "end": _s(f.end), "quote": f.quote} for f in findings
    ]


def _spans(spans: Iterable[Span]) -> list[list[float]]:
    return [[_s(span.start), _s(span.end)] for span in spans]


def _s(seconds: float) -> float:
    return round(seconds, 2)
