"""Where something stands that must not be read: the value, and which context tells what a number is.

Conventions: a context holds for the same turn and a few turns after it; the nearest one that fits decides.
Once answered it is used up, except for the same speaker's correction right after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qa.redact.chunks import tokens_of
from qa.redact.rules import Context, Kind, Rules
from qa.values import Turn

REACH_TURNS = 4
CARD_REACH_TURNS = 8
MAX_TOKENS_AFTER = 5  # "oh seven seven ... is my mobile"
BANK = re.compile(
    r"\b(?:bank|sort code|sorting code|direct debit|iban|routing|refund (?:it )?(?:in)?to|building society)\b"
)


@dataclass(frozen=True, slots=True, order=True)
class Sensitive:
    """``turns[turn].text[start:end]`` holds a datum of this kind."""

    turn: int
    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Found:
    """The context that decides: where it stands."""

    turn: int
    context: Context


@dataclass(slots=True)
class Contexts:
    """All contexts of a call, and which were answered in which turn."""

    turns: Sequence[Turn]
    of_turn: tuple[tuple[Context, ...], ...]
    answered: dict[tuple[int, int], int] = field(default_factory=dict)

    @staticmethod
    def of(turns: Sequence[Turn], rules: Rules) -> Contexts:
        return Contexts(turns, tuple(rules.contexts_in(turn.text) for turn in turns))

    def bank_before(self, turn: int) -> bool:
        """Whether banks were spoken of in this turn or the few before."""
        near = self.turns[max(0, turn - 6) : turn + 1]
        return any(BANK.search(one.text.lower()) for one in near)

    def deciding(self, turn: int, start: int, end: int, fits: Callable[[Context], bool]) -> Found | None:
        """The nearest context that fits what stands at ``turn``, ``start`` to ``end``."""
        here = self.of_turn[turn]
        for context in reversed([c for c in here if c.end <= start]):
            if fits(context):
                return Found(turn, context)
        for context in (c for c in here if c.start >= end):
            between = self.turns[turn].text[end : context.start]
            if len(tokens_of(between)) <= MAX_TOKENS_AFTER and "?" not in between and fits(context):
                return Found(turn, context)
        for back in range(turn - 1, max(-1, turn - 1 - CARD_REACH_TURNS), -1):
            for context in reversed(self.of_turn[back]):
                if turn - back > REACH_TURNS and context.kind != "card_number":
                    continue
                if self._open(back, context, turn) and fits(context):
                    return Found(back, context)
        return None

    def answer(self, found: Found, turn: int) -> None:
        """Note that what was asked for there has been given in ``turn``."""
        self.answered.setdefault((found.turn, found.context.start), turn)

    def _open(self, at: int, context: Context, turn: int) -> bool:
        given = self.answered.get((at, context.start))
        if given is None or given == turn or context.kind == "card_number":
            return True
        return self.turns[given].speaker == self.turns[turn].speaker and turn - given <= 2
