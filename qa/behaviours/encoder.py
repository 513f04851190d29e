"""The trained sentence encoder: how strongly each sentence of a turn carries each behaviour.

A BERT-shaped network (CTranslate2, int8) reads stretches of a call (see ``windows``); the vectors of a
sentence's tokens are averaged and meet one weight vector per behaviour. A turn carries a behaviour as strongly
as its strongest sentence, which is thereby known: it is the quote.

Conventions
-----------
- Strengths are logits of the network, not calibrated probabilities; the heads make those (``classifier``).
- Reads are cached by their tokens, since the calls of one centre repeat themselves.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.behaviours.windows import LAYOUT, Window, windows_of
from qa.behaviours.word_pieces import Said, WordPieces
from qa.errors import ModelError

Strengths = NDArray[np.float32]
_FILES = ("model.bin", "config.json", "tokenizer.json", "behaviours.json", "behaviours.npz")


NOTHING = -12.0
"""Logit of a sentence without a word."""


class BehaviourEncoder:
    """Reads turns in batches; see the module for what comes out.

    Raises
    ------
    ModelError
        The folder is missing or incomplete.
    """

    def __init__(self, folder: Path, *, threads: int = 0, cache_size: int = 50_000) -> None:
        import ctranslate2

        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise ModelError(
                f"behaviour encoder {folder} lacks {', '.join(missing)}; restore models/ from the project or "
                "run: make train-encoder"
            )
        told = json.loads((folder / "behaviours.json").read_text(encoding="utf-8"))
        self.behaviours: tuple[str, ...] = tuple(told["behaviours"])
        if told.get("layout") != LAYOUT:
            raise ModelError(
                f"behaviour encoder {folder} was trained on another layout of calls ({told.get('layout')}, here "
                f"{LAYOUT}); restore models/ from the project or run: make train-encoder"
            )
        with np.load(folder / "behaviours.npz", allow_pickle=False) as arrays:
            self._weights = np.asarray(arrays["weights"], dtype=np.float32)
            self._bias = np.asarray(arrays["bias"], dtype=np.float32)
        parallel = threads or 2
        self._network: Any = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="int8", inter_threads=parallel, intra_threads=1
        )
        self._pool = ThreadPoolExecutor(parallel)
        self._lock = Lock()
        self._pieces = WordPieces(folder / "tokenizer.json")
        self._cache: OrderedDict[Window, tuple[Strengths, ...]] = OrderedDict()
        self._cache_size = cache_size

    def __call__(self, calls: Sequence[Sequence[Said]]) -> list[tuple[Strengths, ...]]:
        """Per call and turn an array (sentences, behaviours) of logits; one row at least."""
        windows = [windows_of(pieces) for pieces in self._pieces(calls)]
        wanted = dict.fromkeys(window for call in windows for window in call)
        known = {window: read for window in wanted if (read := self._cache.get(window)) is not None}
        fresh = [window for window in wanted if window not in known]
        known.update(zip(fresh, self._pool.map(self._read, fresh), strict=True))
        with self._lock:
            self._cache.update(known)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return [tuple(turn for window in call for turn in known[window]) for call in windows]

    def _read(self, window: Window) -> tuple[Strengths, ...]:
        """One window by itself: what else is read at the time must not touch its figures."""
        result = self._network.forward_batch([list(window.ids)], token_type_ids=[list(window.types)])
        return self._strengths(np.asarray(result.last_hidden_state, dtype=np.float32)[0], window)

    def _strengths(self, hidden: NDArray[np.float32], window: Window) -> tuple[Strengths, ...]:
        """Mean vector per sentence times the weights, parted by turn."""
        where = np.asarray(window.sentence)
        judged = np.flatnonzero(where >= 0)
        begin, count = window.spans[-1]
        member = np.zeros((begin + count, len(judged)), dtype=np.float32)
        member[where[judged], np.arange(len(judged))] = 1.0
        size = member.sum(axis=1, keepdims=True)
        vectors = (member @ hidden[judged]) / np.maximum(size, 1.0)
        strengths = vectors @ self._weights.T + self._bias
        strengths[size[:, 0] == 0] = NOTHING
        return tuple(strengths[begin : begin + count] for begin, count in window.spans)


def of_turn(strengths: Strengths) -> Strengths:
    """A turn's logits from its sentences': log-sum-exp, as the network was trained."""
    top = strengths.max(axis=0)
    return np.asarray(top + np.log(np.exp(strengths - top).sum(axis=0)), dtype=np.float32)
