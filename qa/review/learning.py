"""What people decided, as label rows that the classifier is trained on.

Conventions: a row is a turn with the two turns before it and every behaviour that the turn carries once people
have spoken, in the form of ``data/labels/utterances``. Only what a person judged becomes a row: a turn's other
behaviours are those that count in its score, so that a correction of one does not deny the rest. Calls whose
content was erased give none. These calls are never the held-back ones, which are the project's own texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qa.store import load_call
from qa.store.audit import record
from qa.store.engine import Store
from qa.store.erasure import is_erased
from qa.store.reviews import LabelRow, list_labels
from qa.store.scope import require
from qa.values import Call, Detections, Principal, Speaker

CONTEXT_TURNS = 2
COUNTS = 0.5
_LETTER = {"agent": "A", "customer": "C"}


@dataclass(frozen=True, slots=True)
class LearningRow:
    """One turn as a person judged it; ``judged`` are the behaviours that people spoke about."""

    call_id: str
    turn: int
    speaker: Speaker
    context: str
    text: str
    behaviours: tuple[str, ...]
    judged: tuple[str, ...]

    @property
    def said(self) -> tuple[tuple[Speaker, str], ...]:
        """Who said what: the turns before, then the turn itself."""
        before = [part for part in self.context.split(" // ") if part]
        turns: list[tuple[Speaker, str]] = [
            ("agent" if part.startswith("A:") else "customer", part[2:].strip()) for part in before
        ]
        return (*turns, (self.speaker, self.text))

    def line(self) -> str:
        """The row in the form of ``data/labels/utterances``: labels, context, text."""
        return f"{' '.join(self.behaviours) or '-'} || {self.context} || {self.text}"


def learning_rows(store: Store, principal: Principal) -> tuple[LearningRow, ...]:
    """Every judged turn, by call and turn.

    Raises
    ------
    NotAllowed
        Only leads and admins: the rows hold what was said in calls of everybody.
    """
    require(principal, "admin", "lead")
    by_call: dict[str, list[LabelRow]] = defaultdict(list)
    for label in list_labels(store, principal, limit=1_000_000):
        if label.turn is not None:
            by_call[label.call_id].append(label)
    rows: list[LearningRow] = []
    for call_id, labels in sorted(by_call.items()):
        if is_erased(store, call_id):
            continue
        stored = load_call(store, principal, call_id)
        rows += rows_of(stored.call, stored.detections, labels)
    return tuple(rows)


def rows_of(call: Call, detections: Detections, labels: Iterable[LabelRow]) -> list[LearningRow]:
    """The judged turns of one call."""
    said: dict[int, dict[str, bool]] = defaultdict(dict)
    for label in labels:
        if label.turn is not None and 0 <= label.turn < len(call.turns):
            said[label.turn][label.behaviour] = label.present
    rows = []
    for turn, judged in sorted(said.items()):
        carries = {f.behaviour for f in detections.findings if f.turn == turn and f.probability >= COUNTS}
        carries = {b for b in carries if judged.get(b, True)} | {b for b, there in judged.items() if there}
        speaker = call.turns[turn].speaker
        own = sorted(b for b in carries if b.startswith("customer_") == (speaker == "customer"))
        before = call.turns[max(0, turn - CONTEXT_TURNS) : turn]
        rows.append(
            LearningRow(
                call_id=call.call_id,
                turn=turn,
                speaker=speaker,
                context=" // ".join(f"{_LETTER[t.speaker]}: {_plain(t.text)}" for t in before),
                text=_plain(call.turns[turn].text),
                behaviours=tuple(own),
                judged=tuple(sorted(judged)),
            )
        )
    return rows


def export_labels(store: Store, principal: Principal, folder: Path) -> dict[str, int]:
    """Write the rows into ``<folder>/utterances/<behaviour>.txt``, a turn under each behaviour judged in it.

    Raises
    ------
    NotAllowed
        Only leads and admins may.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for row in learning_rows(store, principal):
        for behaviour in row.judged:
            files[behaviour].append(row.line())
    there = folder / "utterances"
    there.mkdir(parents=True, exist_ok=True)
    for behaviour, lines in files.items():
        text = "\n".join(dict.fromkeys(lines)) + "\n"
        (there / f"{behaviour}.txt").write_text(text, encoding="utf-8")
    counts = {behaviour: len(set(lines)) for behaviour, lines in sorted(files.items())}
    record(store, principal, "export labels", object="labels", object_id="*", after=counts)
    return counts


def _plain(text: str) -> str:
    """One line without the signs that part a row."""
    return " ".join(text.replace("||", " ").replace("//", " ").split())
