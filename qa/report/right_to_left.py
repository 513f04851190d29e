"""Arabic and Hebrew as a PDF needs them: letters joined, and in the order in which they are drawn.

A PDF writer that knows no scripts draws letters one by one from left to right. Here names are put into that
order first. Arabic letters become the presentation forms that Unicode keeps for this (their own decompositions
say which letter and which form), and runs are turned by the rules of the bidirectional algorithm that short
texts need: the base direction is that of the first strong letter, numbers keep their order, brackets mirror.
Vowel marks of these scripts are left out. Meant for names and titles on one line, not for prose.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

_RIGHT = frozenset({"R", "AL"})
_MIRRORED = {"(": ")", ")": "(", "[": "]", "]": "[", "<": ">", ">": "<", "«": "»", "»": "«"}


def drawn(text: str, *, has: Callable[[str], bool] = lambda _letter: True) -> str:
    """The text in drawing order, left to right; as it is where nothing in it is written from the right.

    ``has`` says whether the font has a letter: forms that it does not have are left as plain letters.
    """
    kinds = [unicodedata.bidirectional(c) for c in text]
    if not _RIGHT & set(kinds):
        return text
    plain = "".join(c for c, kind in zip(text, kinds, strict=True) if kind != "NSM")
    return _ordered(_joined(plain, has))


@lru_cache(maxsize=1)
def _forms() -> dict[str, dict[str, str]]:
    """Letter (or lam with alef) to its presentation forms: isolated, initial, medial, final."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFBB2), *range(0xFBD3, 0xFC00), *range(0xFE80, 0xFEFD)):
        tag, _, letters = unicodedata.decomposition(chr(code)).partition(" ")
        parts = letters.split()
        if tag.startswith("<") and (len(parts) == 1 or code >= 0xFEF5):
            found.setdefault("".join(chr(int(p, 16)) for p in parts), {})[tag[1:-1]] = chr(code)
    found["\u0640"] = dict.fromkeys(("isolated", "initial", "medial", "final"), "\u0640")
    return found


def _joined(text: str, has: Callable[[str], bool]) -> str:
    """Arabic letters in the form that their neighbours ask for."""
    forms = _forms()
    letters: list[str] = []
    for letter in text:  # lam and alef are one
        pair = letters[-1] + letter if letters else ""
        if len(pair) == 2 and pair in forms:
            letters[-1] = pair
        else:
            letters.append(letter)
    made = []
    for n, letter in enumerate(letters):
        own = forms.get(letter, {})
        before = forms.get(letters[n - 1], {}) if n else {}
        after = forms.get(letters[n + 1], {}) if n + 1 < len(letters) else {}
        from_before, to_after = "initial" in before and "final" in own, "initial" in own and "final" in after
        name = {(True, True): "medial", (True, False): "final", (False, True): "initial"}.get(
            (from_before, to_after), "isolated"
        )
        form = own.get(name, "")
        made.append(form if form and has(form) else letter)
    return "".join(made)


def _ordered(text: str) -> str:
    levels = _levels(text)
    order = list(range(len(text)))
    for level in range(max(levels), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return "".join(_MIRRORED.get(text[n], text[n]) if levels[n] % 2 else text[n] for n in order)


def _levels(text: str) -> list[int]:
    """The embedding level of each letter: odd is drawn from the right."""
    kinds = [unicodedata.bidirectional(c) for c in text]
    base = 1 if next((k for k in kinds if k in _RIGHT or k == "L"), "L") in _RIGHT else 0
    strong: list[int | None] = []
    last = base
    for kind in kinds:
        if kind in _RIGHT:
            last = 1
            strong.append(1)
        elif kind == "L":
            last = 2 * base
            strong.append(last)
        elif kind in ("EN", "AN"):
            strong.append(2 if last else 2 * base)
        else:
            strong.append(None)
    for opens, closes in _pairs(text):
        strong[opens] = strong[closes] = _bracket(strong, opens, closes, base)
    return [_level(strong, n, base) for n in range(len(strong))]


def _pairs(text: str) -> list[tuple[int, int]]:
    found, waiting = [], list[int]()
    for n, letter in enumerate(text):
        if letter in "([<«":
            waiting.append(n)
        elif letter in ")]>»" and waiting:
            found.append((waiting.pop(), n))
    return sorted(found)


def _bracket(strong: list[int | None], opens: int, closes: int, base: int) -> int:
    """Both brackets of a pair go with what they hold, if what stands before goes the same way."""
    turned = {s % 2 for s in strong[opens + 1 : closes] if s is not None}
    before = next((s for s in reversed(strong[:opens]) if s is not None), base)
    if turned == {1 - base} and before != base:
        return 1 if base == 0 else 2
    return base


def _level(strong: list[int | None], n: int, base: int) -> int:
    here = strong[n]
    if here is not None:
        return here
    before = next((s for s in reversed(strong[:n]) if s is not None), base)
    after = next((s for s in strong[n + 1 :] if s is not None), base)
    # a space between two words of one direction belongs to them; a number counts as the side it stands on
    if before == after:
        return before if before != 2 or base == 1 else 1
    return 1 if before >= 1 and after >= 1 else base
