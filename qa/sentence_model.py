"""Builds the sentence encoder's folder (CTranslate2, int8) from BERT weights in a safetensors file.

No torch is needed: the safetensors form is read here (a JSON header, then raw little-endian tensors) and laid
into CTranslate2's own specification.

Conventions: weights bear the names of Hugging Face's ``BertModel``. The result is deterministic: the same file
gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError

Tensors = Mapping[str, npt.NDArray[np.float32]]
HEADS = 12
"""Attention heads of the MiniLM-L6-H384 shape (its config.json)."""
_DTYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32}


def read_safetensors(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """All tensors of the file as float32.

    Raises
    ------
    ModelError
        The file is no safetensors file or holds a type this project does not use.
    """
    try:
        raw = path.read_bytes()
        (length,) = struct.unpack("<Q", raw[:8])
        header: dict[str, Any] = json.loads(raw[8 : 8 + length])
    except (OSError, struct.error, ValueError) as err:
        raise ModelError(
            f"{path} is no safetensors file ({err}); fetch it again: qa models fetch minilm"
        ) from err
    header.pop("__metadata__", None)
    body = memoryview(raw)[8 + length :]
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    for name, info in header.items():
        if info["dtype"] not in _DTYPES:
            raise ModelError(f"{path}: tensor {name} has type {info['dtype']}, which can't be used here")
        begin, end = info["data_offsets"]
        values = np.frombuffer(body[begin:end], dtype=_DTYPES[info["dtype"]])
        tensors[name] = values.reshape(info["shape"]).astype(np.float32)
    return tensors


def _linear(spec: Any, tensors: Tensors, *names: str) -> None:
    """One linear layer; several names are stacked (query, key and value in one product)."""
    spec.weight = np.concatenate([tensors[f"{n}.weight"] for n in names])
    spec.bias = np.concatenate([tensors[f"{n}.bias"] for n in names])


def _norm(spec: Any, tensors: Tensors, name: str) -> None:
    spec.gamma, spec.beta = tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _layer(spec: Any, tensors: Tensors, name: str) -> None:
    attention = f"{name}.attention"
    _linear(
        spec.self_attention.linear[0], tensors, *(f"{attention}.self.{p}" for p in ("query", "key", "value"))
    )
    _linear(spec.self_attention.linear[1], tensors, f"{attention}.output.dense")
    _norm(spec.self_attention.layer_norm, tensors, f"{attention}.output.LayerNorm")
    _linear(spec.ffn.linear_0, tensors, f"{name}.intermediate.dense")
    _linear(spec.ffn.linear_1, tensors, f"{name}.output.dense")
    _norm(spec.ffn.layer_norm, tensors, f"{name}.output.LayerNorm")


def build_encoder(tensors: Tensors, tokenizer: Path, target: Path) -> None:
    """Writes ``target`` (model.bin, config.json, vocabulary.json, tokenizer.json), replacing what was there."""
    from ctranslate2.specs import common_spec, transformer_spec

    layers = 1 + max(int(n.split(".")[2]) for n in tensors if n.startswith("encoder.layer."))
    encoder = transformer_spec.TransformerEncoderSpec(
        layers,
        HEADS,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = tensors["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = tensors["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = tensors["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, tensors, "embeddings.LayerNorm")
    for i, layer in enumerate(encoder.layer):
        _layer(layer, tensors, f"encoder.layer.{i}")
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    spec.register_vocabulary(sorted(vocabulary, key=vocabulary.__getitem__))
    spec.config.unk_token = "[UNK]"  # noqa: S105  (a vocabulary entry)
    spec.config.layer_norm_epsilon = 1e-12
    spec.validate()
    spec.optimize(quantization="int8")
    target.mkdir(parents=True, exist_ok=True)
    spec.save(str(target))
    shutil.copyfile(tokenizer, target / "tokenizer.json")
