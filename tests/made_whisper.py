"""A Whisper model of a few hundred kilobytes with random weights, written where a test wants it.

It hears nothing and says nonsense, but through the real library: windows, word times and languages take the
same way as with a trained model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import tokenizers
from ctranslate2.specs import WhisperSpec
from tokenizers import decoders, models, pre_tokenizers

WIDTH, HEADS, MELS, TEXT_POSITIONS = 32, 2, 80, 448
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


def write_random_whisper(folder: Path, *, seed: int = 0) -> Path:
    """A complete model directory of the shape that faster-whisper loads."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens += [*SPECIALS, *(f"<|{i * 0.02:.2f}|>" for i in range(1501))]
    _write_tokenizer(folder / "tokenizer.json", tokens)
    spec = _spec(np.random.default_rng(seed), len(tokens))
    spec.register_vocabulary(tokens)
    end = tokens.index("<|endoftext|>")
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [end]
    spec.config.lang_ids = [tokens.index("<|en|>")]
    spec.config.alignment_heads = [(0, 0), (0, 1)]
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    assert ctranslate2.contains_model(str(folder))
    return folder


def _write_tokenizer(path: Path, tokens: list[str]) -> None:
    alphabet = {token: number for number, token in enumerate(tokens[:256])}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([tokenizers.AddedToken(t, special=True) for t in tokens[256:]])
    tokenizer.save(str(path))


def _spec(rng: np.random.Generator, n_tokens: int) -> WhisperSpec:
    def weights(*shape: int) -> Any:
        return (rng.standard_normal(shape) * 0.08).astype(np.float32)

    def norm(spec: Any) -> None:
        spec.gamma, spec.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(spec: Any, n_out: int, n_in: int) -> None:
        spec.weight, spec.bias = weights(n_out, n_in), np.zeros(n_out, np.float32)

    def attention(spec: Any, *, own: bool) -> None:
        norm(spec.layer_norm)
        sizes = (3 * WIDTH, WIDTH) if own else (WIDTH, 2 * WIDTH, WIDTH)
        for one, size in zip(spec.linear, sizes, strict=True):
            linear(one, size, WIDTH)

    def feed_forward(spec: Any) -> None:
        norm(spec.layer_norm)
        linear(spec.linear_0, 4 * WIDTH, WIDTH)
        linear(spec.linear_1, WIDTH, 4 * WIDTH)

    spec = WhisperSpec(1, HEADS, 1, HEADS)
    spec.encoder.conv1.weight, spec.encoder.conv1.bias = weights(WIDTH, MELS, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.conv2.weight, spec.encoder.conv2.bias = weights(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.position_encodings.encodings = weights(1500, WIDTH)
    norm(spec.encoder.layer_norm)
    attention(spec.encoder.layer[0].self_attention, own=True)
    feed_forward(spec.encoder.layer[0].ffn)
    spec.decoder.embeddings.weight = weights(n_tokens, WIDTH)
    spec.decoder.position_encodings.encodings = weights(TEXT_POSITIONS, WIDTH)
    norm(spec.decoder.layer_norm)
    attention(spec.decoder.layer[0].self_attention, own=True)
    attention(spec.decoder.layer[0].attention, own=False)
    feed_forward(spec.decoder.layer[0].ffn)
    linear(spec.decoder.projection, n_tokens, WIDTH)
    return spec
