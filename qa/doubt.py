"""Text that a speech model gave and nobody said: how it is recognised, and marked.

Conventions: doubtful words are kept and shown, never scored. The signs are of four kinds: the model's own doubt,
text that loops or compresses too well (loops come with high confidence), more text than time, and sentences
that models are known to say to silence and music.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from pydantic import BaseModel, ConfigDict

from qa.settings import load_settings
from qa.values import Word
from qa.yaml_file import load_model

MAX_COMPRESSION_RATIO = 2.4  # thresholds of the reference implementation of Whisper
MIN_AVG_LOGPROB = -1.0
MAX_NO_SPEECH = 0.6
MIN_WORD_PROBABILITY = 0.15
MAX_LETTERS_PER_S = 35.0  # nobody speaks faster; text beyond it was not heard
LOOP_REPEATS = 4  # the same one to four words this often in a row


class PhantomPhrases(BaseModel):
    """Sentences that no call holds and the model is known to invent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    phrases: tuple[str, ...]


def is_doubtful(text: str, avg_logprob: float, no_speech: float, spoken_s: float) -> bool:
    """Whether a stretch of text is likely not what was said.

    The signs: it loops, compresses too well, the model is unsure of it all, it takes it for no speech, or it
    is more text than anybody can say in that time. Loops come with high confidence, so they are looked for.
    """
    if not text:
        return False
    raw = text.encode()
    if len(raw) > 60 and len(raw) / len(zlib.compress(raw)) > MAX_COMPRESSION_RATIO:
        return True
    if loops(text) or is_phantom(text):
        return True
    if avg_logprob < MIN_AVG_LOGPROB or (no_speech > MAX_NO_SPEECH and avg_logprob < MIN_AVG_LOGPROB / 2):
        return True
    return spoken_s > 0 and len(text) / max(spoken_s, 0.2) > MAX_LETTERS_PER_S


@cache
def _phantom_phrases() -> frozenset[str]:
    path = load_settings().data / "settings" / "phantom_phrases.yaml"
    return frozenset(_letters(phrase) for phrase in load_model(path, PhantomPhrases).phrases)


def is_phantom(text: str) -> bool:
    """Whether the text is nothing but phrases that the model learned from subtitles and says to silence."""
    known = _phantom_phrases()
    sentences = [_letters(one) for one in re.split(r"[.!?\n]+", text)]
    return _letters(text) in known or all(one in known for one in sentences if one)


def phantoms_marked(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words, those of a phantom sentence among real ones marked; one or two words are left alone."""
    marked: list[Word] = []
    sentence: list[Word] = []
    for number, word in enumerate(words):
        sentence.append(word)
        if word.word.endswith((".", "!", "?")) or number == len(words) - 1:
            text = " ".join(one.word for one in sentence)
            is_invented = len(sentence) > 2 and _letters(text) in _phantom_phrases()
            marked += [replace(one, doubtful=one.doubtful or is_invented) for one in sentence]
            sentence = []
    return tuple(marked)


def _letters(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower()))


def loops(text: str) -> bool:
    """Whether one to four words come ``LOOP_REPEATS`` times or more in a row ("no no no" does not count)."""
    words = re.findall(r"[\w']+", text.lower())
    for size in (1, 2, 3, 4):
        needed = LOOP_REPEATS + 2 if size == 1 else LOOP_REPEATS
        run = 1
        for at in range(size, len(words) - size + 1, size):
            run = run + 1 if words[at : at + size] == words[at - size : at] else 1
            if run >= needed:
                return True
    return False


def mark_doubtful(words: Iterable[Word], *, all_of_it: bool) -> tuple[Word, ...]:
    """The words, doubtful ones marked: all of them, or each that the model itself hardly believes."""
    return tuple(
        replace(word, doubtful=True)
        if all_of_it or (word.probability is not None and word.probability < MIN_WORD_PROBABILITY)
        else word
        for word in words
    )
