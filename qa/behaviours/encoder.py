"""The trained sentence encoder: how strongly each sentence of a turn carries each behaviour.

A BERT-shaped network (CTranslate2, int8) reads the turn with the end of what was said before; the vectors of a
sentence's tokens are averaged and meet one weight vector per behaviour. A turn carries a behaviour as strongly
as its strongest sentence, which is thereby known: it is the quote.

Conventions
-----------
- Strengths are logits of the network, not calibrated probabilities; the heads make those (``classifier``).
- Input: ``[CLS] A: turn [SEP] C: before A: before [SEP]`` in word pieces, token types 0 and 1.
- Reads are cached by their tokens, since the calls of one centre repeat themselves.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import ModelError
from qa.values import Speaker

Strengths = NDArray[np.float32]
TURN_TOKENS = 110
"""A longer turn is cut: five in a thousand turns of the labelled calls are."""
_CLS, _SEP = 101, 102
_FILES = ("model.bin", "config.json", "tokenizer.json", "behaviours.json", "behaviours.npz")


@dataclass(frozen=True, slots=True)
class Said:
    """One turn to be read: who says it, its text and sentences, and what was said before (oldest first)."""

    speaker: Speaker
    text: str
    sentences: tuple[tuple[int, int], ...]
    before: tuple[tuple[Speaker, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Tokens:
    ids: tuple[int, ...]
    types: tuple[int, ...]
    sentence: tuple[int, ...]
    """Per token the sentence it belongs to; -1 for what is not the turn."""


BATCH = 8
"""Rows at once: a quarter faster on a CPU than 16 or 32, whose sums no longer fit the core's cache."""


class BehaviourEncoder:
    """Reads turns in batches; see the module for what comes out.

    Raises
    ------
    ModelError
        The folder is missing or incomplete.
    """

    def __init__(self, folder: Path, *, threads: int = 0, cache_size: int = 50_000) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise ModelError(
                f"behaviour encoder {folder} lacks {', '.join(missing)}; restore models/ from the project or "
                "run: make train-encoder"
            )
        told = json.loads((folder / "behaviours.json").read_text(encoding="utf-8"))
        self.behaviours: tuple[str, ...] = tuple(told["behaviours"])
        self._context_tokens: int = told["context_tokens"]
        self.context_turns: int = told["context_turns"]
        with np.load(folder / "behaviours.npz", allow_pickle=False) as arrays:
            self._weights = np.asarray(arrays["weights"], dtype=np.float32)
            self._bias = np.asarray(arrays["bias"], dtype=np.float32)
        parallel = threads or 2
        self._network: Any = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="int8", inter_threads=parallel, intra_threads=1
        )
        self._parallel = parallel
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._prefix = {who: self._plain(f"{who[0].upper()}:") for who in ("agent", "customer")}
        self._cache: OrderedDict[_Tokens, Strengths] = OrderedDict()
        self._cache_size = cache_size

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _tokens(self, said: Sequence[Said]) -> list[_Tokens]:
        """Word pieces of every turn, each text encoded once."""
        texts = list(dict.fromkeys([s.text for s in said] + [t for s in said for _, t in s.before]))
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        pieces = dict(zip(texts, encoded, strict=True))
        return [self._layout(s, pieces) for s in said]

    def _layout(self, said: Said, pieces: dict[str, Any]) -> _Tokens:
        own = pieces[said.text]
        starts = [begin for begin, _ in said.sentences] or [0]
        sentence = [int(np.searchsorted(starts, begin, side="right")) - 1 for begin, _ in own.offsets]
        prefix = self._prefix[said.speaker]
        ids = [_CLS, *prefix, *own.ids[:TURN_TOKENS], _SEP]
        where = [-1] * (1 + len(prefix)) + [max(0, k) for k in sentence[:TURN_TOKENS]] + [-1]
        before: list[int] = []
        for who, text in said.before:
            before += [*self._prefix[who], *pieces[text].ids]
        context = [*before[-self._context_tokens :], _SEP] if self._context_tokens else []
        types = [0] * len(ids) + [1] * len(context)
        return _Tokens(tuple(ids + context), tuple(types), tuple(where + [-1] * len(context)))

    def __call__(self, said: Sequence[Said]) -> list[Strengths]:
        """Per turn an array (sentences, behaviours) of logits; one row at least."""
        tokens = self._tokens(said)
        fresh = [t for t in dict.fromkeys(tokens) if t not in self._cache]
        for row, strengths in zip(fresh, self._read(fresh), strict=True):
            self._cache[row] = strengths
        out = [self._cache[t] for t in tokens]
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return out

    def _read(self, rows: list[_Tokens], batch: int = BATCH) -> list[Strengths]:
        """Runs the network over batches of like length, several at a time."""
        from concurrent.futures import ThreadPoolExecutor

        order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
        parts = [order[i : i + batch] for i in range(0, len(order), batch)]
        out: list[Strengths] = [np.empty((0, 0), dtype=np.float32)] * len(rows)

        def run(part: list[int]) -> None:
            result = self._network.forward_batch(
                [list(rows[i].ids) for i in part], token_type_ids=[list(rows[i].types) for i in part]
            )
            hidden = np.asarray(result.last_hidden_state, dtype=np.float32)
            for k, i in enumerate(part):
                out[i] = self._strengths(hidden[k], rows[i])

        with ThreadPoolExecutor(self._parallel) as pool:
            list(pool.map(run, parts))
        return out

    def _strengths(self, hidden: NDArray[np.float32], row: _Tokens) -> Strengths:
        """Mean vector per sentence times the weights."""
        where = np.asarray(row.sentence)
        count = max(1, int(where.max(initial=-1)) + 1)
        vectors = np.zeros((count, hidden.shape[1]), dtype=np.float32)
        for k in range(count):
            mine = np.flatnonzero(where == k)
            if len(mine):
                vectors[k] = hidden[mine].mean(axis=0)
        strengths = vectors @ self._weights.T + self._bias
        empty = [k for k in range(count) if not (where == k).any()]
        strengths[empty] = -12.0
        return np.asarray(strengths, dtype=np.float32)


def of_turn(strengths: Strengths) -> Strengths:
    """A turn's logits from its sentences': log-sum-exp, as the network was trained."""
    top = strengths.max(axis=0)
    return np.asarray(top + np.log(np.exp(strengths - top).sum(axis=0)), dtype=np.float32)
