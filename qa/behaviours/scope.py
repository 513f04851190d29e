"""Whether words are the speaker's own act: negation, quotation, report, question, condition.

A phrase counts only if the speaker performs it. "I can't promise that", "my supervisor promised you", "did
they apologise?" and "if you'd like I could" hold the words of a promise or an apology and are none. One place
judges this for every phrase card; a card says with ``allow`` which of the scopes do not spoil it.

Conventions: works on one sentence in normal form (``qa.text.normalise``) and on character offsets into it.
"""

from __future__ import annotations

import re
from typing import Literal

Scope = Literal["negated", "reported", "asked", "conditional"]

# A negation reaches forward to the end of its clause, but not over these.
_CLAUSE_BREAK = re.compile(r"[,;:.?!]|\b(?:but|because|so|although|though|however|and)\b")
_NEGATION = re.compile(
    r"\b(?:not|never|no|nobody|none|neither|nor|without|hardly|cannot|can't|cant|won't|wont|don't|dont|doesn't|"
    r"didn't|isn't|wasn't|aren't|couldn't|wouldn't|shouldn't|haven't|hasn't|ain't|nae|cannae|cannot|dinnae|wouldnae|"
    r"unable to|rather than|instead of)\b"
)
_NOT_ONLY = re.compile(
    r"\b(?:not only|no problem|no worries|no bother|not a problem|can't (?:apologi[sz]e|thank))\b"
)
_REPORT = re.compile(
    r"\b(?:he|she|they|you|somebody|someone|colleague|supervisor|manager|driver|engineer|mate|it|website|"
    r"email|letter|people|we)\s+(?:\w+\s+){0,2}?(?:said|says|told|tells|promised|claimed|claims|reckoned|reckons|wrote|mentioned|"
    r"guaranteed|apologi[sz]ed|offered|swore)\b"
)
_ASKED = re.compile(
    r"^(?:\W*(?:and|so|but|well|okay|right)\W+)?(?:did|has|have|had|was|were|is|does|do)\s+(?:\w+)"
)
_CONDITION = re.compile(r"\b(?:if|unless|in case|whether|when|once|provided|as long as)\b")


def scopes(sentence: str, start: int) -> frozenset[Scope]:
    """Which scopes the words beginning at ``sentence[start]`` stand in."""
    found: set[Scope] = set()
    before = sentence[:start]
    clause = _CLAUSE_BREAK.split(before)[-1]
    spoiled = _NEGATION.search(clause + sentence[start : start + 1]) and not _NOT_ONLY.search(sentence)
    if spoiled:
        found.add("negated")
    if _REPORT.search(before) or _inside_quotes(sentence, start):
        found.add("reported")
    if sentence.rstrip().endswith("?") and _ASKED.match(sentence):
        found.add("asked")
    if _CONDITION.search(clause):
        found.add("conditional")
    return frozenset(found)


def _inside_quotes(sentence: str, start: int) -> bool:
    return sentence[:start].count('"') % 2 == 1
