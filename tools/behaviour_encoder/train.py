"""Fine-tunes MiniLM on the labels; in parts, so that every labelled turn can be read by one that never saw it.

    python -m tools.behaviour_encoder.train --minilm FOLDER --part 0/2      (the second half of the labels)
    python -m tools.behaviour_encoder.train --minilm FOLDER --part 1/2      (the first)
    python -m tools.behaviour_encoder.train --minilm FOLDER --part all      (the one that is shipped)
    python -m tools.behaviour_encoder.readings --out build/encoder          (see there)

Part ``k/n`` trains without the k-th share of the training groups; ``all`` trains on everything but the
held-back calls. Needs torch and transformers (the ``train`` extra). A run is seeded; the arithmetic of several
threads makes bytes differ between machines.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import BertModel

from qa.learn.rows import Example, bucket, load_labels
from tools.behaviour_encoder.data import Row, Tokens, batch, behaviours_of, labelled_rows

CONTEXT_TURNS = 2
"""Turns before that the network reads along."""


class Network(nn.Module):
    """BERT, the mean vector of each sentence, one weight vector per behaviour, log-sum-exp over sentences."""

    def __init__(self, minilm: Path, behaviours: int, dropout: float) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(minilm, add_pooling_layer=False, attn_implementation="sdpa")
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(384, behaviours)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -4.0)

    def forward(self, ids, types, mask, where):  # type: ignore[no-untyped-def]
        hidden = self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        count = int(where.max()) + 1
        member = functional.one_hot(where + 1, count + 1)[:, :, 1:].to(hidden.dtype)
        size = member.sum(1)
        vectors = torch.einsum("bln,bld->bnd", member, hidden) / size.clamp(min=1).unsqueeze(-1)
        strengths = self.head(self.dropout(vectors)).float()
        strengths = strengths.masked_fill((size == 0).unsqueeze(-1), -1e4)
        return torch.logsumexp(strengths, 1)


def read(network: Network, rows: list[Row], tokens: Tokens, behaviours: list[str]) -> np.ndarray:
    """(rows, behaviours) logits."""
    network.eval()
    out = np.zeros((len(rows), len(behaviours)), dtype=np.float32)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].example.call.turns[rows[i].turn].text))
    with torch.no_grad():
        for begin in range(0, len(order), 64):
            part = order[begin : begin + 64]
            tensors = batch([rows[i] for i in part], tokens, behaviours, None, 0.0)
            out[part] = network(*tensors[:4]).numpy()
    network.train()
    return out


def fit(
    network: Network, rows: list[Row], tokens: Tokens, behaviours: list[str], args: argparse.Namespace
) -> None:
    for parameter in network.bert.embeddings.parameters():
        parameter.requires_grad_(False)
    for layer in network.bert.encoder.layer[: args.freeze]:
        for parameter in layer.parameters():
            parameter.requires_grad_(False)
    encoder = [p for p in network.bert.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": encoder, "lr": args.rate}, {"params": network.head.parameters(), "lr": args.head_rate}],
        weight_decay=0.01,
    )
    steps = int(args.epochs * (len(rows) // args.batch))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda s: min(1.0, (s + 1) / (0.1 * steps)) * max(0.02, 0.5 * (1 + math.cos(math.pi * s / steps))),
    )
    rng = random.Random(args.seed)
    rows, step, began = list(rows), 0, time.time()
    while step < steps:
        rng.shuffle(rows)
        span = args.batch * 20
        chunks = [
            sorted(rows[i : i + span], key=lambda r: len(r.example.call.turns[r.turn].text))
            for i in range(0, len(rows), span)
        ]
        batches = [c[i : i + args.batch] for c in chunks for i in range(0, len(c), args.batch)]
        rng.shuffle(batches)
        for part in batches:
            *inputs, target, weight = batch(part, tokens, behaviours, rng, args.noise, args.call_weight)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
                logits = network(*inputs)
            loss = functional.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
            loss = (loss * weight).sum() / len(part)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step % 50 == 0:
                print(f"step {step}/{steps} loss {loss.item():.3f} {time.time() - began:.0f} s", flush=True)
            if step >= steps:
                break


def f1(logits: np.ndarray, rows: list[Row], behaviours: list[str], threshold: float = -0.5) -> float:
    """Micro F1 over the labelled rows: a look at the run, not a figure to report."""
    index = {b: k for k, b in enumerate(behaviours)}
    truth = np.zeros_like(logits, dtype=bool)
    valid = np.zeros_like(truth)
    for i, row in enumerate(rows):
        for name in row.behaviours or ():
            if name in index:
                truth[i, index[name]] = True
        for name, k in index.items():
            valid[i, k] = name.startswith("customer_") == (row.speaker == "customer")
    said = (logits > threshold) & valid
    truth &= valid
    return float(2 * (said & truth).sum() / max(1, said.sum() + truth.sum()))


def _save_encoder(
    network: Network, behaviours: list[str], minilm: Path, folder: Path, context_tokens: int
) -> None:
    import json

    from qa.sentence_model import build_encoder

    tensors = {k: v.float().numpy() for k, v in network.bert.state_dict().items()}
    build_encoder(tensors, minilm / "tokenizer.json", folder)
    np.savez(
        folder / "behaviours.npz",
        weights=network.head.weight.detach().numpy().astype(np.float32),
        bias=network.head.bias.detach().numpy().astype(np.float32),
    )
    told = {"behaviours": behaviours, "context_tokens": context_tokens, "context_turns": CONTEXT_TURNS}
    (folder / "behaviours.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, default=Path("data/labels"))
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--part", default="all")
    parser.add_argument("--out", type=Path, default=Path("build/encoder"))
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--head-rate", type=float, default=3e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--call-weight", type=float, default=2.0)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--freeze", type=int, default=2)
    parser.add_argument("--context-tokens", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    torch.set_num_threads(args.threads)
    labels = load_labels(args.labels)
    share: list[Example] = []
    if args.part != "all":
        k, n = map(int, args.part.split("/"))
        share = [e for e in labels.training if bucket(f"fold {e.group}", n) == k]
    left_out = {e.group for e in share}
    training = tuple(e for e in labels.training if e.group not in left_out)
    rows = labelled_rows(training)
    behaviours = behaviours_of(labelled_rows(labels.training))
    tokens = Tokens(args.minilm / "tokenizer.json", args.context_tokens, CONTEXT_TURNS)
    network = Network(args.minilm, len(behaviours), args.dropout)
    print(f"part {args.part}: {len(rows)} turns to train on, {len(behaviours)} behaviours", flush=True)
    fit(network, rows, tokens, behaviours, args)
    name = "encoder" if args.part == "all" else f"encoder-{args.part.replace('/', 'of')}"
    _save_encoder(network, behaviours, args.minilm, args.out / name, args.context_tokens)
    judged = labelled_rows(tuple(share) if share else labels.held_back)
    calls = [r for r in judged if r.example.whole_call]
    if calls:
        value = f1(read(network, calls, tokens, behaviours), calls, behaviours)
        print(f"unseen whole calls: micro F1 {value:.3f} (network alone, one threshold)")
    print("done", flush=True)


if __name__ == "__main__":
    sys.exit(main())
