"""How a call is laid before the encoder: stretches of consecutive turns, each word read once.

A window holds as many whole turns as fit, after the end of what was said before and before the beginning of what
comes next. So a turn is read in its conversation, and a call costs little more than its own words.

Conventions
-----------
- Tokens: ``[CLS] before [SEP] A: turn [SEP] C: turn [SEP] ... next [SEP]``; token type 1 where words only help
  to understand, 0 where they are judged.
- ``sentence`` numbers the sentences of a window from 0, over all its turns; -1 for what is not judged.
- A turn longer than ``TURN_TOKENS`` is cut there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CLS, SEP = 101, 102
LAYOUT = "windows-192-40-16"
"""Name of this layout: an encoder that was trained on another one must not be read with it."""
TURN_TOKENS = 160
"""A longer turn is cut: one in a thousand turns of the labelled calls is."""
WINDOW_TOKENS = 192
"""Of judged turns in a window. Longer ones cost more than they tell; shorter ones repeat more of their surroundings."""
BEFORE_TOKENS, AFTER_TOKENS = 40, 16
"""Read along with a window from the turns around it."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A turn in word pieces: who speaks is the first of them. ``places`` is each piece's sentence in the turn."""

    prefix: tuple[int, ...]
    ids: tuple[int, ...]
    places: tuple[int, ...]

    @property
    def size(self) -> int:
        """Tokens in a window, with the separator."""
        return len(self.prefix) + min(TURN_TOKENS, len(self.ids)) + 1


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens of a stretch of turns; ``spans`` has per judged turn its first sentence's number and their count."""

    turns: tuple[int, ...]
    ids: tuple[int, ...]
    types: tuple[int, ...]
    sentence: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def stretches(sizes: Sequence[int], *, first_tokens: int = WINDOW_TOKENS) -> list[tuple[int, int]]:
    """Consecutive turns (begin, end) that fit a window together; at least one turn each.

    ``first_tokens`` is the room of the first stretch: training draws it, so that borders fall everywhere.
    """
    found, begin, room = [], 0, first_tokens
    for i, size in enumerate(sizes):
        if i > begin and size > room:
            found.append((begin, i))
            begin, room = i, WINDOW_TOKENS
        room -= size
    return [*found, (begin, len(sizes))] if sizes else []


def window(turns: Sequence[Pieces], begin: int, end: int) -> Window:
    """The tokens of turns ``begin`` to ``end`` with their surroundings."""
    ids, types, sentence = [CLS], [0], [-1]
    before = _before(turns, begin)
    ids += before
    types += [1] * len(before)
    sentence += [-1] * len(before)
    spans, known = [], 0
    for turn in turns[begin:end]:
        own = turn.ids[:TURN_TOKENS]
        places = turn.places[: len(own)]
        count = 1 + max(places, default=0)
        ids += [*turn.prefix, *own, SEP]
        types += [0] * turn.size
        sentence += [-1] * len(turn.prefix) + [known + place for place in places] + [-1]
        spans.append((known, count))
        known += count
    after = _after(turns, end)
    ids += after
    types += [1] * len(after)
    sentence += [-1] * len(after)
    return Window(tuple(range(begin, end)), tuple(ids), tuple(types), tuple(sentence), tuple(spans))


def _before(turns: Sequence[Pieces], begin: int) -> list[int]:
    """The last words before turn ``begin``."""
    words: list[int] = []
    for turn in reversed(turns[:begin]):
        words = [*turn.prefix, *turn.ids, SEP, *words]
        if len(words) >= BEFORE_TOKENS:
            break
    return words[-BEFORE_TOKENS:]


def _after(turns: Sequence[Pieces], end: int) -> list[int]:
    """The first words after the last judged turn."""
    if end >= len(turns):
        return []
    turn = turns[end]
    return [*turn.prefix, *turn.ids[:AFTER_TOKENS], SEP]


def windows_of(turns: Sequence[Pieces], *, first_tokens: int = WINDOW_TOKENS) -> list[Window]:
    """All windows of a call, in order; every turn is judged in exactly one."""
    sizes = [turn.size for turn in turns]
    return [window(turns, begin, end) for begin, end in stretches(sizes, first_tokens=first_tokens)]
