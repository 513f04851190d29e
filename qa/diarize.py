"""One channel for two people: who says what.

Conventions
-----------
- A hidden chain of two states over utterances: each utterance speaks for the agent or the customer by its
  phrases, and a change of speaker is likelier after a question or a pause than in mid-talk.
- Every turn carries how sure its speaker is; the call as a whole carries a sentence that says what one
  channel can't show. Overlaps and interruptions are never measured on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.roles import agent_log_odds
from qa.turns import join_neighbours, turn_of, utterances
from qa.values import Speaker, Turn, Word

SPLIT_PAUSE_S = 0.35  # on one channel a change of speaker leaves a pause, most often a short one
CHANGE_AFTER_QUESTION = 0.85
CHANGE_AFTER_PAUSE = 0.5
CHANGE_OTHERWISE = 0.3
LONG_PAUSE_S = 0.8
MAX_LOG_ODDS = 3.0  # one utterance alone never decides beyond this
FIRST_IS_AGENT = 0.65  # who answers the phone mostly is the firm
NOTE = (
    "One channel holds both speakers: who speaks is told from what is said, and overlaps, interruptions and"
    " each side's share of talking can't be measured."
)


def turns_of_mono(words: Sequence[Word], *, data: Path | None = None) -> tuple[Turn, ...]:
    """The turns of a call whose speakers share one channel, each with how sure its speaker is."""
    said = [piece for one in utterances(words, pause_s=SPLIT_PAUSE_S) for piece in _sentences(one)]
    if not said:
        return ()
    texts = [" ".join(word.word for word in one) for one in said]
    odds = np.clip([agent_log_odds([text], data=data) for text in texts], -MAX_LOG_ODDS, MAX_LOG_ODDS)
    change = [_change_probability(before, after) for before, after in itertools.pairwise(said)]
    p_agent = _posterior(odds, change)
    turns = []
    for one, p in zip(said, p_agent.tolist(), strict=True):
        speaker: Speaker = "agent" if p >= 0.5 else "customer"
        turns.append(turn_of(speaker, one, confidence=round(max(p, 1 - p), 3)))
    return join_neighbours(turns)


def _sentences(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """An utterance cut after each question: its answer is rarely the same speaker's."""
    pieces: list[tuple[Word, ...]] = []
    start = 0
    for number, word in enumerate(words):
        if word.word.endswith("?") or number == len(words) - 1:
            pieces.append(tuple(words[start : number + 1]))
            start = number + 1
    return pieces


def _change_probability(before: Sequence[Word], after: Sequence[Word]) -> float:
    if before[-1].word.endswith("?"):
        return CHANGE_AFTER_QUESTION
    return CHANGE_AFTER_PAUSE if after[0].start - before[-1].end > LONG_PAUSE_S else CHANGE_OTHERWISE


def _posterior(odds: NDArray[np.float64], change: Sequence[float]) -> NDArray[np.float64]:
    """Probability of the agent per utterance: forward and backward over the two states."""
    says = np.stack([1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds))], axis=1)
    forward, backward = np.zeros_like(says), np.ones_like(says)
    forward[0] = says[0] * np.array([FIRST_IS_AGENT, 1 - FIRST_IS_AGENT])
    forward[0] /= forward[0].sum()
    for i in range(1, len(says)):
        forward[i] = says[i] * (_step(change[i - 1]).T @ forward[i - 1])
        forward[i] /= forward[i].sum()
    for i in range(len(says) - 2, -1, -1):
        backward[i] = _step(change[i]) @ (says[i + 1] * backward[i + 1])
        backward[i] /= backward[i].sum()
    both = forward * backward
    result: NDArray[np.float64] = both[:, 0] / both.sum(axis=1)
    return result


def _step(change: float) -> NDArray[np.float64]:
    return np.array([[1 - change, change], [change, 1 - change]])
