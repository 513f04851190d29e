"""`qa train`: from labels and stored readings to the heads and the model card, the same figures each time.

Conventions
-----------
- What is judged is never trained on: held-back calls are left out of everything; thresholds and reliability
  come from a cross-validation over groups.
- New labels (decided disputes, reviews) have no stored reading; the shipped encoder, which never saw them,
  reads them then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.behaviours.cards import Cards
from qa.behaviours.classifier import CLIP, UNIT, said_of, word_matrix
from qa.behaviours.encoder import BehaviourEncoder, of_turn
from qa.errors import ModelError
from qa.learn.alone import ALONE_SHARE, logit
from qa.learn.heads import (
    FEWEST_POSITIVE,
    FOLDS,
    HEAD_STRENGTH,
    UTTERANCE_WEIGHT,
    WORDS_PENALTY,
    Table,
    cross_fitted_words,
    fit,
    fit_bias,
    labels_of,
    new_head,
    rows_of,
    stored_readings,
    table,
    vectorizers,
    weights_of,
)
from qa.learn.metrics import reliability
from qa.learn.rows import Example, bucket, heard_badly_too, load_labels, of_card_examples
from qa.learn.stored_heads import write_heads

Report = Callable[[str], None]
FEWEST_ALONE = 40
"""Of fewer utterances with, or without, a behaviour no scale for texts alone is fitted."""
PRIOR_THRESHOLD, PRIOR_WEIGHT = 0.4, 12.0
"""A threshold found on few positives is drawn towards this, as if so many had spoken for it."""


@dataclass(frozen=True)
class CrossValidated:
    """Probabilities of every training row from heads that had not seen its group, per behaviour."""

    rows: dict[str, NDArray[np.int64]]
    probabilities: dict[str, NDArray[np.float64]]
    truth: dict[str, NDArray[np.int64]]


def read_fresh(encoder: BehaviourEncoder, examples: Sequence[Example]) -> dict[str, NDArray[np.float32]]:
    """Encoder logits for examples without a stored reading."""
    read = encoder([said_of(e.call, e.texts) for e in examples])
    return {
        e.key: np.stack([of_turn(turn) for turn in turns]) for e, turns in zip(examples, read, strict=True)
    }


def cross_validate(t: Table, behaviours: Sequence[str], cards: Cards) -> CrossValidated:
    """Every row judged by heads fitted without its group."""
    words = word_matrix([v.fit(t.texts) for v in vectorizers()], t.texts)
    fold_of = np.asarray([bucket(f"heads {g}", FOLDS) for g in t.groups])
    found = CrossValidated({}, {}, {})
    for behaviour in behaviours:
        if behaviour not in cards:
            continue
        rows = rows_of(t, behaviour, cards)
        y = labels_of(t, behaviour, rows)
        if y.sum() < FEWEST_POSITIVE:
            continue
        columns = np.column_stack([t.dense[rows], UNIT * cross_fitted_words(t, behaviour, cards, words)])
        fold, calls = fold_of[rows], t.whole_call[rows]
        p = np.zeros(len(rows))
        for k in range(FOLDS):
            train, test = fold != k, fold == k
            if y[train].sum() < 2 or not test.any():
                continue
            head = new_head().fit(
                columns[train].astype(np.float32), y[train], sample_weight=weights_of(t, rows)[train]
            )
            if y[train & calls].sum() >= FEWEST_POSITIVE:
                fit_bias(head, columns[train & calls].astype(np.float32), y[train & calls])
            p[test] = head.predict_proba(columns[test].astype(np.float32))[:, 1]
        found.rows[behaviour], found.probabilities[behaviour], found.truth[behaviour] = rows, p, y
    return found


def best_threshold(p: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """The threshold with the highest F1, drawn towards the usual one where positives are few."""
    if y.sum() == 0:
        return PRIOR_THRESHOLD
    grid = np.linspace(0.15, 0.7, 56)
    f1 = [2 * (y[p >= t].sum()) / max(1.0, (p >= t).sum() + y.sum()) for t in grid]
    # The middle of the plateau: the best value alone hangs on single rows.
    top = grid[np.asarray(f1) >= max(f1) - 0.01]
    weight = y.sum() / (y.sum() + PRIOR_WEIGHT)
    return round(float(weight * np.median(top) + (1 - weight) * PRIOR_THRESHOLD), 3)


def alone_scale(p: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[float, float] | None:
    """Slope and offset that turn a logit for a turn of a call into one for a text handed in alone.

    Fitted (Platt) on the cross-validated probabilities of utterances, weighed as if ``ALONE_SHARE`` of them carried
    the behaviour. None where too few do to tell, or where the probabilities say nothing about them.
    """
    from sklearn.linear_model import LogisticRegression

    if min(y.sum(), len(y) - y.sum()) < FEWEST_ALONE:
        return None
    weights = np.where(y == 1, ALONE_SHARE / y.mean(), (1 - ALONE_SHARE) / (1 - y.mean()))
    fitted = LogisticRegression(C=100.0).fit(logit(p)[:, None], y, sample_weight=weights)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return (round(slope, 4), round(offset, 4)) if slope > 0 else None


def _alone_scales(cv: CrossValidated, t: Table) -> dict[str, tuple[float, float]]:
    found = {
        b: alone_scale(cv.probabilities[b][t.alone[rows]], cv.truth[b][t.alone[rows]])
        for b, rows in cv.rows.items()
    }
    return {b: scale for b, scale in found.items() if scale is not None}


def _summary(cv: CrossValidated, t: Table, thresholds: dict[str, float]) -> dict[str, Any]:
    """Cross-validated figures on whole calls, per behaviour and together, with reliability."""
    per: dict[str, Any] = {}
    hits = found = so = 0
    all_p: list[float] = []
    all_y: list[bool] = []
    for behaviour, rows in cv.rows.items():
        calls = t.whole_call[rows]
        p, y = cv.probabilities[behaviour][calls], cv.truth[behaviour][calls]
        said = p >= thresholds[behaviour]
        hit = int((said & (y == 1)).sum())
        per[behaviour] = {
            "positive_turns_in_calls": int(y.sum()),
            "share_of_turns": round((int(y.sum()) + 0.5) / (len(y) + 1), 5),
            "precision": round(hit / said.sum(), 3) if said.sum() else None,
            "recall": round(hit / y.sum(), 3) if y.sum() else None,
            "f1": round(2 * hit / (said.sum() + y.sum()), 3) if said.sum() + y.sum() else None,
            "threshold": thresholds[behaviour],
        }
        hits, found, so = hits + hit, found + int(said.sum()), so + int(y.sum())
        all_p += [float(v) for v in p]
        all_y += [bool(v) for v in y]
    return {
        "micro_f1": round(2 * hits / max(1, found + so), 4),
        "micro_precision": round(hits / max(1, found), 4),
        "micro_recall": round(hits / max(1, so), 4),
        "reliability": [
            {"probability": round(a, 3), "share": round(b, 3), "turns": n}
            for a, b, n in reliability(all_p, all_y)
        ],
        "behaviours": per,
    }


def labels_sha256(folder: Path) -> str:
    """Hash over all label files: what the model was trained on."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.txt")):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def train(
    labels: Path,
    model: Path,
    cards: Cards,
    *,
    out: Path | None = None,
    more: Sequence[Example] = (),
    say: Report = print,
) -> dict[str, Any]:
    """Fits the heads and writes ``heads.skops`` and ``card.json`` into ``out`` (default: ``model``).

    ``more`` are examples beside the labels, such as what a firm's people decided. Returns the card.
    """
    from threadpoolctl import threadpool_limits

    # One thread: the same sums in the same order, and no cores fighting over small products.
    with threadpool_limits(limits=1):
        return _train(labels, model, cards, out or model, more, say)


