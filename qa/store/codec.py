"""Values to rows and back.

Conventions: the store keeps times as whole milliseconds, so a value that goes in must already be *canonical*,
its times rounded to the millisecond. ``canonical_*`` does that before anything is scored; what comes back out
is then equal to what went in, and scoring it again gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from qa.values import Answer, Call, Detections, Evaluation, Finding, Silence, Span, Step, Timing, Turn, Word

_BARE_WORD = re.compile(r"[^\W_]+")


def to_ms(seconds: float) -> int:
    """Whole milliseconds."""
    return round(seconds * 1000)


def to_s(ms: int) -> float:
    """Seconds, exactly as :func:`round_s` rounds them."""
    return ms / 1000


def round_s(seconds: float) -> float:
    """Seconds rounded to the millisecond."""
    return to_ms(seconds) / 1000


def dump(value: Any) -> str:
    """JSON that is the same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(value: Any) -> str:
    """SHA-256 of a JSON value, in hex."""
    return hashlib.sha256(dump(value).encode()).hexdigest()


def bare_words(text: str) -> str:
    """Letters and digits alone, in small letters without accents: as SQLite's search takes words."""
    apart = unicodedata.normalize("NFD", text.lower())
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(_BARE_WORD.findall(plain))


def moment_ms(moment: datetime | None) -> int | None:
    """A moment as milliseconds since 1970; one without a zone counts as UTC."""
    if moment is None:
        return None
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(known.timestamp() * 1000)


def from_ms(ms: int | None) -> datetime | None:
    """Milliseconds since 1970 as a moment in UTC."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, tz=UTC)


def canonical_call(call: Call) -> Call:
    """The call with every time rounded to the millisecond."""
    return replace(
        call,
        turns=tuple(_canonical_turn(turn) for turn in call.turns),
        duration=round_s(call.duration),
        timing=timing_from_json(timing_to_json(call.timing)),
    )


def _canonical_turn(turn: Turn) -> Turn:
    words = tuple(replace(w, start=round_s(w.start), end=round_s(w.end)) for w in turn.words)
    return replace(turn, start=round_s(turn.start), end=round_s(turn.end), words=words)


def canonical_detections(detections: Detections) -> Detections:
    """The findings with every time rounded to the millisecond."""
    rounded = tuple(replace(f, start=round_s(f.start), end=round_s(f.end)) for f in detections.findings)
    return replace(detections, findings=rounded)


def timing_to_json(timing: Timing) -> dict[str, Any]:
    """Timing as JSON, in milliseconds."""
    return {
        "source": timing.source,
        "agent": [_span_to_json(span) for span in timing.agent],
        "customer": [_span_to_json(span) for span in timing.customer],
        "silences": [[to_ms(s.start), to_ms(s.end), s.kind] for s in timing.silences],
        "loudness_db": [[who, to_ms(start), level] for who, start, level in timing.loudness_db],
    }


def timing_from_json(made: dict[str, Any]) -> Timing:
    """The timing that :func:`timing_to_json` wrote."""
    return Timing(
        source=made["source"],
        agent=tuple(_span_from_json(span) for span in made["agent"]),
        customer=tuple(_span_from_json(span) for span in made["customer"]),
        silences=tuple(Silence(to_s(a), to_s(b), kind) for a, b, kind in made["silences"]),
        loudness_db=tuple((who, to_s(start), level) for who, start, level in made["loudness_db"]),
    )


def _span_to_json(span: Span) -> list[int]:
    return [to_ms(span.start), to_ms(span.end)]


def _span_from_json(made: Sequence[int]) -> Span:
    return Span(to_s(made[0]), to_s(made[1]))


def turn_rows(transcript_id: int, turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """Rows of the table ``turn``."""
    return [
        {
            "transcript_id": transcript_id,
            "n": n,
            "speaker": turn.speaker,
            "start_ms": to_ms(turn.start),
            "end_ms": to_ms(turn.end),
            "text": turn.text,
            "words": [[w.word, to_ms(w.start), to_ms(w.end), w.probability, w.doubtful] for w in turn.words],
            "confidence": turn.confidence,
        }
        for n, turn in enumerate(turns)
    ]


def turn_from_row(row: Any) -> Turn:
    """A turn from its row."""
    return Turn(
        speaker=row.speaker,
        start=to_s(row.start_ms),
        end=to_s(row.end_ms),
        text=row.text,
        words=tuple(Word(w, to_s(a), to_s(b), p, doubtful) for w, a, b, p, doubtful in row.words),
        confidence=row.confidence,
    )


def finding_rows(detection_id: int, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Rows of the table ``finding``."""
    return [
        {
            "detection_id": detection_id,
            "n": n,
            "turn": f.turn,
            "behaviour": f.behaviour,
            "speaker": f.speaker,
            "start_ms": to_ms(f.start),
            "end_ms": to_ms(f.end),
            "char_start": f.char_start,
            "char_end": f.char_end,
            "quote": f.quote,
            "probability": f.probability,
            "reason": f.reason,
            "details": [list(pair) for pair in f.details],
        }
        for n, f in enumerate(findings)
    ]


