"""A training checkpoint as a model directory that faster-whisper loads: CTranslate2, int8 weights.

Written: ``model.bin``, ``config.json``, ``vocabulary.json``, ``tokenizer.json``, ``preprocessor_config.json``, and
``manifest.json`` with the SHA-256 and size of each. The card ``README.md`` is written by hand and stays.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, whisper_spec

from tools.speech_model.model import Shape, SpeechModel, sinusoids
from tools.speech_model.objective import LOOKS
from tools.speech_model.tokenizer import END, id_of, read_tokenizer

MADE = ("model.bin", "config.json", "vocabulary.json", "tokenizer.json", "preprocessor_config.json")
MEL_SETTINGS = {
    "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80, "sampling_rate": 16000,
    "hop_length": 160, "n_fft": 400, "chunk_length": 30, "n_samples": 480000, "nb_max_frames": 3000,
    "padding_side": "right", "padding_value": 0.0, "return_attention_mask": False,
}  # fmt: skip


def _norm(spec: Any, norm: torch.nn.LayerNorm) -> None:
    spec.gamma, spec.beta = norm.weight.numpy(), norm.bias.numpy()


def _linear(spec: Any, linear: torch.nn.Module) -> None:
    spec.weight = linear.weight.numpy()
    if getattr(linear, "bias", None) is not None:
        spec.bias = linear.bias.numpy()


def _attention(spec: Any, attention: Any, *, own: bool) -> None:
    parts = [common_spec.LinearSpec() for _ in range(3)]
    for part, linear in zip(parts, (attention.query, attention.key, attention.value), strict=True):
        _linear(part, linear)
    if own:
        utils.fuse_linear(spec.linear[0], parts)
    else:
        utils.fuse_linear(spec.linear[0], parts[:1])
        utils.fuse_linear(spec.linear[1], parts[1:])
    _linear(spec.linear[-1], attention.out)


def _block(spec: Any, block: Any) -> None:
    _attention(spec.self_attention, block.attention, own=True)
    _norm(spec.self_attention.layer_norm, block.attention_norm)
    if hasattr(block, "cross"):
        _attention(spec.attention, block.cross, own=False)
        _norm(spec.attention.layer_norm, block.cross_norm)
    _linear(spec.ffn.linear_0, block.wide)
    _linear(spec.ffn.linear_1, block.narrow)
    _norm(spec.ffn.layer_norm, block.forward_norm)


def to_spec(model: SpeechModel) -> whisper_spec.WhisperSpec:
    """The model's weights in CTranslate2's description of Whisper."""
    shape = model.shape
    spec = whisper_spec.WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    for conv_spec, conv in ((spec.encoder.conv1, model.conv1), (spec.encoder.conv2, model.conv2)):
        conv_spec.weight, conv_spec.bias = conv.weight.numpy(), conv.bias.numpy()
    spec.encoder.position_encodings.encodings = sinusoids(shape.frames, shape.width).numpy()
    _norm(spec.encoder.layer_norm, model.encoder_norm)
    for layer, block in zip(spec.encoder.layer, model.encoder, strict=True):
        _block(layer, block)
    embedding = model.embedding.weight.numpy()
    spec.decoder.embeddings.weight = embedding
    spec.decoder.projection.weight = embedding
    spec.decoder.scale_embeddings = 1.0
    spec.decoder.position_encodings.encodings = model.decoder_positions.numpy()
    _norm(spec.decoder.layer_norm, model.decoder_norm)
    for layer, block in zip(spec.decoder.layer, model.decoder, strict=True):
        _block(layer, block)
    return spec


def convert(checkpoint: Path, tokenizer_path: Path, out: Path, *, quantization: str) -> None:
    """Write the model directory.

    Raises
    ------
    SystemExit
        The tokenizer and the checkpoint are not of one run.
    """
    saved = torch.load(checkpoint, weights_only=True)
    tokenizer = read_tokenizer(tokenizer_path)
    shape = Shape(**saved["shape"])
    if tokenizer.get_vocab_size() != shape.n_vocab:
        raise SystemExit(
            f"{tokenizer_path} has {tokenizer.get_vocab_size()} tokens, {checkpoint} {shape.n_vocab}"
        )
    model = SpeechModel(shape)
    model.load_state_dict(saved["model"])
    spec = to_spec(model.eval().requires_grad_(False))
    spec.register_vocabulary([tokenizer.id_to_token(number) for number in range(shape.n_vocab)])
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [id_of(tokenizer, END)]
    spec.config.lang_ids = [id_of(tokenizer, "<|en|>")]
    spec.config.alignment_heads = [
        (layer, head)
        for layer, looks in enumerate(LOOKS)
        for head, look in enumerate(looks)
        if look == "next" and layer == len(LOOKS) - 1
    ]
    spec.validate()
    spec.optimize(quantization=quantization)
    out.mkdir(parents=True, exist_ok=True)
    spec.save(str(out))
    shutil.copyfile(tokenizer_path, out / "tokenizer.json")
    write_json(out / "preprocessor_config.json", MEL_SETTINGS)
    write_manifest(out, dict(saved["state"].items()))


def write_manifest(out: Path, training: dict[str, float]) -> None:
    files = {
        name: {
            "sha256": hashlib.sha256((out / name).read_bytes()).hexdigest(),
            "bytes": (out / name).stat().st_size,
        }
        for name in MADE
    }
    write_json(out / "manifest.json", {"name": out.name, "files": files, "training": training})


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--out", type=Path, default=Path("models/demo-en"))
    parser.add_argument("--quantization", default="int8")
    options = parser.parse_args()
    convert(
        options.run / "checkpoint.pt",
        options.run / "tokenizer.json",
        options.out,
        quantization=options.quantization,
    )
    size = np.sum([path.stat().st_size for path in options.out.iterdir()])
    print(f"{options.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
