"""Fits the heads: word statistics and one logistic regression per behaviour, on readings nobody peeked into.

Conventions
-----------
- ``readings.npz`` holds, for every turn of every training example, the logits of an encoder that was trained
  without that example. So what the heads learn about the encoder holds for calls it has never seen.
- Word statistics enter the same way: their decision values come from a cross-fit over groups.
- Utterance files hold behaviours far more often than calls do; so rows of whole calls weigh more, and a last
  step refits each head's bias on whole calls alone.
- Everything is seeded and single-threaded: the same labels give the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.behaviours.cards import Cards
from qa.behaviours.classifier import CLIP, UNIT, Inputs, beside, known_of, layout, word_matrix
from qa.errors import ModelError
from qa.learn.rows import Example, bucket

FOLDS = 5
UTTERANCE_WEIGHT = 0.5
"""An utterance, or a turn of a badly heard copy, counts half a turn of a call: calls are what the heads are for."""
HEAD_STRENGTH = 0.1
"""Inverse regularisation of the heads; chosen by cross-validation over calls (see the card)."""
WORDS_PENALTY, WORDS_PASSES = 2e-5, 8
"""Regularisation and passes of the word models."""
FEWEST_POSITIVE = 8
"""A behaviour labelled less often gets no head: the phrase detector then has only patterns for it."""


@dataclass(frozen=True)
class Table:
    """All labelled turns of some examples, ready to be fitted or judged."""

    dense: NDArray[np.float32]
    texts: tuple[str, ...]
    groups: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: tuple[frozenset[str], ...]
    whole_call: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    """Utterances that were written by themselves: neither turns of calls nor examples of cards."""
    only: tuple[str | None, ...]


def table(examples: Sequence[Example], strengths: Mapping[str, NDArray[np.float32]], cards: Cards) -> Table:
    """The labelled turns with their columns.

    Parameters
    ----------
    strengths
        Per example key an array (turns, behaviours) of encoder logits.
    """
    rows = [(n, i) for n, e in enumerate(examples) for i in range(len(e.call.turns))]
    known = known_of([e.call for e in examples], [e.texts for e in examples], rows, cards, list(cards.by_id))
    gathered = Inputs(
        strengths=np.clip(np.concatenate([strengths[e.key] for e in examples]), -CLIP, CLIP),
        hits=known.hits,
        facts=known.facts,
        call=np.asarray([n for n, _ in rows]),
    )
    offsets = np.cumsum([0, *(len(e.call.turns) for e in examples)])
    keep = np.asarray([offsets[n] + i for n, e in enumerate(examples) for i in e.labelled])
    return Table(
        dense=beside(gathered)[keep],
        texts=tuple(e.call.turns[i].text for e in examples for i in e.labelled),
        groups=tuple(e.group for e in examples for _ in e.labelled),
        speakers=tuple(e.call.turns[i].speaker for e in examples for i in e.labelled),
        truth=tuple(names for e in examples for names in e.behaviours),
        whole_call=np.asarray([e.whole_call for e in examples for _ in e.labelled]),
        alone=np.asarray(
            [not e.whole_call and not e.copy and e.only is None for e in examples for _ in e.labelled]
        ),
        only=tuple(e.only for e in examples for _ in e.labelled),
    )


def stored_readings(
    file: Path, examples: Sequence[Example]
) -> tuple[tuple[str, ...], dict[str, NDArray[np.float32]], list[Example]]:
    """Behaviours, strengths per group, and the examples that have no stored reading (new labels)."""
    if not file.is_file():
        raise ModelError(f"{file} is missing: restore it from the project, or run: make train-encoder")
    with np.load(file, allow_pickle=False) as arrays:
        behaviours = tuple(str(b) for b in arrays["behaviours"])
        rows = {str(i): k for k, i in enumerate(arrays["ids"])}
        values = np.asarray(arrays["strengths"], dtype=np.float32)
    found: dict[str, NDArray[np.float32]] = {}
    fresh: list[Example] = []
    for e in examples:
        places = [rows.get(f"{e.key}:{i}") for i in range(len(e.call.turns))]
        if any(p is None for p in places):
            fresh.append(e)
        else:
            found[e.key] = values[[p for p in places if p is not None]]
    return behaviours, found, fresh


def vectorizers() -> list[Any]:
    """Unfitted TF-IDF over words and over characters within words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        lowercase=True,
        ngram_range=(1, 3),
        min_df=4,
        sublinear_tf=True,
        token_pattern=r"[\w']+|\?",  # noqa: S106  (what a word is)
    )
    characters = TfidfVectorizer(
        lowercase=True,
        analyzer="char_wb",
        ngram_range=(2, 5),
        min_df=8,
        sublinear_tf=True,
        max_features=25_000,
    )
    return [words, characters]


