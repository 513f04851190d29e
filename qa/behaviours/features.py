"""Facts about a turn and its surroundings that the classifier weighs beside the encoder's reading.

Conventions: every feature is a small float in a fixed order (``NAMES``); what is not known (the turn after the
last, a pause in a transcript without times) is 0 with a flag of its own. No feature looks at who the persons are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from qa.behaviours.content import content, jaccard, shared
from qa.behaviours.entries import is_listening, openness
from qa.text import normalise, words_of
from qa.values import Call, Turn

NAMES = (
    "words_log",
    "ends_with_question",
    "questions",
    "one_sentence",
    "is_listening",
    "broken_off",
    "first_agent_turn",
    "early",
    "late",
    "place_known",
    "own_content_log",
    "back_from_last",
    "back_from_earlier",
    "last_given_back",
    "repeats_own_earlier",
    "has_number",
    "after_question",
    "after_listening",
    "after_broken_off",
    "gap_known",
    "overlaps",
    "long_gap",
    "opens_with_so",
    "says_you",
    "says_i",
    "says_we",
    "turns_before_log",
    "repeats_own_twice",
    "answer_given_before",
    "asks_for_what_was_given",
    "answer_says_said",
    "asks_what_was_said",
    "says_said",
    "opens_with_no",
)
_SAID = re.compile(
    r"\b(?:(?:i|we)(?:'ve| have)? (?:just |already |only |did |done |literally )*"
    r"(?:say|said|told|tell|mentioned|gave|give)"
    r"|(?:like|as) i (?:say|said)|same as (?:it was|before|i|a |the )"
    r"|(?:a|two|five) (?:minutes?|seconds?|secs?) ago"
    r"|told you|tell(?:ed)? y(?:ou|uh|a) (?:already|before|in the)"
    r"|(?:at|in|from) the (?:beginning|start)|started with)\b"
)
"""Somebody points out that it was said before."""
_ASKING = frozenset({"what", "what's", "which", "when", "where", "who", "how", "whose"})
_NO = frozenset(
    {"no", "nope", "nah", "naw", "not", "actually", "it's", "wasn't", "isn't", "except", "but", "never"}
)
_SHORT_CALL = 6
"""Fewer turns are an excerpt: its beginning and end say nothing about a call's."""


def _place(i: int, n: int) -> tuple[float, float, float]:
    """Share from the beginning and to the end, and whether that means anything."""
    if n < _SHORT_CALL:
        return 0.0, 0.0, 0.0
    return max(0.0, 1 - i / 6), max(0.0, 1 - (n - 1 - i) / 6), 1.0


def _given_back(turns: Sequence[Turn], i: int) -> tuple[float, float, float, float, float, float]:
    """How the turn's content relates to what both had said before."""
    mine = content(turns[i].text)
    other = [t for t in turns[:i] if t.speaker != turns[i].speaker]
    own = [t for t in turns[max(0, i - 12) : i] if t.speaker == turns[i].speaker]
    last = content(other[-1].text) if other else frozenset[str]()
    earlier: frozenset[str] = frozenset().union(*(content(t.text) for t in other[-8:-1])) if other else last
    again = sorted((jaccard(mine, content(t.text)) for t in own), reverse=True)
    return (
        math.log1p(len(mine)),
        shared(mine, last),
        shared(mine, earlier),
        shared(last, mine),
        again[0] if again else 0.0,
        again[1] if len(again) > 1 else 0.0,
    )


def _answered_with(turns: Sequence[Turn], i: int) -> tuple[float, float]:
    """Of what the other answers, the share they had said before; and whether they point out that they had.

    What the turn itself says does not count: confirming a datum that is read back is no repetition.
    """
    after = turns[i + 1] if i + 1 < len(turns) else None
    if after is None or after.speaker == turns[i].speaker:
        return 0.0, 0.0
    answer = content(after.text) - content(turns[i].text)
    before = [t for t in turns[max(0, i - 24) : i] if t.speaker == after.speaker]
    said = frozenset[str]().union(*(content(t.text) for t in before))
    return shared(answer, said), float(_SAID.search(normalise(after.text)) is not None)


def turn_features(call: Call, i: int) -> list[float]:
    """The features of turn ``i``, in the order of ``NAMES``."""
    turns = call.turns
    turn = turns[i]
    before = turns[i - 1] if i else None
    text = turn.text.strip()
    words = words_of(text)
    early, late, known = _place(i, len(turns))
    timed = call.timing.source != "none" and before is not None
    gap_s = turn.start - before.end if timed and before else 0.0
    first_agent = turn.speaker == "agent" and all(t.speaker != "agent" for t in turns[:i])
    own, back_last, back_earlier, given, again, again_twice = _given_back(turns, i)
    known_answer, says_said = _answered_with(turns, i)
    asks = float("?" in text or any(w in _ASKING for w in words))
    opening = words[:3]
    return [
        math.log1p(len(words)),
        float(text.endswith("?")),
        min(3, text.count("?")) / 3,
        float(sum(text.count(c) for c in ".?!") <= 1),
        float(is_listening(text)),
        float(openness(text) >= 0.85),
        float(first_agent and known > 0),
        early,
        late,
        known,
        own,
        back_last,
        back_earlier,
        given,
        again,
        float(any(w.isdigit() for w in words)),
        float(before is not None and before.text.strip().endswith("?")),
        float(before is not None and is_listening(before.text)),
        float(before is not None and openness(before.text) >= 0.85),
        float(timed),
        float(gap_s < -0.05),
        float(gap_s >= 5.0),
        float("so" in opening),
        float(any(w in {"you", "your", "you're", "you've"} for w in words)),
        float(any(w in {"i", "i'm", "i'll", "i've", "me", "my"} for w in words)),
        float(any(w in {"we", "we'll", "we've", "us", "our"} for w in words)),
        math.log1p(min(i, 12)),
        again_twice,
        known_answer,
        asks * known_answer,
        says_said,
        asks * says_said,
        float(_SAID.search(normalise(text)) is not None),
        float(bool(_NO.intersection(opening))),
    ]
