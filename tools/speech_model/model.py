"""Whisper's architecture in PyTorch, small, with the extra outputs that training is led by.

Conventions
-----------
- The layers are Whisper's own (two convolutions, sinusoidal positions, pre-norm blocks, tied output), so that
  the weights go into CTranslate2 unchanged. ``frames`` count 20 ms each, after the second convolution.
- Attention starts out local: with sinusoidal positions, a query that is its key turned by some frames attends
  that many frames away. Learning this from nothing is what takes most of the time otherwise.
- The last decoder layer starts out as a copier: what it attends to goes straight to the output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

ENCODER_OFFSETS = ((-4, -1, 1, 4), (-9, -3, 3, 9), (-14, -5, 5, 14), (-20, 0, 8, 20))
DECODER_OFFSETS = (-1, -2, 0, None)
LOCAL_SCALE = 1.0
EMBEDDING_STD = 0.05
N_PHONES = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model."""

    n_vocab: int
    n_text: int
    width: int = 256
    heads: int = 4
    encoder_layers: int = 4
    decoder_layers: int = 3
    mels: int = 80
    frames: int = 1500
    context: int = 448
    phone_layer: int = 2


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's fixed positions, (length, width): sines, then cosines."""
    step = math.log(10000) / (width // 2 - 1)
    turns = torch.arange(length)[:, None] * torch.exp(-step * torch.arange(width // 2))[None, :]
    return torch.cat([turns.sin(), turns.cos()], dim=1)


class Attention(nn.Module):
    """Multi-head attention as Whisper has it: no bias on the keys."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(
        self, x: Tensor, source: Tensor, *, causal: bool = False, weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """(batch, n, width) attended, and the log-weights (batch, heads, n, m) where asked for."""
        q, k, v = self._split(self.query(x)), self._split(self.key(source)), self._split(self.value(source))
        log_weights = None
        if weights:
            scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1])
            log_weights = scores.log_softmax(-1)
            mixed = log_weights.exp().to(v.dtype) @ v
        else:
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(mixed.transpose(1, 2).flatten(2)), log_weights

    @torch.no_grad()
    def make_local(self, offsets: tuple[int | None, ...], *, width: int) -> None:
        """Head ``h`` begins attending ``offsets[h]`` positions away; None leaves it as it was."""
        size = width // self.heads
        pairs = size // 2
        rates = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
        chosen = torch.arange(pairs) * 2  # from 1 down to about 0.01 radians a position
        for head, offset in enumerate(offsets[: self.heads]):
            if offset is None:
                continue
            angle = rates[chosen] * offset
            for number, pair in enumerate(chosen.tolist()):
                a, b = head * size + 2 * number, head * size + 2 * number + 1
                sin, cos = math.sin(angle[number]), math.cos(angle[number])
                self.key.weight[a, pair] += LOCAL_SCALE
                self.key.weight[b, width // 2 + pair] += LOCAL_SCALE
                self.query.weight[a, pair] += LOCAL_SCALE * cos
                self.query.weight[a, width // 2 + pair] += LOCAL_SCALE * sin
                self.query.weight[b, width // 2 + pair] += LOCAL_SCALE * cos
                self.query.weight[b, pair] -= LOCAL_SCALE * sin


class Block(nn.Module):
    """Self-attention, cross-attention in the decoder, feed-forward; norms first."""

    def __init__(self, width: int, heads: int, *, cross: bool) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        if cross:
            self.cross_norm, self.cross = nn.LayerNorm(width), Attention(width, heads)
        self.forward_norm = nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, source: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        normed, log_weights = self.attention_norm(x), None
        x = x + self.attention(normed, normed, causal=source is not None)[0]
        if source is not None:
            mixed, log_weights = self.cross(self.cross_norm(x), source, weights=True)
            x = x + mixed
        return x + self.narrow(functional.gelu(self.wide(self.forward_norm(x)))), log_weights


@dataclass(slots=True)
class Heard:
    """What one pass gives: next-token logits, cross log-weights per layer, frame logits."""

    logits: Tensor
    log_weights: list[Tensor]
    encoded: Tensor
    phones: Tensor


class SpeechModel(nn.Module):
    """Encoder, decoder and the two frame heads that only training uses (phones, tokens)."""

    positions: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.conv1 = nn.Conv1d(shape.mels, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(shape.frames, width), persistent=False)
        self.encoder = nn.ModuleList(
            Block(width, shape.heads, cross=False) for _ in range(shape.encoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(width)
        self.embedding = nn.Embedding(shape.n_vocab, width)
        self.decoder_positions = nn.Parameter(sinusoids(shape.context, width) * EMBEDDING_STD)
        self.decoder = nn.ModuleList(
            Block(width, shape.heads, cross=True) for _ in range(shape.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(width)
        self.phone_head = nn.Linear(width, N_PHONES)
        self.blank = nn.Parameter(torch.zeros(width))
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        width = self.shape.width
        nn.init.normal_(self.embedding.weight, std=EMBEDDING_STD)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02 if module is not self.phone_head else 0.05)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for number, block in enumerate(self.encoder):
            block.attention.make_local(ENCODER_OFFSETS[number % len(ENCODER_OFFSETS)], width=width)
        for block in self.decoder:
            nn.init.normal_(block.cross.value.weight, std=0.03)
            nn.init.normal_(block.cross.query.weight, std=0.06)
            nn.init.normal_(block.cross.key.weight, std=0.06)
        self.decoder[0].attention.make_local(DECODER_OFFSETS, width=width)
        last = self.decoder[-1].cross
        last.value.weight.copy_(torch.eye(width))
        last.out.weight.copy_(torch.eye(width))

    def encode(self, features: Tensor, *, first_frame: int = 0) -> tuple[Tensor, Tensor]:
        """(batch, mels, 2 n) to (batch, n, width), and the layer that the phones are read from."""
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(features)))).transpose(1, 2)
        x = x + self.positions[first_frame : first_frame + x.shape[1]]
        between = x
        for number, block in enumerate(self.encoder):
            x, _ = block(x)
            if number + 1 == self.shape.phone_layer:
                between = x
        return self.encoder_norm(x), between

    def decode(self, tokens: Tensor, encoded: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(batch, n) tokens to (batch, n, vocabulary) logits and the cross log-weights of every layer."""
        x = self.embedding(tokens) + self.decoder_positions[: tokens.shape[1]]
        all_weights = []
        for block in self.decoder:
            x, log_weights = block(x, encoded)
            all_weights.append(log_weights)
        return self.decoder_norm(x) @ self.embedding.weight.T, all_weights

    def frame_logits(self, encoded: Tensor) -> Tensor:
        """(n, width) encoded frames to (n, text tokens + 1): which token sounds there; the last is none."""
        text = self.embedding.weight[: self.shape.n_text]
        return encoded @ torch.cat([text, self.blank[None]]).T

    def forward(self, features: Tensor, tokens: Tensor, *, first_frame: int = 0) -> Heard:
        encoded, between = self.encode(features, first_frame=first_frame)
        logits, log_weights = self.decode(tokens, encoded)
        return Heard(logits, log_weights, encoded, self.phone_head(between))
