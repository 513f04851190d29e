"""Numbers in speech and writing, as digits with their place in the text.

"double seven four, one nine" and "774 19" are the same reference. Used wherever a datum has to be recognised
again: redaction, questions asked twice, paraphrase, promises.

Conventions: spans are character offsets into the text as given. Digits are kept as a string, since a leading
zero means something in a reference number. Words for quantities ("four hundred and eighty") and words read
digit by digit ("four eight oh") are told apart by the scale words in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_UNITS = {word: value for value, word in enumerate(_UNIT_WORDS.split())}
_UNITS |= {"oh": 0, "nought": 0, "nil": 0, "o": 0}
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * value for value, word in enumerate(_TEN_WORDS.split(), start=2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "grand": 1000}
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_NUMBER_WORDS = _UNITS.keys() | _TENS.keys() | _SCALES.keys() | _REPEATS.keys()
_TOKEN = re.compile(r"\d+|[^\W\d_]+", re.UNICODE)
# Between two parts of one number only these may stand; a full stop ends it.
_JOINT = re.compile(r"^[\s,\-–./]*$")


@dataclass(frozen=True, slots=True)
class Number:
    """``digits`` as said or written ("0774", "480"), and where: ``text[start:end]``."""

    digits: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


def _runs(text: str) -> list[list[_Token]]:
    """Neighbouring number tokens, split wherever a word or a sentence end stands between."""
    runs: list[list[_Token]] = []
    last_end = -1
    for match in _TOKEN.finditer(text):
        token = _Token(match.group().lower(), match.start(), match.end())
        if not (token.text.isdigit() or token.text in _NUMBER_WORDS or token.text == "and"):
            last_end = -1
            continue
        between = text[last_end : token.start]
        joined = last_end >= 0 and _JOINT.match(between) and ". " not in between
        if joined:
            runs[-1].append(token)
        elif token.text != "and":
            runs.append([token])
        else:
            last_end = -1
            continue
        last_end = token.end
    return runs


def _quantity(words: list[str]) -> str:
    """The value of a quantity in words, such as "four hundred and eighty"."""
    total, part = 0, 0
    for word in words:
        if word in _SCALES:
            scale = _SCALES[word]
            part = max(part, 1) * scale
            if scale >= 1000:
                total, part = total + part, 0
        else:
            part += _UNITS.get(word, _TENS.get(word, 0))
    return str(total + part)


def _digits(words: list[str]) -> str:
    """Digits of a reference read aloud: "double seven twenty one" gives "7721"."""
    out: list[str] = []
    repeat, tens = 1, 0
    for word in words:
        if word in _REPEATS:
            repeat = _REPEATS[word]
            continue
        if word in _TENS:
            if tens:
                out.append(str(tens))
            tens = _TENS[word]
            continue
        piece = word if word.isdigit() else str(_UNITS.get(word, ""))
        if tens and len(piece) == 1 and piece != "0":
            piece = str(tens + int(piece))
        elif tens:
            out.append(str(tens))
        tens = 0
        out.append(piece * repeat)
        repeat = 1
    if tens:
        out.append(str(tens))
    return "".join(out)


def _trim(run: list[_Token]) -> list[_Token]:
    while run and run[-1].text in {"and", *_REPEATS}:
        run = run[:-1]
    return run


def numbers(text: str) -> tuple[Number, ...]:
    """Every number of the text, spoken or written, in order.

    A lone "o" or "oh" is an exclamation, and a lone "one" rarely a number: both are left out.
    """
    found: list[Number] = []
    for raw in _runs(text):
        run = _trim(raw)
        words = [token.text for token in run if token.text != "and"]
        if not words or (len(words) == 1 and words[0] in {"o", "oh", "one", "double", "grand"}):
            continue
        spoken_scale = any(word in _SCALES for word in words)
        value = _quantity(words) if spoken_scale and not any(w.isdigit() for w in words) else _digits(words)
        if value:
            found.append(Number(value, run[0].start, run[-1].end))
    return tuple(found)
