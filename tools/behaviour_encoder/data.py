"""Batches for the encoder: windows of calls as the product lays them, which behaviours each turn carries.

Conventions: a whole call is cut into windows anew in every pass, at other borders; an utterance and its context
make one window, of which only the utterance is labelled. A batch holds windows of like length.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from qa.behaviours.windows import WINDOW_TOKENS, Pieces, Window, windows_of
from qa.behaviours.word_pieces import Said, WordPieces
from qa.learn.rows import NOT_FROM_WORDS, Example
from qa.text import sentences
from qa.values import Speaker

FILLERS = ("um", "uh", "er", "like", "you know")
SMALLEST_FIRST = 40
"""Tokens: a call's first window is at least so long, the rest follows from it."""


@dataclass(frozen=True)
class Seen:
    """A window and the labels of its turns; None where a turn has none."""

    window: Window
    speakers: tuple[str, ...]
    behaviours: tuple[frozenset[str] | None, ...]
    weight: float

    @property
    def size(self) -> int:
        return len(self.window.ids)


def behaviours_of(examples: Sequence[Example]) -> list[str]:
    return sorted({b for e in examples for names in e.behaviours for b in names} - NOT_FROM_WORDS)


def as_recognised(text: str, rng: random.Random, severity: float = 1.0) -> str:
    """The text with a recogniser's habits: no capitals, no punctuation, words lost, bent or filled in.

    At severity 1 about one word in ten is touched, at 0 only the writing.
    """
    words: list[str] = []
    for word in text.split():
        draw = rng.random()
        if draw < 0.04 * severity:
            continue
        if draw < 0.09 * severity and len(word) > 3:
            cut = rng.randrange(1, len(word) - 1)
            word = word[:cut] + rng.choice(("", "", "a", "e", "n", "s")) + word[cut + 1 :]
        if draw > 1 - 0.015 * severity:
            words.append(rng.choice(FILLERS))
        words.append(word)
    return "".join(c for c in " ".join(words).lower() if c not in '.,?!;:"-')


class Tokens:
    """Word pieces with the sentence of each, remembered by text."""

    def __init__(self, tokenizer: Path) -> None:
        self._cut = WordPieces(tokenizer)
        self._known: dict[tuple[str, str], Pieces] = {}

    def _pieces(self, speaker: Speaker, text: str) -> Pieces:
        return self._cut([[Said(speaker, text, sentences(text))]])[0][0]

    def pieces(self, speaker: Speaker, text: str) -> Pieces:
        key = (speaker, text)
        if key not in self._known:
            self._known[key] = self._pieces(speaker, text)
        return self._known[key]

    def windows(
        self,
        example: Example,
        rng: random.Random | None = None,
        *,
        noise_share: float = 0.0,
        call_weight: float = 1.0,
    ) -> list[Seen]:
        """The windows of an example that hold labelled turns; with ``rng`` cut and bent as chance has it."""
        turns = example.call.turns
        first = WINDOW_TOKENS
        if rng is not None and example.whole_call:
            first = rng.randint(SMALLEST_FIRST, WINDOW_TOKENS)
        if rng is not None and rng.random() < noise_share:
            severity = 2 * rng.random()
            pieces = [self._pieces(t.speaker, as_recognised(t.text, rng, severity) or t.text) for t in turns]
        else:
            pieces = [self.pieces(t.speaker, t.text) for t in turns]
        labels = dict(zip(example.labelled, example.behaviours, strict=True))
        return [
            Seen(
                window=one,
                speakers=tuple(turns[i].speaker for i in one.turns),
                behaviours=tuple(labels.get(i) for i in one.turns),
                weight=call_weight if example.whole_call else 1.0,
            )
            for one in windows_of(pieces, first_tokens=first)
            if any(i in labels for i in one.turns)
        ]


def batches(seen: list[Seen], rng: random.Random, *, tokens: int) -> Iterator[list[Seen]]:
    """Windows of like length, together about ``tokens`` tokens with padding, in any order."""
    shuffled = list(seen)
    rng.shuffle(shuffled)
    chunks = [shuffled[i : i + 600] for i in range(0, len(shuffled), 600)]
    parts: list[list[Seen]] = []
    for chunk in chunks:
        part: list[Seen] = []
        for one in sorted(chunk, key=lambda s: s.size):
            if part and (len(part) + 1) * one.size > tokens:
                parts.append(part)
                part = []
            part.append(one)
        parts.append(part)
    rng.shuffle(parts)
    yield from parts


@dataclass(frozen=True)
class Batch:
    """Tensors of some windows.

    ``ids``, ``types``, ``mask`` (windows, tokens); ``where`` (windows, tokens) the number of each token's sentence
    in the batch, ``sentences`` (turns, most sentences) those numbers per turn, both -1 where there is none;
    ``target`` and ``weight`` (turns, behaviours).
    """

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    where: torch.Tensor
    sentences: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor


def batch(seen: Sequence[Seen], behaviours: Sequence[str]) -> Batch:
    """The windows as tensors; turns in the order of the windows, also those without labels (weight 0)."""
    longest = max(one.size for one in seen)
    ids = torch.zeros(len(seen), longest, dtype=torch.long)
    types, mask, where = ids.clone(), ids.clone(), ids.clone() - 1
    spans: list[tuple[int, int]] = []
    known = 0
    for k, one in enumerate(seen):
        n = one.size
        ids[k, :n], types[k, :n] = torch.tensor(one.window.ids), torch.tensor(one.window.types)
        mask[k, :n] = 1
        sentence = torch.tensor(one.window.sentence)
        where[k, :n] = torch.where(sentence >= 0, sentence + known, sentence)
        spans += [(begin + known, count) for begin, count in one.window.spans]
        known = spans[-1][0] + spans[-1][1]
    per_turn = torch.full((len(spans), max(count for _, count in spans)), -1, dtype=torch.long)
    for row, (begin, count) in enumerate(spans):
        per_turn[row, :count] = torch.arange(begin, begin + count)
    target, weight = _labels(seen, behaviours)
    return Batch(ids, types, mask, where, per_turn, target, weight)


def _labels(seen: Sequence[Seen], behaviours: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    index = {b: k for k, b in enumerate(behaviours)}
    own = {
        who: torch.tensor([float(b.startswith("customer_") == (who == "customer")) for b in behaviours])
        for who in ("agent", "customer")
    }
    rows = [
        (speaker, names, one.weight)
        for one in seen
        for speaker, names in zip(one.speakers, one.behaviours, strict=True)
    ]
    target = torch.zeros(len(rows), len(behaviours))
    weight = torch.zeros(len(rows), len(behaviours))
    for row, (speaker, names, share) in enumerate(rows):
        if names is None:
            continue
        weight[row] = own[speaker] * share
        for name in names:
            if name in index:
                target[row, index[name]] = 1.0
    return target, weight
