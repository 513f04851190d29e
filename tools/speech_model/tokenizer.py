"""A byte-level BPE tokenizer in Whisper's form, small, made from the training texts.

Text tokens come first, then ``<|endoftext|>`` and the other marks, then 1501 timestamps: faster-whisper and
CTranslate2 rely on that order. The vocabulary is far below 51,865 entries, so both take the model as English-only.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
START = "<|startoftranscript|>"
NO_SPEECH = "<|nospeech|>"
NO_TIMESTAMPS = "<|notimestamps|>"
MARKS = (
    END, START, "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
    NO_SPEECH, NO_TIMESTAMPS,
)  # fmt: skip
TIMESTAMP_STEP_S = 0.02
N_TIMESTAMPS = 1501
SEEN_ALONE = 2000  # each letter after a space this often: a word of any letters can then be written


def train_tokenizer(texts: Iterable[str], *, n_text_tokens: int) -> Tokenizer:
    """The tokenizer; ids below ``n_text_tokens`` are text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alone = [f" {sign}" for sign in (*string.ascii_letters, "'", "-") for _ in range(SEEN_ALONE)]
    trainer = trainers.BpeTrainer(
        vocab_size=n_text_tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((*alone, *(f" {text}" for text in texts)), trainer)
    stamps = [f"<|{number * TIMESTAMP_STEP_S:.2f}|>" for number in range(N_TIMESTAMPS)]
    tokenizer.add_special_tokens([*MARKS, *stamps])
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))


def id_of(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise SystemExit(f"the tokenizer has no {token}: make it again")
    return int(found)
