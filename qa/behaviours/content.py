"""What a stretch of talk is about: content words, and how much of one text comes back in another.

Conventions: stems are crude on purpose (a few endings cut); they only have to make "cancelled" and "cancel"
meet. Numbers count as content in their digits, whether spoken or written.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from qa.numbers import numbers
from qa.text import words_of

_ENDINGS = ("ings", "ing", "edly", "ed", "ies", "es", "ly", "s", "'s", "e")
_EMPTY_WORDS = """
a about above after again ain't all also am an and any are aren't as at aye be because been before being below
between both but by can can't cannot come could couldn't did didn't do does doesn't doing don't down each er erm
even ever few for from further get gets getting go goes going gonna got had hadn't has hasn't have haven't having
he he'd he'll he's hello her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its just know
let let's like look lot make me mean more most much my need no nor not now of off oh ok okay on once one only or
other our out over own please put really right said same say says see shall she she'd she'll she's should so some
something sorry still such sure take tell than thank thanks that that'll that's the their them then there there's
these they they'd they'll they're they've thing things think this those through to too uh um under until up us very
want was wasn't we we'd we'll we're we've well went were weren't what what's when where which while who whom why
will with won't would wouldn't yeah yes yet you you'd you'll you're you've your yours
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


def stem(word: str) -> str:
    """The word without its commonest endings, at least three letters long."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=50_000)
def content(text: str) -> frozenset[str]:
    """Stems of the content words, and numbers in digits."""
    stems = {stem(w) for w in words_of(text) if w not in _EMPTY and len(w) > 1}
    return frozenset(stems | {n.digits for n in numbers(text)})


def shared(first: Iterable[str], second: Iterable[str]) -> float:
    """Share of ``first`` that comes back in ``second``; 0 where ``first`` is empty."""
    mine = set(first)
    return len(mine & set(second)) / len(mine) if mine else 0.0


def jaccard(first: Iterable[str], second: Iterable[str]) -> float:
    """Shared content over all content; 0 where there is none."""
    one, two = set(first), set(second)
    return len(one & two) / len(one | two) if one | two else 0.0