def finding_from_row(row: Any, call_id: str) -> Finding:
    """A finding from its row."""
    return Finding(
        call=call_id,
        turn=row.turn,
        behaviour=row.behaviour,
        speaker=row.speaker,
        start=to_s(row.start_ms),
        end=to_s(row.end_ms),
        quote=row.quote,
        probability=row.probability,
        reason=row.reason,
        char_start=row.char_start,
        char_end=row.char_end,
        details=tuple((key, value) for key, value in row.details),
    )


def answer_rows(evaluation_id: int, evaluation: Evaluation, detections: Detections) -> list[dict[str, Any]]:
    """Rows of the table ``answer``; evidence is kept as places in the detection's findings."""
    places = {finding: n for n, finding in enumerate(detections.findings)}

    def named(findings: Iterable[Finding]) -> list[int | dict[str, Any]]:
        # A form may point at something no detector found, such as a fact of the call: kept in full.
        return [places[f] if f in places else finding_rows(0, [f])[0] for f in findings]

    return [
        {
            "evaluation_id": evaluation_id,
            "n": n,
            "criterion": a.criterion,
            "section": a.section,
            "outcome": a.outcome,
            "points": a.points,
            "max_points": a.max_points,
            "expected_points": a.expected_points,
            "probability": a.probability,
            "reason": a.reason,
            "evidence": named(a.evidence),
            "opportunity": named(a.opportunity),
            "searched": None if a.searched is None else _span_to_json(a.searched),
        }
        for n, a in enumerate(evaluation.answers)
    ]


def answer_from_row(row: Any, findings: Sequence[Finding], call_id: str) -> Answer:
    """An answer from its row and the findings of its detection."""

    def meant(kept: Sequence[int | dict[str, Any]]) -> tuple[Finding, ...]:
        return tuple(
            findings[n] if isinstance(n, int) else finding_from_row(SimpleNamespace(**n), call_id)
            for n in kept
        )

    return Answer(
        criterion=row.criterion,
        section=row.section,
        outcome=row.outcome,
        points=row.points,
        max_points=row.max_points,
        probability=row.probability,
        reason=row.reason,
        evidence=meant(row.evidence),
        opportunity=meant(row.opportunity),
        searched=None if row.searched is None else _span_from_json(row.searched),
        expected_points=row.expected_points,
    )


def canonical_evaluation(evaluation: Evaluation) -> Evaluation:
    """The evaluation with the stretches that were searched rounded to the millisecond."""
    return replace(
        evaluation,
        answers=tuple(
            a if a.searched is None else replace(a, searched=_span_from_json(_span_to_json(a.searched)))
            for a in evaluation.answers
        ),
    )


def evaluation_columns(evaluation: Evaluation) -> dict[str, Any]:
    """The columns of ``evaluation`` that come from the value."""
    return {
        "form": evaluation.form,
        "score": evaluation.score,
        "low": evaluation.low,
        "high": evaluation.high,
        "expected": evaluation.expected,
        "measured_share": evaluation.measured_share,
        "sections": [list(pair) for pair in evaluation.sections],
        "waterfall": [[s.label, s.kind, s.points, s.criterion] for s in evaluation.waterfall],
        "passed": evaluation.passed,
        "auto_failed_by": evaluation.auto_failed_by,
        "why_no_score": evaluation.why_no_score,
    }


def evaluation_from_row(row: Any, call_id: str, answers: tuple[Answer, ...]) -> Evaluation:
    """An evaluation from its row and its answers."""
    return Evaluation(
        call_id=call_id,
        form=row.form,
        score=row.score,
        low=row.low,
        high=row.high,
        expected=row.expected,
        measured_share=row.measured_share,
        answers=answers,
        waterfall=tuple(
            Step(label, kind, points, criterion) for label, kind, points, criterion in row.waterfall
        ),
        sections=tuple((section, score) for section, score in row.sections),
        auto_failed_by=row.auto_failed_by,
        why_no_score=row.why_no_score,
        passed=row.passed,
    )


def moment_of(ms: int) -> datetime:
    """Milliseconds since 1970 that are never missing, as a moment in UTC."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def moment_from_iso(iso: str | None) -> datetime | None:
    """A moment as it was given, with its own zone or without."""
    return None if iso is None else datetime.fromisoformat(iso)
