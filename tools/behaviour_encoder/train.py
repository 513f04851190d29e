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

from qa.behaviours.windows import LAYOUT
from qa.learn.rows import Example, bucket, load_labels
from tools.behaviour_encoder.data import Batch, Seen, Tokens, batch, batches, behaviours_of

ROWS = 32
"""The loss is a sum over turns by this: about the turns of a batch."""


class Network(nn.Module):
    """BERT, the mean vector of each sentence, one weight vector per behaviour, log-sum-exp over a turn's sentences."""

    def __init__(self, minilm: Path, behaviours: int, dropout: float) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(minilm, add_pooling_layer=False, attn_implementation="sdpa")
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(384, behaviours)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -4.0)

    def forward(self, part: Batch) -> torch.Tensor:
        """(turns, behaviours) logits."""
        hidden = self.bert(
            input_ids=part.ids, token_type_ids=part.types, attention_mask=part.mask
        ).last_hidden_state
        judged = part.where >= 0
        place, vectors = part.where[judged], hidden[judged].float()
        count = int(part.sentences.max()) + 1
        sums = torch.zeros(count, vectors.shape[1]).index_add(0, place, vectors)
        size = torch.zeros(count).index_add(0, place, torch.ones(len(place)))
        strengths = self.head(self.dropout(sums / size.clamp(min=1).unsqueeze(-1))).float()
        strengths = strengths.masked_fill((size == 0).unsqueeze(-1), -1e4)
        of_turn = strengths[part.sentences.clamp(min=0)]
        return torch.logsumexp(of_turn.masked_fill((part.sentences < 0).unsqueeze(-1), -1e4), 1)


def read(
    network: Network, examples: list[Example], tokens: Tokens, behaviours: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(turns, behaviours) logits, labels and which of them count."""
    network.eval()
    seen = [s for e in examples for s in tokens.windows(e)]
    out, truth, counts = [], [], []
    with torch.no_grad():
        for begin in range(0, len(seen), 8):
            part = batch(seen[begin : begin + 8], behaviours)
            out.append(network(part).numpy())
            truth.append(part.target.numpy() > 0)
            counts.append(part.weight.numpy() > 0)
    network.train()
    return np.concatenate(out), np.concatenate(truth), np.concatenate(counts)


def windows(
    examples: list[Example], tokens: Tokens, rng: random.Random, args: argparse.Namespace
) -> list[Seen]:
    """An epoch: every utterance once, every call as often as told, cut and bent anew."""
    return [
        s
        for e in examples
        for _ in range(args.call_passes if e.whole_call else 1)
        for s in tokens.windows(e, rng, noise_share=args.noise, call_weight=args.call_weight)
    ]


def fit(
    network: Network,
    examples: list[Example],
    tokens: Tokens,
    behaviours: list[str],
    args: argparse.Namespace,
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
    rng = random.Random(args.seed)
    began, step = time.time(), 0
    for epoch in range(args.epochs):
        parts = list(batches(windows(examples, tokens, rng, args), rng, tokens=args.tokens))
        for number, part in enumerate(parts):
            done = (epoch + number / len(parts)) / args.epochs
            share = min(1.0, 10 * done + 0.01) * max(0.02, 0.5 * (1 + math.cos(math.pi * done)))
            for group, rate in zip(optimizer.param_groups, (args.rate, args.head_rate), strict=True):
                group["lr"] = rate * share
            tensors = batch(part, behaviours)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
                logits = network(tensors)
            loss = functional.binary_cross_entropy_with_logits(logits, tensors.target, reduction="none")
            loss = (loss * tensors.weight).sum() / ROWS
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 50 == 0:
                print(
                    f"epoch {epoch + 1}/{args.epochs} {number + 1}/{len(parts)} loss {loss.item():.3f} "
                    f"{time.time() - began:.0f} s",
                    flush=True,
                )


def best_f1(logits: np.ndarray, truth: np.ndarray, counts: np.ndarray) -> float:
    """Micro F1 at each behaviour's own best threshold: a look at the run, not a figure to report."""
    hits = said = there = 0
    for k in range(logits.shape[1]):
        mine = counts[:, k]
        order = np.argsort(-logits[mine, k])
        y = truth[mine, k][order]
        if not y.any():
            continue
        right = np.cumsum(y)
        best = int(np.argmax(2 * right / (np.arange(len(y)) + 1 + y.sum())))
        hits, said, there = hits + int(right[best]), said + best + 1, there + int(y.sum())
    return 2 * hits / max(1, said + there)


def _save_encoder(network: Network, behaviours: list[str], minilm: Path, folder: Path) -> None:
    import json

    from qa.sentence_model import build_encoder

    tensors = {k: v.float().numpy().copy() for k, v in network.bert.state_dict().items()}
    build_encoder(tensors, minilm / "tokenizer.json", folder)
    np.savez(
        folder / "behaviours.npz",
        weights=network.head.weight.detach().numpy().astype(np.float32),
        bias=network.head.bias.detach().numpy().astype(np.float32),
    )
    told = {"behaviours": behaviours, "layout": LAYOUT}
    (folder / "behaviours.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, default=Path("data/labels"))
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--part", default="all")
    parser.add_argument("--out", type=Path, default=Path("build/encoder"))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=1600, help="in a batch")
    parser.add_argument("--call-passes", type=int, default=2, help="over the calls in an epoch")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--head-rate", type=float, default=3e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--call-weight", type=float, default=2.0)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--freeze", type=int, default=2)
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
    behaviours = behaviours_of(labels.training)
    tokens = Tokens(args.minilm / "tokenizer.json")
    network = Network(args.minilm, len(behaviours), args.dropout)
    print(f"part {args.part}: {len(training)} examples, {len(behaviours)} behaviours", flush=True)
    fit(network, list(training), tokens, behaviours, args)
    name = "encoder" if args.part == "all" else f"encoder-{args.part.replace('/', 'of')}"
    _save_encoder(network, behaviours, args.minilm, args.out / name)
    calls = [e for e in (share or labels.held_back) if e.whole_call]
    if calls:
        value = best_f1(*read(network, calls, tokens, behaviours))
        print(f"unseen whole calls: micro F1 {value:.3f} (network alone, best thresholds)")
    print("done", flush=True)


if __name__ == "__main__":
    sys.exit(main())
