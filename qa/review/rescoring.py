"""A call scored again with what people decided: pure, so that a preview and the decision can't differ.

Conventions: decisions come in as a :class:`Standing` (what stands already) and a :class:`Change` (what is
proposed). Where words or speakers are corrected, the behaviours are searched anew in the corrected call; where
not, the findings in force are kept and only those that people spoke about change.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from qa.behaviours import Cards, Classifier, detect
from qa.errors import InputError
from qa.scoring import Mark, Options, evaluate
from qa.store.codec import canonical_call, canonical_detections, canonical_evaluation
from qa.store.disputes import Correction, is_same_finding
from qa.store.reviews import LabelRow
from qa.store.rows import StoredCall
from qa.store.standing import Standing
from qa.values import Call, Detections, Evaluation, Finding, Outcome, Speaker, Turn, Word


class Judge(Protocol):
    """What finds behaviours and scores: a ``Pipeline`` is one."""

    @property
    def cards(self) -> Cards: ...
    @property
    def classifier(self) -> Classifier | None: ...
    @property
    def options(self) -> Options: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is proposed for a call, beside what stands."""

    marks: tuple[Mark, ...] = ()
    drop: tuple[Finding, ...] = ()
    confirm: tuple[Finding, ...] = ()
    add: tuple[LabelRow, ...] = ()
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Rescored:
    """The call as it would be, with its findings and evaluation."""

    call: Call
    detections: Detections
    evaluation: Evaluation
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One answer that comes out differently."""

    criterion: str
    before: Outcome
    after: Outcome
    points_before: float
    points_after: float


def rescore(stored: StoredCall, standing: Standing, change: Change, judge: Judge) -> Rescored:
    """The call scored with what stands and what is proposed.

    Raises
    ------
    InputError
        A correction names a turn that the call does not have, or says nothing new.
    """
    call, detections = stored.call, stored.detections
    if change.corrections:
        call = canonical_call(corrected(call, change.corrections))
        detections = canonical_detections(detect(call, judge.cards, judge.classifier))
    added = [as_finding(label, call) for label in (*standing.added, *change.add)]
    detections = settle(
        detections,
        drop=(*standing.dropped, *change.drop),
        confirm=(*standing.confirmed, *change.confirm),
        add=added,
    )
    marks = tuple({mark.criterion: mark for mark in (*standing.marks, *change.marks)}.values())
    evaluation = evaluate(call, detections, standing.form, options=judge.options, marks=marks)
    return Rescored(call, detections, canonical_evaluation(evaluation), marks)


def settle(
    detections: Detections, *, drop: Sequence[Finding], confirm: Sequence[Finding], add: Iterable[Finding]
) -> Detections:
    """Findings as people settled them: those dropped are gone, confirmed ones certain, added ones there."""
    kept = []
    for finding in detections.findings:
        if any(is_same_finding(finding, other) for other in confirm):
            finding = replace(finding, probability=1.0)
        elif any(is_same_finding(finding, other) for other in drop):
            continue
        kept.append(finding)
    there = {(f.behaviour, f.turn) for f in kept}
    kept += [f for f in add if (f.behaviour, f.turn) not in there]
    return replace(detections, findings=tuple(sorted(kept, key=lambda f: (f.start, f.end, f.behaviour))))


def as_finding(label: LabelRow, call: Call) -> Finding:
    """What a person heard where the program found nothing, as a finding of the whole turn."""
    reason = f"Heard by {label.by}. {label.reason}".strip()
    if label.turn is None or not 0 <= label.turn < len(call.turns):
        speaker: Speaker = "customer" if label.behaviour.startswith("customer_") else "agent"
        return Finding(call.call_id, None, label.behaviour, speaker, 0.0, call.duration, "", 1.0, reason)
    turn = call.turns[label.turn]
    return Finding(
        call=call.call_id,
        turn=label.turn,
        behaviour=label.behaviour,
        speaker=turn.speaker,
        start=turn.start,
        end=turn.end,
        quote=turn.text,
        probability=1.0,
        reason=reason,
        char_start=0,
        char_end=len(turn.text),
    )


def corrected(call: Call, corrections: Sequence[Correction]) -> Call:
    """The call with turns as they really were; words that stay keep their times.

    Raises
    ------
    InputError
        A correction names a turn that the call does not have, or says nothing new.
    """
    turns = list(call.turns)
    for correction in corrections:
        if not 0 <= correction.turn < len(turns):
            raise InputError(
                f"turn {correction.turn}: the call has turns 0 to {len(turns) - 1}; correct one of them"
            )
        turn = turns[correction.turn]
        text = turn.text if correction.text is None else " ".join(correction.text.split())
        speaker = correction.speaker or turn.speaker
        if (text, speaker) == (turn.text, turn.speaker):
            raise InputError(f"turn {correction.turn}: the correction says what is there already")
        turns[correction.turn] = replace(
            turn, text=text, speaker=speaker, words=_words(turn, text), confidence=1.0
        )
    return replace(call, turns=tuple(turns))


def _words(turn: Turn, text: str) -> tuple[Word, ...]:
    """The words of a corrected text: what was heard right keeps its time, the rest shares what is left."""
    said = text.split()
    if not turn.words or not said:
        return ()
    before = [_bare(w.word) for w in turn.words]
    made: list[Word] = []
    matcher = difflib.SequenceMatcher(None, before, [_bare(w) for w in said], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            made += [replace(turn.words[a + i], word=said[c + i], doubtful=False) for i in range(d - c)]
            continue
        start = turn.words[a].start if a < b else (made[-1].end if made else turn.start)
        end = turn.words[b - 1].end if a < b else start
        step = (end - start) / max(1, d - c)
        made += [Word(said[c + i], start + i * step, start + (i + 1) * step, None) for i in range(d - c)]
    return tuple(made)


def _bare(word: str) -> str:
    return re.sub(r"\W+", "", word).lower()


def differences(before: Evaluation, after: Evaluation) -> tuple[AnswerChange, ...]:
    """The answers that come out differently, in the form's order."""
    was = {answer.criterion: answer for answer in before.answers}
    return tuple(
        AnswerChange(a.criterion, was[a.criterion].outcome, a.outcome, was[a.criterion].points, a.points)
        for a in after.answers
        if a.criterion in was and (was[a.criterion].outcome, was[a.criterion].points) != (a.outcome, a.points)
    )
