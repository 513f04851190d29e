"""Digits as people say and write them, in chunks, and chunks of one speaker that may be one number.

Conventions: a chunk is what stands together but for punctuation and filler words. "hundred" after digits is
read as "00", since "oh eight hundred" is more often part of a number to mask than of a price, and prices are told
by their unit. What sounds like a digit ("for", "to") counts as one between two digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.redact.rules import Rules
from qa.text import normalise
from qa.values import Turn

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
UNITS = {word: str(value) for value, word in enumerate(_UNIT_WORDS.split())}
UNITS |= {"oh": "0", "o": "0", "nought": "0", "naught": "0", "nil": "0", "niner": "9", "fife": "5"}
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: str(10 * value) for value, word in enumerate(_TEN_WORDS.split(), 2)}
TENS |= {"fourty": "40"}
SCALES = {"hundred": "00", "thousand": "000"}
REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
SOUND_ALIKE = {
    "to": "2",
    "too": "2",
    "for": "4",
    "won": "1",
    "ate": "8",
    "tree": "3",
    "free": "3",
    "sex": "6",
}
EXCLAIMED = frozenset(("oh", "o", "one", "to", "too", "for"))
TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)?")
# A colon or a decimal point between digits makes a time or an amount, which is never part of a longer number.
TIME_OR_DECIMAL = re.compile(r"\d+:\d\d|\b\d+\.\d{1,2}\b(?!\.?\d)|\b\d{1,3}(?:,\d{3})+\b")
WRITTEN_DATE = re.compile(r"\b(?:\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d\d-\d\d)\b")
MONEY_BEFORE = re.compile(r"[£$€]\s?$")
NOT_JOINING = re.compile(r"[£$€%:;?!@()\[\]]|\.\s")

MAX_WORDS_BETWEEN = 6  # of the same speaker, between two chunks of one number
MAX_OTHER_WORDS = 8  # of the other speaker, digits that are read back not counted
MAX_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a written number, in lower case; ``value`` are its digits (repeats and tens resolved later)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Digits that stand together: ``turns[turn].text[start:end]``. ``measured`` ones are amounts and times."""

    turn: int
    start: int
    end: int
    digits: str
    n_words: int
    measured: bool = False
    exclaimed: bool = False


def tokens_of(text: str) -> tuple[Token, ...]:
    """Words and written numbers of a text."""
    return tuple(Token(m.group(), m.start(), m.end()) for m in TOKEN.finditer(normalise(text)))


def is_number(token: Token) -> bool:
    """Whether a token is digits by itself."""
    return token.text.isdigit() or token.text in UNITS or token.text in TENS


def chunks_of(turn: int, text: str, rules: Rules) -> tuple[Chunk, ...]:
    """The chunks of one turn, in order."""
    tokens = tokens_of(text)
    blocked = [m.span() for p in (TIME_OR_DECIMAL, WRITTEN_DATE) for m in p.finditer(text)]
    runs: list[list[Token]] = []
    open_run = False
    for number, token in enumerate(tokens):
        if any(a <= token.start < b for a, b in blocked):
            open_run = False
            continue
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        if _joins(token, after, open_run=open_run):
            if open_run and not NOT_JOINING.search(text[runs[-1][-1].end : token.start]):
                runs[-1].append(token)
            elif token.text in SOUND_ALIKE or token.text in SCALES:
                open_run = False
                continue
            else:
                runs.append([token])
            open_run = True
        elif token.text not in rules.settings.fillers:
            open_run = False
    return tuple(_chunk(turn, text, run, tokens, rules) for run in runs)


def _joins(token: Token, after: Token | None, *, open_run: bool) -> bool:
    if is_number(token):
        return True
    follows = after is not None and (is_number(after) or after.text in REPEATS)
    if token.text in REPEATS:
        return follows or (after is not None and after.text in SOUND_ALIKE)
    return open_run and (token.text in SCALES or (token.text in SOUND_ALIKE and follows))


def _chunk(turn: int, text: str, run: Sequence[Token], tokens: Sequence[Token], rules: Rules) -> Chunk:
    start, end = run[0].start, run[-1].end
    if text[max(0, start - 3) : start].rstrip(" (").endswith("+"):
        start = text.rindex("+", 0, start)
    following = next((t for t in tokens if t.start >= end), None)
    has_unit = (
        following is not None
        and following.text in rules.settings.units
        and not NOT_JOINING.search(text[end : following.start])
    )
    return Chunk(
        turn=turn,
        start=start,
        end=end,
        digits=digits_of([token.text for token in run]),
        n_words=len(run),
        measured=has_unit or bool(MONEY_BEFORE.search(text[:start])) or text[end : end + 1] == "%",
        exclaimed=len(run) == 1 and run[0].text in EXCLAIMED,
    )


def digits_of(words: Sequence[str]) -> str:
    """Digits as they are read aloud: "double seven twenty one" is 7721, "oh eight hundred" 0800."""
    out, repeat, tens = "", 1, ""
    for word in words:
        if word in REPEATS:
            out, tens, repeat = out + tens, "", REPEATS[word]
            continue
        if word in TENS:
            out, tens = out + tens, TENS[word] * repeat
            repeat = 1
            continue
        piece = word if word.isdigit() else UNITS.get(word) or SOUND_ALIKE.get(word) or SCALES.get(word, "")
        if tens and len(piece) == 1 and piece != "0" and not word.isdigit():
            out, tens, piece = out + str(int(tens) + int(piece)), "", ""
        out, tens, repeat = out + tens + piece * repeat, "", 1
    return out + tens


def groups_of(turns: Sequence[Turn], chunks: Sequence[Chunk]) -> tuple[tuple[Chunk, ...], ...]:
    """Chunks of one speaker that follow each other closely enough to be one number read in pieces."""
    groups: list[tuple[Chunk, ...]] = []
    for speaker in ("agent", "customer"):
        group: list[Chunk] = []
        for chunk in (c for c in chunks if turns[c.turn].speaker == speaker and not c.measured):
            if group and not _close(turns, chunks, group[-1], chunk):
                groups.append(tuple(group))
                group = []
            group.append(chunk)
        if group:
            groups.append(tuple(group))
    return tuple(groups)


def _close(turns: Sequence[Turn], chunks: Sequence[Chunk], first: Chunk, second: Chunk) -> bool:
    if first.turn == second.turn:
        between = turns[first.turn].text[first.end : second.start]
        return len(tokens_of(between)) <= MAX_WORDS_BETWEEN
    own = len(tokens_of(turns[first.turn].text[first.end :]))
    own += len(tokens_of(turns[second.turn].text[: second.start]))
    if own > MAX_WORDS_BETWEEN or turns[second.turn].start - turns[first.turn].end > MAX_PAUSE_S:
        return False
    for number in range(first.turn + 1, second.turn):
        n_words = len(tokens_of(turns[number].text))
        n_words -= sum(c.n_words for c in chunks if c.turn == number)
        if n_words > (
            MAX_OTHER_WORDS if turns[number].speaker != turns[first.turn].speaker else MAX_WORDS_BETWEEN
        ):
            return False
    return True


def passes_luhn(digits: str) -> bool:
    """The check digit that payment cards carry (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return bool(digits) and total % 10 == 0
