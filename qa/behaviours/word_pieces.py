"""From the words of a call to word pieces: the one way for the encoder that reads and for the training that made it.

Conventions: as ``windows``. A piece belongs to the last sentence that begins at or before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.behaviours.windows import TURN_TOKENS, Pieces
from qa.values import Speaker


@dataclass(frozen=True, slots=True)
class Said:
    """One turn to be read: who says it, its text and sentences."""

    speaker: Speaker
    text: str
    sentences: tuple[tuple[int, int], ...]


class WordPieces:
    """Cuts turns with the tokenizer of a file (``tokenizer.json``)."""

    def __init__(self, tokenizer: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._prefix = {who: self._plain(f"{who[0].upper()}:") for who in ("agent", "customer")}

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def __call__(self, calls: Sequence[Sequence[Said]]) -> list[list[Pieces]]:
        """Word pieces of every turn, each text encoded once."""
        texts = list(dict.fromkeys(said.text for call in calls for said in call))
        encoded = dict(zip(texts, self._tokenizer.encode_batch(texts, add_special_tokens=False), strict=True))
        return [[self._turn(said, encoded[said.text]) for said in call] for call in calls]

    def _turn(self, said: Said, encoded: Any) -> Pieces:
        starts = [begin for begin, _ in said.sentences]
        places = [max(0, bisect_right(starts, begin) - 1) for begin, _ in encoded.offsets[:TURN_TOKENS]]
        return Pieces(self._prefix[said.speaker], tuple(encoded.ids), tuple(places))
