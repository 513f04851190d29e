"""How the agent comes in on the customer: the facts that tell an interruption from a sign of listening.

Conventions
-----------
- An entry is the start of an agent's turn while a customer's turn is going on, or just after it broke off.
- Overlap and hold times come from the speech regions of the two channels where there are any, else from the
  turns' own times. Seconds throughout.
- Whether a clause was finished is told from its words: punctuation where the transcript has it, else the last
  word ("and", "the", "because" leave a clause open).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.behaviours.reading import Reading
from qa.text import normalise
from qa.values import Span, Turn

SAME_START_S = 0.2
"""Two who begin within this of each other began together (the behaviour's definition)."""
BREAK_OFF_S = 0.5
"""A speaker who stops within this of the other's start has broken off (the behaviour's definition)."""
REFINE_S = 0.6
"""A word time is corrected to the edge of a speech region this near: recognisers place words within about that."""
OPEN = 0.85
"""A clause at least this unfinished was surely not over."""
_BROKEN_OFF = re.compile(r"(?:--|—|–|-|\.\.\.|…)[\"')]*$")
_FINISHED = re.compile(r"[.?!][\"')]*$")
_LISTENING = re.compile(
    r"^(?:\W*\b(?:mm+|m+hm+|mhm|uh[ -]?huh|hm+|huh|yeah|yes|yep|yup|aye|right|okay|ok|oh|ah|i see|sure|gotcha|no|"
    r"of course|wow|really|dear|gosh|god|goodness|my|so|course|exactly|absolutely|true|fair enough|got it|"
    r"go on|oh no|oh dear|bless|noted|understood|well)\b\W*){1,5}$"
)
_OPEN_WORDS = """
a an the and or but so because cause which who if when while then than as of to on at for from with by into my
your his her our their these i i'm i've i'd we we've we're you're he he's she she's they they've they're it's is
was are were am be been being has had does did can could will would should might must not just really very like
even still also um uh er don't didn't can't isn't wasn't won't there's what's how why until unless since although
"""
_OPEN_ENDS = frozenset(_OPEN_WORDS.split())


@dataclass(frozen=True, slots=True)
class Entry:
    """The agent comes in: indices of both turns, and what the clocks and the words say about it."""

    turn: int
    floor: int
    start: float
    overlap_s: float
    held_s: float
    """How long the customer had been speaking."""
    after_s: float
    """How long the customer went on speaking after the agent's start (negative: had stopped before)."""
    agent_s: float
    """How long the agent spoke in this turn."""
    unfinished: float
    """How open the customer's clause was, 0 to 1."""
    listening: bool
    """The agent's words are only signs of listening."""
    asked: bool
    """The customer had just finished a question."""

    @property
    def yielded(self) -> str:
        """Who gave way: "customer", "agent" or "nobody"."""
        if self.after_s <= 1.0 and self.unfinished >= 0.5:
            return "customer"
        return "agent" if self.agent_s < self.after_s else "nobody"


def is_listening(text: str) -> bool:
    """Whether the words are nothing but signs of listening ("mm-hm", "oh no", "I see")."""
    plain = normalise(text).strip()
    return bool(plain) and bool(_LISTENING.match(plain))


def is_punctuated(turns: Sequence[Turn]) -> bool:
    """Whether the transcript sets full stops: then a turn without one at its end was not finished."""
    return 2 * sum(bool(_FINISHED.search(t.text.rstrip())) for t in turns) >= len(turns)


def openness(said: str, *, punctuated: bool = False) -> float:
    """How unfinished the words leave their clause: 0 finished, 1 broken off, about a half: can't be told."""
    plain = normalise(said).strip()
    if not plain:
        return 0.0
    if _BROKEN_OFF.search(plain):
        return 1.0
    if _FINISHED.search(plain):
        return 0.0
    last = re.findall(r"[\w']+", plain)[-1:] or [""]
    if punctuated or plain.endswith(",") or last[0] in _OPEN_ENDS:
        return 0.9
    return 0.4


def _said_until(turn: Turn, time_s: float) -> str:
    """The words of the turn that began before ``time_s``; all of them where word times are missing."""
    if not turn.words:
        return turn.text
    said = [w for w in turn.words if w.start < time_s]
    if len(said) == len(turn.words):
        return turn.text
    return " ".join(w.word.strip() for w in said)


def _edge(spans: Sequence[Span], time_s: float, *, end: bool) -> float:
    """The region edge nearest to ``time_s`` within ``REFINE_S``, else ``time_s`` itself."""
    edges = [s.end if end else s.start for s in spans]
    near = [e for e in edges if abs(e - time_s) <= REFINE_S]
    return min(near, key=lambda e: abs(e - time_s)) if near else time_s


def _floor_turn(turns: Sequence[Turn], agent: int) -> int | None:
    """The customer's turn that was going on, or broke off, when this agent's turn began."""
    start = turns[agent].start
    best: int | None = None
    for i in range(max(0, agent - 6), min(len(turns), agent + 3)):
        t = turns[i]
        if t.speaker != "customer" or t.start > start - SAME_START_S:
            continue
        if t.end >= start - BREAK_OFF_S and (best is None or t.end > turns[best].end):
            best = i
    return best


def _open_at(turn: Turn, start: float, *, real_times: bool, punctuated: bool) -> float:
    """How open the customer's clause was at ``start``."""
    whole = openness(turn.text, punctuated=punctuated)
    if not real_times or turn.end <= start + BREAK_OFF_S:
        return whole
    said = _said_until(turn, start)
    if said == turn.text:
        return whole
    # The customer went on: mid-sentence unless what was said so far ended one.
    return max(openness(said), OPEN) if not _FINISHED.search(normalise(said).strip()) else 0.1


def entry(reading: Reading, agent: int) -> Entry | None:
    """The entry at this agent's turn; None where the customer was not speaking."""
    turns, timing = reading.turns, reading.call.timing
    floor = _floor_turn(turns, agent)
    if floor is None:
        return None
    mine, theirs = turns[agent], turns[floor]
    start, end, held_from = mine.start, theirs.end, theirs.start
    if timing.source == "sound":
        start = _edge(timing.agent, start, end=False)
        end = _edge(timing.customer, end, end=True)
        held_from = _edge(timing.customer, held_from, end=False)
    if start - held_from < SAME_START_S:
        return None
    real_times = timing.source in {"words", "sound"}
    said = _said_until(theirs, start) if real_times else theirs.text
    unfinished = _open_at(theirs, start, real_times=real_times, punctuated=is_punctuated(turns))
    overlap_s = max(0.0, min(end, mine.end) - start)
    if overlap_s == 0.0 and unfinished < OPEN:
        return None
    return Entry(
        turn=agent,
        floor=floor,
        start=start,
        overlap_s=overlap_s,
        held_s=start - held_from,
        after_s=end - start,
        agent_s=mine.end - start,
        unfinished=unfinished,
        listening=is_listening(mine.text),
        asked=normalise(said).strip().endswith("?"),
    )


def entries(reading: Reading) -> tuple[Entry, ...]:
    """Every entry of the agent, by time."""
    found = (entry(reading, i) for i, t in enumerate(reading.turns) if t.speaker == "agent")
    return tuple(e for e in found if e is not None)
