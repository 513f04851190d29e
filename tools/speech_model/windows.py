"""Training windows: utterances of one voice packed as the product packs a channel's speech, and their targets.

Conventions
-----------
- A window is 16 kHz float sound; features are faster-whisper's own: log-mel of the window alone, then zeros.
- Frames count 20 ms. A token's frames are its part of its word, by letters; a mark of punctuation belongs to the
  end of its word and the pause after it.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from tools.speech_model.corpus import KEPT_RATE_HZ
from tools.speech_model.model import N_PHONES
from tools.speech_model.tokenizer import END, NO_SPEECH, NO_TIMESTAMPS, START, TIMESTAMP_STEP_S, id_of

FRAME_S = 0.02
GAP_S = 0.2
IGNORED = -100
PUNCTUATION = (",", ".", "?")
Rows = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """One utterance of a shard: sound, tokens with their frames in ms, phones in ms."""

    text: str
    sound: NDArray[np.int16]
    tokens: NDArray[np.int32]
    phones: NDArray[np.int32]
    words: NDArray[np.int32]


@dataclass(slots=True)
class Window:
    """Sound and what is in it, times in ms of the window."""

    sound: list[NDArray[np.float32]] = field(default_factory=list)
    n_samples: int = 0
    tokens: list[Rows] = field(default_factory=list)
    phones: Rows = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return self.n_samples * 1000 // KEPT_RATE_HZ

    def add_sound(self, sound: NDArray[np.float32]) -> None:
        self.sound.append(sound)
        self.n_samples += len(sound)


def token_rows(tokenizer: Tokenizer, text: str, words: NDArray[np.int32]) -> NDArray[np.int32]:
    """(n, 3): token, start and end in ms."""
    rows: Rows = []
    for word, (start, end) in zip(text.split(), words.tolist(), strict=True):
        encoded = tokenizer.encode(f" {word}", add_special_tokens=False)
        lengths = [0 if token in PUNCTUATION else len(token.lstrip("Ġ")) for token in encoded.tokens]
        edges = start + np.cumsum([0, *lengths]) / max(1, sum(lengths)) * (end - start)
        for number, (token_id, token) in enumerate(zip(encoded.ids, encoded.tokens, strict=True)):
            if token in PUNCTUATION:
                rows.append((token_id, end - 40, end + 160))
            else:
                rows.append((token_id, round(edges[number]), round(edges[number + 1])))
    return np.array(rows, np.int32)


def read_shard(path: Path, tokenizer: Tokenizer) -> tuple[str, list[Utterance]]:
    """The shard's voice and its utterances; those that do not begin like a sentence are left out."""
    with np.load(path) as shard:
        sound, offsets, texts = shard["sound"], shard["offsets"], shard["texts"].tolist()
        word_ends, phone_ends = np.cumsum(shard["n_words"]), np.cumsum(shard["n_phones"])
        names = [zlib.crc32(name.encode()) % N_PHONES for name in shard["phone_names"].tolist()]
        words, phones, voice = shard["words"], shard["phones"].copy(), str(shard["voice"])
    phones[:, 0] = np.array(names, np.int32)[phones[:, 0]]
    utterances = []
    for i, text in enumerate(texts):
        if not text[0].isupper():
            continue
        own_words = words[word_ends[i - 1] if i else 0 : word_ends[i]]
        own_phones = phones[phone_ends[i - 1] if i else 0 : phone_ends[i]]
        own_sound = sound[offsets[i] : offsets[i + 1]]
        utterances.append(
            Utterance(text, own_sound, token_rows(tokenizer, text, own_words), own_phones, own_words)
        )
    return voice, utterances


def packed(utterances: Sequence[Utterance], rng: random.Random, *, longest_s: float) -> Window:
    """Utterances of one voice in a window of at most ``longest_s``, with the gaps of packed regions."""
    window = Window()
    gain = 10 ** (rng.uniform(-6, 6) / 20)
    for _ in range(40):
        one = rng.choice(utterances)
        before, after = rng.uniform(0.03, 0.29), rng.uniform(0.03, 0.29)
        first = max(0, round((one.words[0, 0] / 1000 - before) * KEPT_RATE_HZ))
        last = min(len(one.sound), round((one.words[-1, 1] / 1000 + after) * KEPT_RATE_HZ))
        gap = round(GAP_S * KEPT_RATE_HZ) if window.n_samples and rng.random() < 0.75 else 0
        if window.n_samples + gap + last - first > longest_s * KEPT_RATE_HZ:
            if window.n_samples:
                break
            continue
        window.add_sound(np.zeros(gap, np.float32))
        shift = window.now_ms - first * 1000 // KEPT_RATE_HZ
        window.add_sound(one.sound[first:last].astype(np.float32) * (gain / 32768))
        window.tokens.append([(t, a + shift, b + shift) for t, a, b in one.tokens.tolist()])
        window.phones += [(p, a + shift, b + shift) for p, a, b in one.phones.tolist()]
        window.words += [(a + shift, b + shift) for a, b in one.words.tolist()]
        window.texts.append(one.text)
    return window


