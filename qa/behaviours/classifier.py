"""One classifier for every behaviour that is judged from words: encoder, word statistics, patterns, context.

For each behaviour a logistic regression weighs, for a turn and its neighbours: how strongly the encoder reads
each behaviour, how strongly word and character statistics (TF-IDF) suggest this one, the hits of the cards'
patterns, and the facts of ``features``. The regressions were fitted on readings by encoders that had not seen
the turn, so that their probabilities are calibrated for calls that nobody trained on.

Conventions
-----------
- Everything learned lies in one folder: ``encoder/`` (see ``encoder``), ``heads.skops`` (scikit-learn, loaded
  with a fixed allow-list), ``card.json`` (what it was trained on, figures, thresholds, hashes).
- Rows are turns; columns follow ``layout``. A behaviour of the other speaker has probability 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.behaviours.cards import Cards
from qa.behaviours.encoder import BehaviourEncoder, Strengths, of_turn
from qa.behaviours.engine import Judgement
from qa.behaviours.features import NAMES, turn_features
from qa.behaviours.phrase import pattern_hit
from qa.behaviours.reading import Hit, TurnText
from qa.behaviours.word_pieces import Said
from qa.errors import ModelError
from qa.values import Call, Speaker

Matrix = NDArray[np.float32]
BEFORE, AFTER = 2, 1
"""Turns before and after whose reading a head may weigh."""
UNIT = 0.25
"""Logits are scaled by this, so that all columns are of one size and the regressions converge quickly."""
CLIP = 10.0
"""Logits are cut here: beyond it a reading is sure, and more would only let one feature shout."""
LEANING = 1.0
"""The encoder was trained on texts of which far more carry something than turns of calls do."""
QUOTE_FROM = 0.05
DEFAULT_THRESHOLD = 0.5
FEWEST_FOR_RECALL = 10
"""Of fewer occurrences a share says nothing: its 90 % interval spans half the scale."""
DEFAULT_SHARE = 0.02
ALLOWED_TYPES = (
    "numpy.dtype",
    "sklearn.feature_extraction.text.TfidfVectorizer",
    "sklearn.linear_model._logistic.LogisticRegression",
)
"""What ``heads.skops`` may hold beside plain numbers and texts. Anything else is refused."""


@dataclass(frozen=True)
class Inputs:
    """What the heads see of many turns: one row each, before neighbours are laid beside it."""

    strengths: Matrix
    """(turns, behaviours) logits of the encoder, clipped."""
    hits: Matrix
    """(turns, cards) 1 where a pattern of the card hits."""
    facts: Matrix
    """(turns, len(NAMES))."""
    call: NDArray[np.int64]
    """(turns,) number of the call each turn belongs to."""


def said_of(call: Call, texts: Sequence[TurnText]) -> tuple[Said, ...]:
    """The call as the encoder reads it."""
    return tuple(
        Said(turn.speaker, turn.text, text.sentences) for turn, text in zip(call.turns, texts, strict=True)
    )


def pattern_hits(cards: Cards, text: TurnText, speaker: Speaker, names: Sequence[str]) -> dict[str, Hit]:
    """Which patterns of the cards named hit the turn; none for a card that is gone."""
    mine = (cards[name] for name in names if name in cards)
    hits = ((card.id, pattern_hit(card, text)) for card in mine if card.speaker == speaker)
    return {name: hit for name, hit in hits if hit is not None}


def beside(inputs: Inputs) -> Matrix:
    """Each row with the strengths of its neighbours within the call; 0 and a flag where there is none."""
    n, width = inputs.strengths.shape
    strengths = UNIT * inputs.strengths
    parts = [strengths, inputs.hits, inputs.facts]
    for step in [*range(-BEFORE, 0), *range(1, AFTER + 1)]:
        other = np.zeros((n, width + 1), dtype=np.float32)
        index = np.arange(n) + step
        inside = (index >= 0) & (index < n)
        inside[inside] &= inputs.call[index[inside]] == inputs.call[np.flatnonzero(inside)]
        other[inside, :width] = strengths[index[inside]]
        other[inside, width] = 1.0
        parts.append(other)
    return np.concatenate([*parts, *_so_far(inputs)], axis=1).astype(np.float32)


def _so_far(inputs: Inputs) -> tuple[Matrix, Matrix]:
    """How much of each behaviour the call has held before each turn, and that times how far this turn carries it.

    A third refusal or a second reproach reads otherwise than a first one. Amounts are sums of the encoder's own
    probabilities, as logarithms; its logits lean towards "there" (see ``LEANING``).
    """
    here = 1.0 / (1.0 + np.exp(LEANING - inputs.strengths))
    before = np.zeros_like(here)
    for call in np.unique(inputs.call):
        mine = np.flatnonzero(inputs.call == call)
        before[mine[1:]] = np.cumsum(here[mine[:-1]], axis=0)
    amount = np.log1p(before)
    return amount, here * amount


def layout(behaviours: Sequence[str], cards: Sequence[str]) -> list[str]:
    """Names of the columns of ``beside``."""
    names = [f"strength:{b}" for b in behaviours] + [f"pattern:{c}" for c in cards] + list(NAMES)
    for step in [*range(-BEFORE, 0), *range(1, AFTER + 1)]:
        names += [f"{step:+d}:{b}" for b in behaviours] + [f"{step:+d}:there"]
    return names + [f"so far:{b}" for b in behaviours] + [f"again:{b}" for b in behaviours]


class TurnClassifier:
    """Judges calls; see the module. Made by ``load_classifier``."""

    def __init__(
        self,
        encoder: BehaviourEncoder,
        heads: Mapping[str, Any],
        cards: Cards,
        thresholds: Mapping[str, float] | None = None,
        shares: Mapping[str, float] | None = None,
        sha256: str = "",
        alone: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        self._encoder = encoder
        self.alone = dict(alone or {})
        """Per behaviour slope and offset for texts without a call around them (``qa.learn.alone``)."""
        self._shares = dict(shares or {})
        self._sha256 = sha256
        self._thresholds = dict(thresholds or {})
        self._cards = cards
        self._columns: list[str] = heads["columns"]
        self._vectorizers: list[Any] = heads["vectorizers"]
        self._words_weights: Matrix = heads["words_weights"]
        self._words_bias: Matrix = heads["words_bias"]
        self._heads: dict[str, Any] = heads["heads"]
        self._patterned = [c.removeprefix("pattern:") for c in self._columns if c.startswith("pattern:")]
        if self._columns != [*layout(encoder.behaviours, self._patterned), "words"]:
            raise ModelError(
                "the trained heads do not fit the encoder; restore models/behaviours or run: qa train --labels-only"
            )

    @property
    def sha256(self) -> str:
        """Hash of heads and encoder."""
        return self._sha256

    @property
    def behaviours(self) -> tuple[str, ...]:
        return tuple(self._heads)

    def judges(self, behaviour: str) -> bool:
        """Whether this behaviour has a head; a card written since the training has patterns alone."""
        return behaviour in self._heads and behaviour in self._cards

    def threshold(self, behaviour: str) -> float:
        """The probability from which a finding counts as found: chosen for F1 by cross-validation over calls."""
        return self._thresholds.get(behaviour, DEFAULT_THRESHOLD)

    def share_of_turns(self, behaviour: str) -> float:
        """How often a turn of its speaker carries the behaviour in whole calls: the prior of the probabilities."""
        return self._shares.get(behaviour, DEFAULT_SHARE)

    def judge(self, calls: Sequence[Call], texts: Sequence[tuple[TurnText, ...]]) -> tuple[Judgement, ...]:
        """Probabilities and quotes of every call."""
        rows = [(c, i) for c, call in enumerate(calls) for i in range(len(call.turns))]
        if not rows:
            return tuple(Judgement(dict.fromkeys(self._heads, ()), {}) for _ in calls)
        said = [said_of(call, text) for call, text in zip(calls, texts, strict=True)]
        with ThreadPoolExecutor(1) as beside_it:
            # The network computes outside Python's lock; patterns and facts are worked out meanwhile.
            reading = beside_it.submit(self._encoder, said)
            known = known_of(calls, texts, rows, self._cards, self._patterned)
            read = [turn for call in reading.result() for turn in call]
        inputs = Inputs(
            strengths=np.clip(np.stack([of_turn(s) for s in read]), -CLIP, CLIP),
            hits=known.hits,
            facts=known.facts,
            call=np.asarray([c for c, _ in rows]),
        )
        probabilities = self._probabilities(inputs, [calls[c].turns[i].text for c, i in rows])
        return tuple(
            self._judgement(c, call, texts[c], inputs, probabilities, read, known.found)
            for c, call in enumerate(calls)
        )

    def _probabilities(self, inputs: Inputs, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        dense = beside(inputs)
        words = word_matrix(self._vectorizers, texts)
        found = {}
        hints = UNIT * np.clip(words @ self._words_weights.T + self._words_bias, -CLIP, CLIP)
        columns = np.empty((len(dense), dense.shape[1] + 1), dtype=np.float32)
        columns[:, :-1] = dense
        for behaviour, hint, head in zip(self._heads, hints.T, self._heads.values(), strict=True):
            columns[:, -1] = hint
            found[behaviour] = head.predict_proba(columns)[:, 1]
        return found

    def _judgement(
        self,
        number: int,
        call: Call,
        texts: Sequence[TurnText],
        inputs: Inputs,
        probabilities: Mapping[str, NDArray[np.float64]],
        read: Sequence[Strengths],
        hits: Sequence[Mapping[str, Hit]],
    ) -> Judgement:
        mine = np.flatnonzero(inputs.call == number)
        columns = {b: k for k, b in enumerate(self._encoder.behaviours)}
        rows: dict[str, tuple[float, ...]] = {}
        quotes: dict[tuple[str, int], tuple[int, int]] = {}
        for behaviour, values in probabilities.items():
            if behaviour not in self._cards:
                continue  # the firm has taken this card away
            speaker = self._cards[behaviour].speaker
            row = [float(values[r]) if call.turns[i].speaker == speaker else 0.0 for i, r in enumerate(mine)]
            rows[behaviour] = tuple(row)
            for i, p in enumerate(row):
                if p >= QUOTE_FROM and texts[i].sentences:
                    best = int(read[mine[i]][:, columns[behaviour]].argmax())
                    quotes[behaviour, i] = texts[i].sentences[min(best, len(texts[i].sentences) - 1)]
        return Judgement(
            rows, quotes, {(b, i): hit for i, r in enumerate(mine) for b, hit in hits[int(r)].items()}
        )


@dataclass(frozen=True)
class Known:
    """What is known of turns without the encoder: hits of patterns (per turn, and as columns), facts."""

    found: Sequence[Mapping[str, Hit]]
    hits: Matrix
    facts: Matrix


def known_of(
    calls: Sequence[Call],
    texts: Sequence[tuple[TurnText, ...]],
    rows: Sequence[tuple[int, int]],
    cards: Cards,
    patterned: Sequence[str],
) -> Known:
    """Patterns and facts of the given (call, turn) rows."""
    found = [pattern_hits(cards, texts[c][i], calls[c].turns[i].speaker, patterned) for c, i in rows]
    hits = [[float(name in row) for name in patterned] for row in found]
    facts = [turn_features(calls[c], i) for c, i in rows]
    return Known(found, np.asarray(hits, dtype=np.float32), np.asarray(facts, dtype=np.float32))


def word_matrix(vectorizers: Sequence[Any], texts: Sequence[str]) -> Any:
    """Word and character TF-IDF side by side (sparse)."""
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack([v.transform(texts) for v in vectorizers]))


def load_classifier(folder: Path, cards: Cards, *, threads: int = 0) -> TurnClassifier:
    """The trained classifier of ``folder``.

    Raises
    ------
    ModelError
        Missing, changed since its card was written, made by another scikit-learn, or holding types that are
        not on the list.
    """
    import sklearn
    from skops.io import get_untrusted_types, load

    card_file, heads_file = folder / "card.json", folder / "heads.skops"
    if not card_file.is_file() or not heads_file.is_file():
        raise ModelError(
            f"{folder} holds no trained classifier; restore it from the project or run: qa train --labels-only"
        )
    card = json.loads(card_file.read_text(encoding="utf-8"))
    if hashlib.sha256(heads_file.read_bytes()).hexdigest() != card["heads_sha256"]:
        raise ModelError(
            f"{heads_file} is not the file its card describes; restore it or run: qa train --labels-only"
        )
    made_by = ".".join(card["sklearn"].split(".")[:2])
    if made_by != ".".join(sklearn.__version__.split(".")[:2]):
        raise ModelError(
            f"{heads_file} was made by scikit-learn {card['sklearn']} and this is {sklearn.__version__}; "
            "install the pinned version (constraints.txt) or run: qa train --labels-only"
        )
    strange = [t for t in get_untrusted_types(file=heads_file) if t not in ALLOWED_TYPES]
    if strange:
        raise ModelError(
            f"{heads_file} holds types that are not allowed ({', '.join(strange[:3])}); do not use it"
        )
    heads = load(heads_file, trusted=list(ALLOWED_TYPES))
    return TurnClassifier(
        BehaviourEncoder(folder / "encoder", threads=threads),
        heads,
        cards,
        card.get("thresholds"),
        {b: row["share_of_turns"] for b, row in card["cross_validation"]["behaviours"].items()},
        hashlib.sha256(f"{card['heads_sha256']} {card['encoder_sha256']}".encode()).hexdigest(),
        {b: (float(slope), float(offset)) for b, (slope, offset) in card.get("alone", {}).items()},
    )


def load_shipped_classifier(models: Path, cards: Cards, *, threads: int = 0) -> TurnClassifier:
    """The classifier of the folder ``models`` (``Settings.models``)."""
    return load_classifier(models / "behaviours", cards, threads=threads)


def recall_of(models: Path) -> dict[str, float]:
    """Per behaviour the share of true occurrences that the classifier finds, by its card's cross-validation.

    Empty where no classifier is there; behaviours that occur too rarely in calls to tell are left out.
    """
    file = models / "behaviours" / "card.json"
    if not file.is_file():
        return {}
    rows = json.loads(file.read_text(encoding="utf-8")).get("cross_validation", {}).get("behaviours", {})
    return {
        b: float(row["recall"])
        for b, row in rows.items()
        if row.get("recall") is not None and row.get("positive_turns_in_calls", 0) >= FEWEST_FOR_RECALL
    }
