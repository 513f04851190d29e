"""Transcripts as a recogniser with a given word error rate would print them, to see what survives.

Conventions: of the errors about three in five are substitutions, one in four deletions, the rest insertions
(the usual make-up on telephone speech); from the first error on nothing is punctuated or capitalised. Seeded.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from qa.values import Call

_SUBSTITUTION, _DELETION = 0.6, 0.25
_CONFUSIONS: Mapping[str, tuple[str, ...]] = {
    "your": ("you're", "you"),
    "you're": ("your",),
    "there": ("their", "they're"),
    "their": ("there",),
    "our": ("are", "hour"),
    "are": ("our", "is"),
    "i'll": ("i", "all"),
    "we'll": ("will", "well"),
    "can't": ("can", "can't"),
    "can": ("can't", "and"),
    "for": ("four",),
    "to": ("two", "the"),
    "the": ("a", "that"),
    "a": ("the", "uh"),
    "and": ("in", "an"),
    "in": ("and", "on"),
    "it's": ("its", "is"),
    "is": ("as", "it's"),
    "that": ("the", "at"),
    "wait": ("weight",),
    "hear": ("here",),
    "right": ("write", "all right"),
    "would": ("wood", "were"),
    "do": ("due", "to"),
    "been": ("being", "bin"),
    "have": ("of", "had"),
    "parcel": ("partial", "parcels"),
    "bill": ("build", "bell"),
    "line": ("lion", "mine"),
}
_FILLERS = ("uh", "um", "the", "and", "you know", "i")


def _bend(word: str, rng: random.Random) -> str:
    """A word as it might be misheard."""
    if word in _CONFUSIONS:
        return rng.choice(_CONFUSIONS[word])
    if len(word) <= 3:
        return rng.choice(("the", "it", "a", "is", "he"))
    cut = rng.randrange(1, len(word) - 1)
    return word[:cut] + rng.choice("aeioustrnl") + word[cut + 1 :]


def with_errors(text: str, rate: float, rng: random.Random) -> str:
    """The text with about ``rate`` word errors per word; unchanged at 0."""
    if rate <= 0:
        return text
    plain = "".join(c for c in text.lower() if c.isalnum() or c in " '")
    out: list[str] = []
    for word in plain.split():
        if rng.random() >= rate:
            out.append(word)
            continue
        kind = rng.random()
        if kind < _SUBSTITUTION:
            out.append(_bend(word, rng))
        elif kind >= _SUBSTITUTION + _DELETION:
            out += [word, rng.choice(_FILLERS)]
    return " ".join(out) or plain


def heard_badly(call: Call, rate: float) -> Call:
    """The call's texts at a word error rate; times stay."""
    rng = random.Random(f"{call.call_id}:{rate}")
    return replace(
        call, turns=tuple(replace(t, text=with_errors(t.text, rate, rng), words=()) for t in call.turns)
    )