@dataclass(slots=True)
class Batch:
    """Tensors of some windows: features (b, 80, 2 n), tokens in and out (b, m), and where they sound.

    ``spans`` (b, m, 2) are the first and last frame of the token to be said next, -1 where it has none.
    """

    features: Tensor
    inputs: Tensor
    targets: Tensor
    spans: Tensor
    frame_tokens: Tensor
    frame_phones: Tensor


class BatchMaker:
    """Windows into tensors."""

    def __init__(self, tokenizer: Tokenizer, *, n_text: int) -> None:
        self._extract = FeatureExtractor()
        self._filters = torch.from_numpy(np.asarray(self._extract.mel_filters, np.float32))
        self._hann = torch.hann_window(400)
        self.n_text = n_text
        self.end, self.start = id_of(tokenizer, END), id_of(tokenizer, START)
        self.no_speech, self.no_timestamps = id_of(tokenizer, NO_SPEECH), id_of(tokenizer, NO_TIMESTAMPS)
        self.first_stamp = self.no_timestamps + 1

    def features(self, sound: NDArray[np.float32]) -> Tensor:
        """(80, n) as faster-whisper computes them for one clip."""
        wave = torch.nn.functional.pad(torch.from_numpy(sound), (0, 160))
        power = torch.stft(wave, 400, 160, window=self._hann, return_complex=True)[:, :-1].abs() ** 2
        log = (self._filters @ power).clamp(min=1e-10).log10()
        return ((torch.maximum(log, log.max() - 8) + 4) / 4)[:, :-1]

    def _sequence(self, window: Window, *, stamped: bool) -> tuple[list[int], list[tuple[int, int]]]:
        """Tokens from the start mark to the end mark, and the frames of each (-1, -1 for none)."""
        none = (-1, -1)
        if not window.tokens:
            return [self.start, self.no_speech, self.end], [none] * 3
        ids, spans = [self.start], [none]
        if not stamped:
            ids.append(self.no_timestamps)
            spans.append(none)
        for rows in window.tokens:
            begin, finish = rows[0][1], max(end for _, _, end in rows[-2:])
            if stamped:
                self._stamp(begin, ids, spans)
            for token, a, b in rows:
                ids.append(token)
                spans.append((a // 20, max(a // 20, (b - 1) // 20)))
            if stamped:
                self._stamp(min(finish, window.now_ms), ids, spans)
        return [*ids, self.end], [*spans, none]

    def _stamp(self, time_ms: int, ids: list[int], spans: list[tuple[int, int]]) -> None:
        number = max(0, min(1500, round(time_ms / 1000 / TIMESTAMP_STEP_S)))
        ids.append(self.first_stamp + number)
        spans.append((max(0, number - 2), min(1499, number + 1)))

    def batch(self, windows: Sequence[Window], *, n_frames: int | None, stamped: Sequence[bool]) -> Batch:
        """Windows as tensors, padded to ``n_frames`` frames or to the longest."""
        mels = [self.features(np.concatenate(window.sound)) for window in windows]
        n_frames = n_frames or -(-max(mel.shape[1] for mel in mels) // 2)
        sequences = [self._sequence(w, stamped=s) for w, s in zip(windows, stamped, strict=True)]
        length = max(len(ids) for ids, _ in sequences) - 1
        size = len(windows)
        batch = Batch(
            features=torch.zeros(size, 80, 2 * n_frames),
            inputs=torch.full((size, length), self.end),
            targets=torch.full((size, length), IGNORED),
            spans=torch.full((size, length, 2), -1),
            frame_tokens=torch.full((size, n_frames), self.n_text),
            frame_phones=torch.full((size, n_frames), 0),
        )
        for i, (window, mel, (ids, spans)) in enumerate(zip(windows, mels, sequences, strict=True)):
            batch.features[i, :, : mel.shape[1]] = mel[:, : 2 * n_frames]
            n = len(ids) - 1
            batch.inputs[i, :n] = torch.tensor(ids[:-1])
            batch.targets[i, :n] = torch.tensor(ids[1:])
            if ids[1] == self.no_speech:
                batch.targets[i, 1:n] = IGNORED
            batch.spans[i, :n] = torch.tensor(spans[1:])
            for rows, target in (
                (_without_marks(window), batch.frame_tokens),
                (window.phones, batch.frame_phones),
            ):
                for value, a, b in rows:
                    target[i, a // 20 : max(a // 20 + 1, b // 20)] = value
        return batch


def _without_marks(window: Window) -> Iterator[tuple[int, int, int]]:
    """Tokens that sound: punctuation is known by its 200 ms that reach past the word's end."""
    for rows in window.tokens:
        for number, (token, a, b) in enumerate(rows):
            if number and b - a == 200 and a == rows[number - 1][2] - 40:
                continue
            yield token, a, b


def noise(rng: random.Random) -> Window:
    """A window in which nobody speaks."""
    window, generator = Window(), np.random.default_rng(rng.getrandbits(32))
    sound = generator.standard_normal(round(rng.uniform(1, 20) * KEPT_RATE_HZ)) * 10 ** rng.uniform(-4, -1.7)
    sound = np.convolve(sound, np.ones(rng.choice((3, 4, 6))) / 4, "same")
    window.add_sound(sound.astype(np.float32))
    return window
