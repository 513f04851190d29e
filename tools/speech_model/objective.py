"""What training minimises: the next token, and the three helpers that lead it there (see ``train``)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from tools.speech_model.model import Heard, SpeechModel
from tools.speech_model.windows import IGNORED, Batch

WRONG_INPUT_SHARE = 0.06
FRAME_SHARE = 0.5  # of the frames are read out in a step
LOOK_MARGIN = 2  # frames before and after a token that are as good
# Which token each head of each layer must find: "last" the one just said, "next" the one to be said.
LOOKS = (("last", None, None, None), ("last", "last", "next", None), ("next", "next", "next", None))


def attention_loss(heard: Heard, spans: Tensor) -> Tensor:
    """Minus log of the attention that each led head gives to its token's frames."""
    n_frames = heard.encoded.shape[1]
    frames = torch.arange(n_frames)
    losses = []
    for kind in ("last", "next"):
        wanted = spans if kind == "next" else torch.cat([torch.full_like(spans[:, :1], -1), spans[:, :-1]], 1)
        first, last = wanted[..., :1] - LOOK_MARGIN, wanted[..., 1:] + LOOK_MARGIN
        inside = (frames >= first) & (frames <= last)
        known = (wanted[..., 0] >= 0) & inside.any(-1)
        bias = torch.where(inside, 0.0, -1e4)[:, None]
        for weights, looks in zip(heard.log_weights, LOOKS, strict=True):
            heads = [number for number, look in enumerate(looks) if look == kind]
            if heads:
                mass = torch.logsumexp(weights[:, heads] + bias, -1)
                led = known[:, None].expand_as(mass)
                losses.append(-(mass.clamp(min=-15) * led).sum() / led.sum().clamp(min=1))
    return torch.stack(losses).mean()


def losses(model: SpeechModel, batch: Batch, inputs: Tensor, *, first_frame: int) -> dict[str, Tensor]:
    """Every part of what is minimised, each a mean."""
    with torch.autocast("cpu", torch.bfloat16):
        heard = model(batch.features, inputs, first_frame=first_frame)
        picked = torch.rand(batch.frame_tokens.shape) < FRAME_SHARE
        frame_logits = model.frame_logits(heard.encoded[picked])
    return {
        "text": functional.cross_entropy(
            heard.logits.float().flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED
        ),
        "frame": functional.cross_entropy(frame_logits.float(), batch.frame_tokens[picked]),
        "phone": functional.cross_entropy(heard.phones[picked].float(), batch.frame_phones[picked]),
        "look": attention_loss(heard, batch.spans),
    }


def with_wrong_inputs(batch: Batch, n_text: int) -> Tensor:
    """Some of the tokens said before are wrong, as they will be in use; the targets stay."""
    wrong = (torch.rand(batch.inputs.shape) < WRONG_INPUT_SHARE) & (batch.inputs < n_text)
    return torch.where(wrong, torch.randint(0, n_text, batch.inputs.shape), batch.inputs)


@torch.no_grad()
def check(model: SpeechModel, batches: Sequence[Batch]) -> dict[str, float]:
    """Held-out texts: losses, and the share of next tokens and of frames that are right."""
    model.eval()
    sums: dict[str, float] = {}
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16):
            heard = model(batch.features, batch.inputs)
            frames = model.frame_logits(heard.encoded).argmax(-1)
        known, sounding = batch.targets != IGNORED, batch.frame_tokens != model.shape.n_text
        found = {
            "text": float(functional.cross_entropy(heard.logits.float()[known], batch.targets[known])),
            "right": float((heard.logits.argmax(-1) == batch.targets)[known].float().mean()),
            "frames_right": float((frames == batch.frame_tokens)[sounding].float().mean()),
            "look": float(attention_loss(heard, batch.spans)),
        }
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + value / len(batches)
    model.train()
    return {name: round(value, 3) for name, value in sums.items()}