def _train(
    labels: Path, model: Path, cards: Cards, out: Path, more: Sequence[Example], say: Report
) -> dict[str, Any]:
    import sklearn

    everything = load_labels(labels)
    examples = [*everything.training, *heard_badly_too(everything.training), *of_card_examples(cards), *more]
    behaviours, strengths, fresh = stored_readings(model / "readings.npz", examples)
    encoder = BehaviourEncoder(model / "encoder")
    if encoder.behaviours != behaviours:
        raise ModelError(f"{model}: readings and encoder name different behaviours; run: make train-encoder")
    if fresh:
        say(f"reading {len(fresh)} examples that are new since the encoder was trained")
        strengths |= read_fresh(encoder, fresh)
    t = table(examples, strengths, cards)
    say(f"{len(t.texts)} labelled turns, {sum(t.whole_call)} of them in whole calls")
    cv = cross_validate(t, behaviours, cards)
    thresholds = {
        b: best_threshold(cv.probabilities[b][t.whole_call[rows]], cv.truth[b][t.whole_call[rows]])
        for b, rows in cv.rows.items()
    }
    summary = _summary(cv, t, thresholds)
    say(f"cross-validated over calls: micro F1 {summary['micro_f1']}")
    fitted = fit(t, behaviours, cards)
    out.mkdir(parents=True, exist_ok=True)
    write_heads(fitted.content, out / "heads.skops")
    card = {
        "what": "one logistic regression per behaviour over encoder, word statistics, patterns and context",
        "labels_sha256": labels_sha256(labels),
        "encoder_sha256": hashlib.sha256((model / "encoder" / "model.bin").read_bytes()).hexdigest(),
        "heads_sha256": hashlib.sha256((out / "heads.skops").read_bytes()).hexdigest(),
        "sklearn": sklearn.__version__,
        "labelled_turns": len(t.texts),
        "decisions_of_people": len(more),
        "in_whole_calls": int(t.whole_call.sum()),
        "examples_per_behaviour": dict(fitted.counts),
        "settings": {
            "head_strength": HEAD_STRENGTH,
            "words_penalty": WORDS_PENALTY,
            "utterance_weight": UTTERANCE_WEIGHT,
            "clip": CLIP,
        },
        "thresholds": thresholds,
        "alone": _alone_scales(cv, t),
        "cross_validation": summary,
    }
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card
