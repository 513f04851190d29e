"""Writes ``models/behaviours/README.md``: what the classifier is, how well it finds each behaviour, on what; and
``floors.json`` beside it, below which the tests let no behaviour fall.

    python -m tools.model_card            (with QA_SHARED set also the external benchmarks)

Figures come from the shipped files alone: ``card.json``, the labels' two readings, and the held-back calls judged
now.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qa.behaviours import Cards, TurnClassifier, load_cards, load_shipped_classifier
from qa.learn.benchmarks import measure, meetings_f1
from qa.learn.evaluate import by_error_rate, held_back_calls, report
from qa.learn.metrics import Row
from qa.learn.readings import Agreement, agreement
from qa.settings import Settings, load_settings

HEAD = """\
# The behaviour classifier

Finds in a turn of a service call which behaviours it carries, from its words and the turns around it. Made for
English service calls; on other talk it finds less (see the external benchmarks). It sees no sound.

**What it is.** A sentence encoder (`encoder/`: MiniLM-L6, Apache-2.0, fine-tuned on this project's labels, int8 in
CTranslate2's format) reads stretches of a call of about 190 word pieces with the words around them. Its readings of a
turn and of its neighbours, word and character TF-IDF, the cards' patterns and facts about the turns around are weighed
by one logistic regression per behaviour (`heads.skops`, read with a fixed allow-list). Each regression was fitted on
readings by encoders that had not seen the call (`readings.npz`), so its probabilities are calibrated; each call was
read once as it is and once with word errors.

**Trained on** the labels in `data/labels` and nothing else. The held-back calls were never trained on.

**Do not use it** to judge a person without somebody who listens to the evidence; that is what disputes are for.
"""


FEWEST, ROOM, ROOM_WHOLE = 8, 0.07, 0.02
"""With eight labels one turn more or less moves F1 by about 0.07; over all behaviours it moves by 0.002."""


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _agreement_cells(found: Agreement | None) -> tuple[str, str]:
    return ("–", "–") if found is None else (_number(found.f1), _number(found.kappa))


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def page(settings: Settings, cards: Cards, classifier: TurnClassifier, judged: Sequence[Row]) -> str:
    """The page; ``judged`` is the report on the held-back calls."""
    card: dict[str, Any] = json.loads(
        (settings.models / "behaviours" / "card.json").read_text(encoding="utf-8")
    )
    labels = settings.data / "labels"
    calls = held_back_calls(labels)
    readers = agreement(labels)
    rows: list[tuple[str, ...]] = []
    for row in judged:
        c = row.counts
        interval = "–" if row.low is None else f"{row.low:.2f}–{row.high:.2f}"
        figures = (f"{c.hit + c.miss:.0f}", _number(c.precision), _number(c.recall), _number(c.f1), interval)
        rows.append((f"`{row.name}`", *figures, *_agreement_cells(readers.get(row.name))))
    cv = card["cross_validation"]
    parts = [
        HEAD,
        f"Labelled turns: {card['labelled_turns']}, of them {card['in_whole_calls']} in whole calls. Labels "
        f"`{card['labels_sha256'][:12]}`, heads `{card['heads_sha256'][:12]}`, "
        f"encoder `{card['encoder_sha256'][:12]}`, scikit-learn {card['sklearn']}.\n",
        f"## {len(calls)} held-back calls\n",
        "Per turn, the whole path (classifier, timing, context), each behaviour at its threshold. 90 % by bootstrap "
        "over calls. The last two columns compare the two readers of the labels with each other; they followed the "
        "same rules and are of one kind, so their agreement is an upper bound.\n",
        _table(("behaviour", "labels", "precision", "recall", "F1", "90 %", "readers' F1", "kappa"), rows),
        f"By cross-validation over the training calls, heads alone: micro F1 {cv['micro_f1']:.2f} (precision "
        f"{cv['micro_precision']:.2f}, recall {cv['micro_recall']:.2f}).\n",
        "## Reliability\n",
        "Cross-validated, turns of whole calls: of the decisions with about this probability, so many were so.\n",
        _table(
            ("probability", "share that was so", "decisions"),
            [(f"{r['probability']:.2f}", f"{r['share']:.2f}", str(r["turns"])) for r in cv["reliability"]],
        ),
        "## Words heard wrong\n",
        _table(
            ("word error rate (simulated)", "micro F1"),
            [(f"{rate:.0%}", _number(c.f1)) for rate, c in by_error_rate(calls, cards, classifier)],
        ),
    ]
    shared = os.environ.get("QA_SHARED")
    if shared:
        folder = Path(shared) / "benchmarks"
        outside = [
            (
                r.task,
                r.source,
                str(r.rows),
                _number(r.counts.precision),
                _number(r.counts.recall),
                _number(r.counts.f1),
            )
            for r in measure(folder, cards, classifier)
        ]
        outside.append(("interrupted", "meetings", "–", "–", "–", _number(meetings_f1(folder, cards))))
        parts += [
            "## External benchmarks\n",
            "Human labels on texts that nobody on this project wrote; measured, never trained on.\n",
            _table(("task", "source", "rows", "precision", "recall", "F1"), outside),
        ]
    return "\n".join(parts)


def floors(rows: Sequence[Row]) -> dict[str, float]:
    """The F1 below which a behaviour has decayed: its figure now, less the room for a harmless change.

    Behaviours with fewer labels than ``FEWEST`` swing too far on a single turn and are held by the whole alone.
    """
    found = {}
    for row in rows:
        if row.counts.f1 is not None and (row.name == "all" or row.counts.hit + row.counts.miss >= FEWEST):
            room = ROOM_WHOLE if row.name == "all" else ROOM
            found[row.name] = round(max(0.0, row.counts.f1 - room), 3)
    return found


def main() -> None:
    settings = load_settings()
    folder = settings.models / "behaviours"
    cards = load_cards(settings.data / "behaviours")
    classifier = load_shipped_classifier(settings.models, cards)
    judged = report(held_back_calls(settings.data / "labels"), cards, classifier)
    (folder / "README.md").write_text(page(settings, cards, classifier, judged), encoding="utf-8")
    (folder / "floors.json").write_text(json.dumps(floors(judged), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
