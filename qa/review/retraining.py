"""The classifier trained anew with what people decided, and put in force only where it is not worse.

Conventions
-----------
- Each decision is one example that speaks of one behaviour alone: what a person said about a turn's apology says
  nothing about the rest of the turn.
- The base is the project's own labels and the shipped encoder. The held-back calls judge both models, the one in
  force and the new one, and are never trained on.
- What is kept is a whole folder in ``QA_HOME/models`` (see `qa.learn.versions`); a model that may not replace the one
  in force is not kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from qa.behaviours import Cards, load_cards, load_classifier
from qa.errors import InputError
from qa.learn.evaluate import counts_of, held_back_calls
from qa.learn.promotion import Promotion, may_replace
from qa.learn.rows import Example, of_decision
from qa.learn.train import train
from qa.learn.versions import keep_version, models_in_use, use_version
from qa.review.learning import LearningRow, learning_rows
from qa.settings import Settings
from qa.store.audit import record
from qa.store.engine import Store
from qa.values import Principal

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of it: how many decisions were learned from, the comparison, the version where it was put in force."""

    decisions: int
    promotion: Promotion
    version: str | None


def retrain(store: Store, principal: Principal, settings: Settings, *, say: Report = print) -> Retrained:
    """Learn from every decided review and dispute, compare on the held-back calls, and replace or not.

    Takes minutes. The change is written to the audit log either way.

    Raises
    ------
    NotAllowed
        Only leads and admins may.
    InputError
        Nobody has decided about a finding yet.
    ModelError
        The shipped model or its readings are missing or damaged.
    """
    examples = decided_examples(learning_rows(store, principal))
    if not examples:
        raise InputError(
            "there is nothing to learn from yet: no review or decided dispute speaks of a finding; "
            "the classifier stays as it is"
        )
    say(f"{len(examples)} decisions about findings")
    cards = load_cards(settings.data / "behaviours")
    with TemporaryDirectory(prefix="qa-train-") as scratch:
        new = Path(scratch) / "behaviours"
        shipped = settings.models / "behaviours"
        shutil.copytree(shipped / "encoder", new / "encoder")
        train(settings.data / "labels", shipped, cards, out=new, more=examples, say=say)
        promotion = compare_models(settings, cards, models_in_use(settings) / "behaviours", new)
        version = keep_version(settings, new) if promotion.allowed else None
    if version is not None:
        use_version(settings, version)
    told = {
        "decisions": len(examples),
        "in_force": version,
        "against": [asdict(row) for row in promotion.against],
    }
    record(store, principal, "train", object="model", object_id=version or "not replaced", after=told)
    return Retrained(len(examples), promotion, version)


def decided_examples(rows: Sequence[LearningRow]) -> tuple[Example, ...]:
    """One example for each behaviour that people judged in a turn."""
    return tuple(
        of_decision(
            f"decided:{row.call_id}:{row.turn}:{behaviour}",
            row.said,
            behaviour=behaviour,
            present=behaviour in row.behaviours,
        )
        for row in rows
        for behaviour in row.judged
    )


def compare_models(settings: Settings, cards: Cards, old: Path, new: Path) -> Promotion:
    """Both models on the held-back calls, paired.

    Raises
    ------
    InputError
        There are no held-back calls: nothing can be compared.
    """
    labels = settings.data / "labels"
    calls = held_back_calls(labels)
    if not calls:
        raise InputError(
            f"{labels / 'held_back.txt'} names no labelled call; without them no model is replaced"
        )
    was, now = (
        counts_of(calls, cards, load_classifier(folder, cards, threads=settings.cpu_threads))
        for folder in (old, new)
    )
    return may_replace(was, now)
