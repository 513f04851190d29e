"""Words on the way to the detectors: sentences, normal form, embeddings.

Conventions
-----------
- ``normalise`` keeps every character's place, so that an offset into the normal form is one into the text.
- A sentence is a ``(start, end)`` pair of character offsets. Text without punctuation (as recognisers print
  it) is cut at discourse markers, since a detector judges, and a reader checks, one thought at a time.
- spaCy is used blank: its tokeniser needs no model. Embeddings are float32 rows of unit length.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import spacy
from spacy.language import Language

from qa.errors import ModelError

Vectors = npt.NDArray[np.float32]

_SAME_LENGTH = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "}
)
_SENTENCE_END = re.compile(r"[.?!…]+[\"')\]]*(?=\s|$)|\n+|\s--?(?=\s)")
_ABBREVIATION = re.compile(r"\b(?:mr|mrs|ms|dr|st|no|etc|vs|ext|a\.m|p\.m|e\.g|i\.e|[a-z])\.$")
# Where an unpunctuated run may be cut: a new clause usually begins at one of these.
_MARKER = re.compile(
    r"\s(?=(?:so|but|and|because|cause|okay|ok|right|now|well|anyway|then|if|um|uh|erm)\s+\w+\s+\w+\s+\w+)"
)
LONG_RUN_WORDS = 22
"""A run of more words without punctuation is cut at markers; 22 is about the longest clause people say."""
SHORT_PIECE_WORDS = 6
"""No piece gets shorter than this when a run is cut."""


@cache
def pipeline() -> Language:
    """The blank English pipeline: a tokeniser, no model to download."""
    return spacy.blank("en")


def normalise(text: str) -> str:
    """Lower case with plain quotes and dashes; the same length as ``text``, character by character."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters have no lower case of one character
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_SAME_LENGTH)


def _cut_run(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A long run without punctuation, cut at markers into pieces of at least a few words."""
    if len(text[start:end].split()) <= LONG_RUN_WORDS:
        return [(start, end)]
    pieces: list[tuple[int, int]] = []
    begin = start
    for match in _MARKER.finditer(text, start, end):
        long_enough = len(text[begin : match.start()].split()) >= SHORT_PIECE_WORDS
        if long_enough and len(text[match.start() : end].split()) >= SHORT_PIECE_WORDS:
            pieces.append((begin, match.start()))
            begin = match.end()
    return [*pieces, (begin, end)]


def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Character spans of the sentences, without the blanks around them; none for blank text."""
    plain = normalise(text)
    bounds: list[tuple[int, int]] = []
    begin = 0
    for match in _SENTENCE_END.finditer(plain):
        head = plain[begin : match.end()].rstrip("\"')]")
        if match.group().startswith(".") and match.group().count(".") == 1 and _ABBREVIATION.search(head):
            continue
        bounds.append((begin, match.end()))
        begin = match.end()
    bounds.append((begin, len(text)))
    spans: list[tuple[int, int]] = []
    for start, end in bounds:
        body = text[start:end]
        left = start + len(body) - len(body.lstrip())
        right = start + len(body.rstrip())
        if right > left:
            spans.extend(_cut_run(plain, left, right))
    return tuple(spans)


@lru_cache(maxsize=20_000)
def words_of(text: str) -> tuple[str, ...]:
    """Lower-case word forms of the text in order, punctuation left out."""
    return tuple(t.lower_ for t in pipeline()(normalise(text)) if any(c.isalnum() for c in t.text))


class Embedder(Protocol):
    """Turns texts into unit rows of ``width`` float32 values."""

    width: int

    def __call__(self, texts: Sequence[str]) -> Vectors: ...


class SentenceEncoder:
    """A BERT-shaped encoder in CTranslate2's format with mean pooling, cached by text.

    Parameters
    ----------
    folder
        Holds ``model.bin``, ``config.json`` and ``tokenizer.json``.
    cache_size
        How many texts are remembered; calls of one centre repeat themselves a good deal.

    Raises
    ------
    ModelError
        The folder is missing or incomplete.
    """

    MAX_TOKENS = 128

    def __init__(self, folder: Path, *, threads: int = 0, cache_size: int = 50_000) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        missing = [n for n in ("model.bin", "config.json", "tokenizer.json") if not (folder / n).is_file()]
        if missing:
            raise ModelError(
                f"sentence encoder {folder} lacks {', '.join(missing)}; run: qa models fetch minilm"
            )
        self._encoder: Any = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="int8", intra_threads=threads
        )
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.MAX_TOKENS)
        self._tokenizer.no_padding()
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._cache_size = cache_size
        self.width = 384

    def __call__(self, texts: Sequence[str]) -> Vectors:
        fresh = [t for t in dict.fromkeys(texts) if t not in self._cache]
        if fresh:
            for text, row in zip(fresh, self._encode(fresh), strict=True):
                self._cache[text] = row
        rows = np.empty((len(texts), self.width), dtype=np.float32)
        for i, text in enumerate(texts):
            self._cache.move_to_end(text)
            rows[i] = self._cache[text]
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return rows

    def _encode(self, texts: list[str], batch: int = 32) -> Vectors:
        """Embeds in batches of like length, so that padding costs little."""
        encoded = self._tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i].ids))
        out = np.empty((len(texts), self.width), dtype=np.float32)
        for begin in range(0, len(order), batch):
            part = order[begin : begin + batch]
            result = self._encoder.forward_batch([encoded[i].ids for i in part])
            hidden = np.asarray(result.last_hidden_state, dtype=np.float32)
            for row, i in enumerate(part):
                mean = hidden[row, : len(encoded[i].ids)].mean(axis=0)
                out[i] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return out
