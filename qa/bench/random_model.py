"""A Whisper model of a real shape with random weights, made on the spot: right for speed, deaf for words.

Conventions: it prints about as many tokens per window as speech gives (``TOKENS_PER_WINDOW``), is sure of each
and hardly repeats itself, so that neither side of a comparison hears windows twice for their text's sake. How:
output embeddings are large (a peaked choice), positions count as much as words, and from a certain position on
one direction that only ``<|endoftext|>`` answers to drowns everything else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOKENS_PER_WINDOW = 46  # counted on telephone speech packed into 30 s
N_MELS, N_AUDIO, N_TEXT, N_TIMESTAMPS = 80, 1500, 448, 1501
N_TEXT_TOKENS = 50256
SPECIALS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
END_DIRECTION, END_SIZE = 40.0, 12.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Width, attention heads, and layers of encoder and decoder alike."""

    width: int
    n_heads: int
    n_layers: int


SHAPES = {"tiny": Shape(384, 6, 4), "base": Shape(512, 8, 6), "small": Shape(768, 12, 12)}
"""The shapes of the published models of these names."""


def write_random_model(folder: Path, shape: Shape, *, seed: int = 0) -> Path:
    """A complete model directory that faster-whisper loads; English-only, int8 weights."""
    from ctranslate2.specs import WhisperSpec

    folder.mkdir(parents=True, exist_ok=True)
    tokens = _tokens()
    _write_tokenizer(folder / "tokenizer.json", tokens)
    spec = WhisperSpec(shape.n_layers, shape.n_heads, shape.n_layers, shape.n_heads)
    _fill(spec, _Weights(np.random.default_rng(seed), shape.width), tokens)
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.index("<|endoftext|>")]
    spec.config.lang_ids = [tokens.index("<|en|>")]
    spec.config.alignment_heads = [(shape.n_layers - 1, head) for head in range(2)]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": N_MELS}))
    return folder


def _tokens() -> list[str]:
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [f"Ġ{np.base_repr(number, 36).lower()}" for number in range(N_TEXT_TOKENS - len(alphabet))]
    words = [word if word not in alphabet else word + "x" for word in words]
    return [*alphabet, *words, *SPECIALS, *(f"<|{i * 0.02:.2f}|>" for i in range(N_TIMESTAMPS))]


def _write_tokenizer(path: Path, tokens: list[str]) -> None:
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers

    words = {token: number for number, token in enumerate(tokens[:N_TEXT_TOKENS])}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=words, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [tokenizers.AddedToken(token, special=True) for token in tokens[N_TEXT_TOKENS:]]
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(path))


@dataclass(frozen=True, slots=True)
class _Weights:
    """Random weights into the parts of a specification."""

    rng: np.random.Generator
    width: int

    def normal(self, *shape: int, size: float = 0.05) -> NDArray[np.float32]:
        return self.rng.standard_normal(shape, dtype=np.float32) * np.float32(size)

    def norm(self, spec: Any) -> None:
        spec.gamma, spec.beta = np.ones(self.width, np.float32), np.zeros(self.width, np.float32)

    def linear(self, spec: Any, n_out: int, n_in: int) -> None:
        spec.weight, spec.bias = self.normal(n_out, n_in), np.zeros(n_out, np.float32)

    def layer(self, spec: Any, *, decoder: bool) -> None:
        self.attention(spec.self_attention, (3, 1))
        if decoder:
            self.attention(spec.attention, (1, 2, 1))
        self.norm(spec.ffn.layer_norm)
        self.linear(spec.ffn.linear_0, 4 * self.width, self.width)
        self.linear(spec.ffn.linear_1, self.width, 4 * self.width)

    def attention(self, spec: Any, sizes: tuple[int, ...]) -> None:
        self.norm(spec.layer_norm)
        for one, size in zip(spec.linear, sizes, strict=True):
            self.linear(one, size * self.width, self.width)


def _fill(spec: Any, weights: _Weights, tokens: list[str]) -> None:
    width = weights.width
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights.normal(width, N_MELS, 3), np.zeros(width, np.float32)
    encoder.conv2.weight, encoder.conv2.bias = weights.normal(width, width, 3), np.zeros(width, np.float32)
    encoder.position_encodings.encodings = weights.normal(N_AUDIO, width)
    for part in (encoder, decoder):
        weights.norm(part.layer_norm)
        for layer in part.layer:
            weights.layer(layer, decoder=part is decoder)
    words = weights.normal(len(tokens), width, size=1.0)
    positions = weights.normal(N_TEXT, width, size=1.5)
    end = weights.normal(width, size=1.0)
    end /= np.float32(np.linalg.norm(end))
    words -= np.outer(words @ end, end)  # nothing else answers to the end's direction
    positions -= np.outer(positions @ end, end)
    positions[TOKENS_PER_WINDOW:] += np.float32(END_DIRECTION * np.sqrt(width)) * end
    words[tokens.index("<|endoftext|>")] = np.float32(END_SIZE) * end
    words[tokens.index("<|notimestamps|>") + 1 :] *= np.float32(0.5)  # times are rarely the likeliest token
    words[tokens.index("<|nospeech|>")] *= np.float32(0.1)
    decoder.embeddings.weight = words
    decoder.position_encodings.encodings = positions
    # Not the embeddings once more, as in trained models: random ones would say the same word again and again.
    out = words[weights.rng.permutation(len(tokens))]
    first_special = tokens.index("<|endoftext|>")
    out[first_special:] = words[first_special:]
    decoder.projection.weight, decoder.projection.bias = out, np.zeros(len(tokens), np.float32)
