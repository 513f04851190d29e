"""Human labels on texts that nobody on this project wrote: measured on, never trained on.

They are read from a folder outside the project (``QA_SHARED``). Two kinds: rows of one text each
(``<behaviour>.jsonl``) and meetings with times (``turns_overlap.jsonl``).

Conventions: a row's ``label`` is the truth and ``w`` its sampling weight; everything else but ``context`` and
``text`` is out of bounds for a detector.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.behaviours import Cards, Judgement, TurnClassifier, detect_all
from qa.behaviours.reading import Reading, TurnText
from qa.behaviours.timing import interruption
from qa.learn.alone import ALONE_THRESHOLD, as_alone
from qa.learn.metrics import Counts, weighted_f1
from qa.values import Call, Speaker, Timing, Turn

TASKS: Mapping[str, str] = {
    "paraphrase": "paraphrase",
    "open_question": "open_question",
    "suggestion": "solution_offer",
    "empathy_epitome": "empathy",
    "apology": "apology",
    "commitment": "commitment",
    "backchannel": "backchannel",
    "understanding_check": "understanding_check",
    "thanks": "thanks",
    "closing": "closing",
    "greeting": "greeting",
    "further_help": "resolution_check",
}
"""File and the behaviour its labels stand for."""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    task: str
    source: str
    behaviour: str
    rows: int
    counts: Counts
    best: float | None
    """F1 at the threshold that would have been best: what the ranking could give, not a figure to claim."""


def utterance_call(row: Mapping[str, Any], name: str) -> Call:
    """The row as a small call whose last turn is the agent's text."""
    own = row.get("speaker")

    def who(speaker: str) -> Speaker:
        if speaker in {"agent", "customer"}:
            return "agent" if speaker == "agent" else "customer"
        return "agent" if own is not None and speaker == own else "customer"

    turns = [Turn(who(str(t["speaker"])), 0.0, 0.0, str(t["text"])) for t in row.get("context") or ()]
    turns.append(Turn("agent", 0.0, 0.0, str(row["text"])))
    return Call(name, tuple(turns), timing=Timing(source="none"))


@dataclass(frozen=True)
class Judged:
    """A classifier's say that is already there, so that the detectors need not ask again."""

    sha256: str
    by_call: Mapping[str, Judgement]

    def judge(self, calls: Sequence[Call], texts: Sequence[tuple[TurnText, ...]]) -> tuple[Judgement, ...]:
        """What was judged of these calls."""
        return tuple(self.by_call[call.call_id] for call, _ in zip(calls, texts, strict=True))


def judge_rows(
    rows: Sequence[Mapping[str, Any]], cards: Cards, classifier: TurnClassifier, *, batch: int = 800
) -> Iterator[dict[str, float]]:
    """Per row the probability of every text-judged behaviour of the agent."""
    named = [card.id for card in cards if card.speaker == "agent" and classifier.judges(card.id)]
    for begin in range(0, len(rows), batch):
        calls = [utterance_call(r, str(begin + k)) for k, r in enumerate(rows[begin : begin + batch])]
        plain = classifier.judge(calls, [tuple(TurnText.of(t.text) for t in c.turns) for c in calls])
        judged = {call.call_id: judgement for call, judgement in zip(calls, plain, strict=True)}
        found = detect_all(calls, cards, Judged(classifier.sha256, judged))
        for call, detections, judgement in zip(calls, found, plain, strict=True):
            last = len(call.turns) - 1
            here = {b: row[last] for b, row in judgement.probabilities.items()}
            here |= {f.behaviour: f.probability for f in detections.findings if f.turn == last}
            yield {
                b: round(
                    as_alone(
                        here.get(b, 0.0),
                        b,
                        scales=classifier.alone,
                        share_of_turns=classifier.share_of_turns(b),
                    ),
                    4,
                )
                for b in named
            }


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def best_f1(probabilities: Sequence[float], truth: Sequence[bool], weights: Sequence[float]) -> float | None:
    """The highest F1 over all thresholds."""
    values = [
        weighted_f1([p >= t for p in probabilities], truth, weights).f1
        for t in sorted(set(probabilities))[::5]
    ]
    return max((v for v in values if v is not None), default=None)


def measure(
    folder: Path, cards: Cards, classifier: TurnClassifier, *, most: int | None = None
) -> tuple[Result, ...]:
    """Every task whose file is there, one result per source."""
    results = []
    for task, behaviour in TASKS.items():
        file = folder / f"{task}.jsonl"
        if not file.is_file() or not classifier.judges(behaviour):
            continue
        rows = _rows(file)[:most]
        judged = [j[behaviour] for j in judge_rows(rows, cards, classifier)]
        for source in sorted({r["source"] for r in rows}):
            mine = [k for k, r in enumerate(rows) if r["source"] == source]
            p = [judged[k] for k in mine]
            y = [bool(rows[k]["label"]) for k in mine]
            w = [float(rows[k].get("w", 1.0)) for k in mine]
            counts = weighted_f1([v >= ALONE_THRESHOLD for v in p], y, w)
            results.append(Result(task, source, behaviour, len(mine), counts, best_f1(p, y, w)))
    return tuple(results)


def meeting_calls(meeting: Mapping[str, Any]) -> Iterator[tuple[Call, dict[int, bool]]]:
    """A meeting as two-person calls: one per ordered pair of speakers, with who was interrupted.

    In each call the first speaker is the customer (who may be interrupted), the second the agent. Yields the
    call and, per customer turn that is labelled, whether a person marked it interrupted.
    """
    for holder in meeting["speakers"]:
        for other in meeting["speakers"]:
            if other == holder:
                continue
            pair = [u for u in meeting["utterances"] if u["speaker"] in {holder, other}]
            turns = tuple(
                Turn("customer" if u["speaker"] == holder else "agent", u["start"], u["end"], u["text"])
                for u in pair
            )
            truth = {
                k: bool(u["interrupted"])
                for k, u in enumerate(pair)
                if u["speaker"] == holder and u.get("labelled", True)
            }
            if turns and truth:
                yield Call(f"{meeting['id']}:{holder}:{other}", turns, timing=Timing(source="turns")), truth


def meetings_f1(folder: Path, cards: Cards) -> float | None:
    """F1 of "this utterance was interrupted" over all meetings, from times and words; None without the file."""
    file = folder / "turns_overlap.jsonl"
    if not file.is_file():
        return None
    hits = false_alarms = misses = 0
    for meeting in _rows(file):
        interrupted: dict[tuple[str, float], bool] = {}
        truth: dict[tuple[str, float], bool] = {}
        for call, labels in meeting_calls(meeting):
            holder = call.call_id.split(":")[-2]
            for k, label in labels.items():
                truth[holder, call.turns[k].start] = label
            for k in interrupted_turns(call, cards):
                interrupted[holder, call.turns[k].start] = True
        for key, label in truth.items():
            said = interrupted.get(key, False)
            hits, false_alarms, misses = (
                hits + (said and label),
                false_alarms + (said and not label),
                misses + (label and not said),
            )
    return Counts(hits, false_alarms, misses).f1


def interrupted_turns(call: Call, cards: Cards, *, least: float = 0.5) -> frozenset[int]:
    """Customer turns that the agent interrupted."""
    reading = Reading(call, cards, tuple(TurnText.of(t.text) for t in call.turns), {}, {})
    found = interruption.detect(reading, cards["interruption"])
    return frozenset(int(dict(f.details)["interrupted_turn"]) for f in found if f.probability >= least)