def _word_model() -> Any:
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(
        loss="log_loss", alpha=WORDS_PENALTY, max_iter=WORDS_PASSES, tol=None, average=True, random_state=0
    )


def new_head() -> Any:
    """An unfitted head."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=HEAD_STRENGTH, solver="lbfgs", max_iter=400)


def rows_of(t: Table, behaviour: str, cards: Cards) -> NDArray[np.int64]:
    """Rows on which a behaviour can be judged: those of its speaker whose labels speak of it."""
    speaker = cards[behaviour].speaker
    return np.asarray(
        [
            k
            for k, (who, only) in enumerate(zip(t.speakers, t.only, strict=True))
            if who == speaker and only in (None, behaviour)
        ]
    )


def labels_of(t: Table, behaviour: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray([int(behaviour in t.truth[r]) for r in rows])


def cross_fitted_words(t: Table, behaviour: str, cards: Cards, words: Any) -> NDArray[np.float64]:
    """Decision values of the word model, each from a fit without the row's group (rows of the speaker)."""
    rows = rows_of(t, behaviour, cards)
    y = labels_of(t, behaviour, rows)
    fold = np.asarray([bucket(f"words {t.groups[r]}", FOLDS) for r in rows])
    out = np.zeros(len(rows))
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        if y[train].sum() < 2 or not test.any():
            continue
        model = _word_model().fit(words[rows[train]], y[train])
        out[test] = model.decision_function(words[rows[test]])
    return np.clip(out, -CLIP, CLIP)


def weights_of(t: Table, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(t.whole_call[rows], 1.0, UTTERANCE_WEIGHT)


def fit_bias(head: Any, columns: NDArray[Any], y: NDArray[np.int64]) -> None:
    """Moves the head's bias so that its mean probability on whole calls equals the share that carries it."""
    scores = head.decision_function(columns)
    target = (y.sum() + 0.5) / (len(y) + 1.0)
    low, high = -8.0, 8.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = float(np.mean(1 / (1 + np.exp(-(scores + middle)))))
        low, high = (middle, high) if mean < target else (low, middle)
    head.intercept_ = head.intercept_ + (low + high) / 2


@dataclass(frozen=True)
class Fitted:
    """The heads as they are stored, and what each was fitted on."""

    content: dict[str, Any]
    counts: Mapping[str, int]


def fit(t: Table, behaviours: Sequence[str], cards: Cards) -> Fitted:
    """Heads for every behaviour labelled often enough."""
    fitted = [v.fit(t.texts) for v in vectorizers()]
    words = word_matrix(fitted, t.texts)
    weights: list[NDArray[np.float32]] = []
    biases: list[float] = []
    heads: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for behaviour in behaviours:
        if behaviour not in cards:
            continue
        rows = rows_of(t, behaviour, cards)
        y = labels_of(t, behaviour, rows)
        counts[behaviour] = int(y.sum())
        if y.sum() < FEWEST_POSITIVE:
            continue
        hint = cross_fitted_words(t, behaviour, cards, words)
        columns = np.column_stack([t.dense[rows], UNIT * hint]).astype(np.float32)
        head = new_head().fit(columns, y, sample_weight=weights_of(t, rows))
        calls = t.whole_call[rows]
        if y[calls].sum() >= FEWEST_POSITIVE:
            fit_bias(head, columns[calls], y[calls])
        heads[behaviour] = head
        model = _word_model().fit(words[rows], y)
        weights.append(model.coef_[0].astype(np.float32))
        biases.append(float(model.intercept_[0]))
    content = {
        "columns": [*layout(list(behaviours), list(cards.by_id)), "words"],
        "vectorizers": fitted,
        "words_weights": np.stack(weights),
        "words_bias": np.asarray(biases, dtype=np.float32),
        "heads": heads,
    }
    return Fitted(content, counts)
