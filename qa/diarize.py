"""One channel for two people: who says what.

Conventions
-----------
- A hidden chain of two states over sentences: each speaks for one voice by its sound, and for the agent or the
  customer by its phrases; a change of speaker is likelier after a question or a pause than in mid-talk.
- The sound parts the two voices; which of them is the agent is told by everything that each one says.
- Every turn carries how sure its speaker is; the call as a whole carries a sentence that says what one
  channel can't show. Overlaps and interruptions are never measured on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.audio import Recording
from qa.roles import agent_log_odds
from qa.turns import join_neighbours, turn_of, utterances
from qa.values import Span, Speaker, Turn, Word
from qa.voices import two_voices

Floats = NDArray[np.float64]

SPLIT_PAUSE_S = 0.35  # on one channel a change of speaker leaves a pause, most often a short one
CHANGE_AFTER_QUESTION = 0.85
CHANGE_AFTER_PAUSE = 0.5
CHANGE_OTHERWISE = 0.3
LONG_PAUSE_S = 0.8
MAX_LOG_ODDS = 3.0  # one utterance alone never decides beyond this
FIRST_IS_AGENT = 0.65  # who answers the phone mostly is the firm
NOTE = (
    "One channel holds both speakers: who speaks is told from the voices and from what is said; overlaps,"
    " interruptions and loudness of each side can't be measured."
)


def turns_of_mono(
    words: Sequence[Word], recording: Recording | None = None, *, data: Path | None = None
) -> tuple[Turn, ...]:
    """The turns of a call whose speakers share one channel, each with how sure its speaker is.

    Parameters
    ----------
    recording
        Its first channel is the one both speak on; None judges by the words alone.
    """
    said = [piece for one in utterances(words, pause_s=SPLIT_PAUSE_S) for piece in _sentences(one)]
    if not said:
        return ()
    texts = [" ".join(word.word for word in one) for one in said]
    says = np.clip([agent_log_odds([text], data=data) for text in texts], -MAX_LOG_ODDS, MAX_LOG_ODDS)
    change = [_change_probability(before, after) for before, after in pairwise(said)]
    voices = None if recording is None else _voices(recording, said, change)
    by_words = posterior(says, change, first=FIRST_IS_AGENT)
    p_agent = by_words if voices is None else _named(voices, says, change)
    turns = []
    for one, p in zip(said, p_agent.tolist(), strict=True):
        speaker: Speaker = "agent" if p >= 0.5 else "customer"
        turns.append(turn_of(speaker, one, confidence=round(max(p, 1 - p), 3)))
    return join_neighbours(turns)


def _voices(recording: Recording, said: Sequence[Sequence[Word]], change: Sequence[float]) -> Floats | None:
    spans = [Span(one[0].start, max(word.end for word in one)) for one in said]
    return two_voices(recording, spans, lambda odds: posterior(odds, change, first=0.5))


def _named(voices: Floats, says: Floats, change: Sequence[float]) -> Floats:
    """Probability of the agent per piece: which voice is the agent's is told by all that each voice says."""
    sides = np.where(voices > 0.5, 1.0, -1.0)
    told = float(np.sum(sides * says)) + np.log(FIRST_IS_AGENT / (1 - FIRST_IS_AGENT)) * sides[0]
    p_first_is_agent = 1 / (1 + np.exp(-np.clip(told, -30, 30)))
    p_agent = voices if told >= 0 else 1 - voices
    certain = max(p_first_is_agent, 1 - p_first_is_agent)
    odds = np.log(np.clip(p_agent, 0.02, 0.98) / (1 - np.clip(p_agent, 0.02, 0.98))) + says / 2
    p_side: Floats = 0.5 + (posterior(odds, change, first=0.5) - 0.5) * (2 * certain - 1)
    return p_side


def _sentences(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """An utterance cut after each sentence: the next may be the other's, most of all after a question."""
    pieces: list[tuple[Word, ...]] = []
    start = 0
    for number, word in enumerate(words):
        if word.word.endswith((".", "?", "!")) or number == len(words) - 1:
            pieces.append(tuple(words[start : number + 1]))
            start = number + 1
    return pieces


def _change_probability(before: Sequence[Word], after: Sequence[Word]) -> float:
    if before[-1].word.endswith("?"):
        return CHANGE_AFTER_QUESTION
    return CHANGE_AFTER_PAUSE if after[0].start - before[-1].end > LONG_PAUSE_S else CHANGE_OTHERWISE


def posterior(odds: Floats, change: Sequence[float], *, first: float) -> Floats:
    """Probability of the first state (the agent) per utterance: forward and backward over the two states."""
    odds = np.clip(odds, -20.0, 20.0)
    says = np.stack([1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds))], axis=1)
    forward, backward = np.zeros_like(says), np.ones_like(says)
    forward[0] = says[0] * np.array([first, 1 - first])
    forward[0] /= forward[0].sum()
    for i in range(1, len(says)):
        forward[i] = says[i] * (_step(change[i - 1]).T @ forward[i - 1])
        forward[i] /= forward[i].sum()
    for i in range(len(says) - 2, -1, -1):
        backward[i] = _step(change[i]) @ (says[i + 1] * backward[i + 1])
        backward[i] /= backward[i].sum()
    both = forward * backward
    result: Floats = both[:, 0] / both.sum(axis=1)
    return result


def _step(change: float) -> Floats:
    return np.array([[1 - change, change], [change, 1 - change]])
