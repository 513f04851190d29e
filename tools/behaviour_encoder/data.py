"""Rows for the encoder: token ids, which sentence each token is in, and which behaviours the turn carries."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qa.behaviours.encoder import TURN_TOKENS
from qa.learn.rows import NOT_FROM_WORDS, Example
from qa.text import sentences

CLS, SEP = 101, 102
FILLERS = ("um", "uh", "er", "like", "you know")


@dataclass(frozen=True)
class Row:
    """One turn to read: its example, its place there, and its labels (None: only to be read)."""

    example: Example
    turn: int
    behaviours: frozenset[str] | None

    @property
    def speaker(self) -> str:
        return self.example.call.turns[self.turn].speaker


def labelled_rows(examples: tuple[Example, ...]) -> list[Row]:
    return [
        Row(e, turn, names) for e in examples for turn, names in zip(e.labelled, e.behaviours, strict=True)
    ]


def behaviours_of(rows: list[Row]) -> list[str]:
    return sorted({b for r in rows for b in r.behaviours or ()} - NOT_FROM_WORDS)


def as_recognised(text: str, rng: random.Random) -> str:
    """The text with a recogniser's habits: no capitals, no punctuation, words lost, bent or filled in."""
    words: list[str] = []
    for word in text.split():
        draw = rng.random()
        if draw < 0.04:
            continue
        if draw < 0.09 and len(word) > 3:
            cut = rng.randrange(1, len(word) - 1)
            word = word[:cut] + word[cut + 1 :]
        if draw > 0.985:
            words.append(rng.choice(FILLERS))
        words.append(word)
    return "".join(c for c in " ".join(words).lower() if c not in '.,?!;:"-')


class Tokens:
    """Word pieces with the sentence of each, remembered by text."""

    def __init__(self, tokenizer: Path, context_tokens: int, context_turns: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._context_tokens = context_tokens
        self._context_turns = context_turns
        self._known: dict[str, tuple[list[int], list[int]]] = {}
        self._prefix = {"agent": self._pieces("A:")[0], "customer": self._pieces("C:")[0]}

    def _pieces(self, text: str) -> tuple[list[int], list[int]]:
        if text not in self._known:
            encoded = self._tokenizer.encode(text, add_special_tokens=False)
            starts = [begin for begin, _ in sentences(text)] or [0]
            places = [max(0, int(np.searchsorted(starts, b, side="right")) - 1) for b, _ in encoded.offsets]
            self._known[text] = (encoded.ids, places)
        return self._known[text]

    def __call__(self, row: Row, rng: random.Random | None) -> tuple[list[int], list[int], list[int]]:
        """Ids, sentence numbers (-1 outside the turn) and token types; with ``rng`` as a recogniser heard it."""
        turns = row.example.call.turns
        bent = (lambda text: as_recognised(text, rng)) if rng else (lambda text: text)
        turn = turns[row.turn]
        ids, places = self._pieces(bent(turn.text))
        prefix = self._prefix[turn.speaker]
        out = [CLS, *prefix, *ids[:TURN_TOKENS], SEP]
        where = [-1] * (1 + len(prefix)) + places[:TURN_TOKENS] + [-1]
        types = [0] * len(out)
        if self._context_tokens:
            before: list[int] = []
            for other in turns[max(0, row.turn - self._context_turns) : row.turn]:
                before += [*self._prefix[other.speaker], *self._pieces(bent(other.text))[0]]
            context = [*before[-self._context_tokens :], SEP]
            out, where, types = out + context, where + [-1] * len(context), types + [1] * len(context)
        return out, where, types


def batch(
    rows: list[Row],
    tokens: Tokens,
    behaviours: list[str],
    rng: random.Random | None,
    noise_share: float,
    call_weight: float = 1.0,
) -> tuple[torch.Tensor, ...]:
    """Padded tensors: ids, types, attention, sentence numbers, targets, weights.

    Turns of whole calls weigh ``call_weight``: they are what the network is for, and few beside the utterances.
    """
    encoded = [tokens(r, rng if rng and rng.random() < noise_share else None) for r in rows]
    longest = max(len(ids) for ids, _, _ in encoded)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    types, mask = ids.clone(), ids.clone()
    where = ids.clone() - 1
    for k, (row_ids, row_where, row_types) in enumerate(encoded):
        n = len(row_ids)
        ids[k, :n], where[k, :n] = torch.tensor(row_ids), torch.tensor(row_where)
        types[k, :n], mask[k, :n] = torch.tensor(row_types), 1
    index = {b: k for k, b in enumerate(behaviours)}
    target = torch.zeros(len(rows), len(behaviours))
    weight = torch.zeros(len(rows), len(behaviours))
    for k, row in enumerate(rows):
        for name in row.behaviours or ():
            if name in index:
                target[k, index[name]] = 1.0
        for name, column in index.items():
            own = name.startswith("customer_") == (row.speaker == "customer")
            weight[k, column] = own * (call_weight if row.example.whole_call else 1.0)
    return ids, types, mask, where, target, weight
