"""Trains the small speech model on the made corpus, by the clock: a run of N minutes, with checkpoints.

What leads the training, beside the next token's cross-entropy:

- the phones that sound in each frame, read half-way up the encoder;
- the text token that sounds in each frame, read from the encoder's output with the decoder's own embedding;
- the decoder's cross-attention, told from the made speech's word times: the last layer looks where the next
  token sounds, the layers before where the last one did. The last layer's heads later give the word times.

First part of the run: short windows anywhere on the position scale. Second part: windows as the product packs
them, filled up to 30 s.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import random
import time
import zlib
from collections.abc import Sequence, Set
from pathlib import Path

import torch
import yaml
from tokenizers import Tokenizer
from torch import Tensor, distributed, multiprocessing

from tools.speech_model.model import Shape, SpeechModel
from tools.speech_model.objective import check, losses, with_wrong_inputs
from tools.speech_model.texts import grammar_texts, labelled_texts, script_sentences, without
from tools.speech_model.tokenizer import read_tokenizer, train_tokenizer
from tools.speech_model.windows import (
    Batch,
    BatchMaker,
    Utterance,
    Window,
    noise,
    packed,
    read_shard,
)

PEAK_RATE, LAST_RATE_SHARE, WARM_UP_STEPS = 1.5e-3, 0.03, 250
SHORT_PART = 0.5  # of the run
STAMPED_SHARE, NOISE_SHARE = 0.2, 0.02
SHORT_WINDOWS_S = (5.0, 6.0, 8.0, 12.0)


def corpus_files(folder: Path, *, held: bool) -> list[Path]:
    """Shards of training or of held-out texts, each voice's in order."""
    return sorted(
        path
        for path in folder.glob("*.npz")
        if path.name.startswith("held") == held and ".part" not in path.name
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Worker:
    """One of some processes that train together, each on its own share of the corpus and with one thread.

    Where other work takes processor time, processes that meet once a step lose less of it than threads that
    meet in every operation.
    """

    rank: int = 0
    count: int = 1

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over all workers in place of each tensor."""
        if self.count == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.count
        for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def first_says(self, value: float) -> float:
        """The first worker's value, for all."""
        if self.count == 1:
            return value
        said = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(said, 0)
        return float(said)


class Corpus:
    """Utterances by voice, read again as further shards appear."""

    def __init__(
        self,
        folder: Path,
        tokenizer: Tokenizer,
        *,
        held: bool = False,
        forbidden: Set[str] = frozenset(),
        worker: Worker = Worker(),
    ) -> None:
        self.folder, self.tokenizer, self.held, self.forbidden = folder, tokenizer, held, forbidden
        self.worker = worker
        self.by_voice: dict[str, list[Utterance]] = {}
        self._read: set[Path] = set()
        self.refresh()

    def refresh(self) -> None:
        for path in corpus_files(self.folder, held=self.held):
            if (
                path not in self._read
                and zlib.crc32(path.name.encode()) % self.worker.count == self.worker.rank
            ):
                voice, utterances = read_shard(path, self.tokenizer)
                allowed = set(without([one.text for one in utterances], set(self.forbidden)))
                kept = [one for one in utterances if one.text in allowed]
                self.by_voice.setdefault(voice, []).extend(kept)
                self._read.add(path)

    def window(self, rng: random.Random, *, longest_s: float) -> Window:
        return packed(self.by_voice[rng.choice(sorted(self.by_voice))], rng, longest_s=longest_s)

    @property
    def n_utterances(self) -> int:
        return sum(len(one) for one in self.by_voice.values())


def next_batch(
    corpus: Corpus, maker: BatchMaker, rng: random.Random, *, longest_s: float | None, seconds: float
) -> Batch:
    """Windows of together about ``seconds`` of room, each up to ``longest_s``, or (None) filled up to 30 s."""
    n_frames: int | None
    if longest_s is None:
        n_frames, size = 1500, max(1, round(seconds / 30))
        lengths = [rng.uniform(3, 29) if rng.random() < 0.4 else rng.uniform(20, 29) for _ in range(size)]
    else:
        n_frames, lengths = None, [longest_s] * max(1, round(seconds / longest_s))
    windows = [
        noise(rng) if rng.random() < NOISE_SHARE else corpus.window(rng, longest_s=longest)
        for longest in lengths
    ]
    windows = [window if window.n_samples else noise(rng) for window in windows]
    if longest_s is not None:
        for window in windows:
            _cut(window, longest_s)
    return maker.batch(windows, n_frames=n_frames, stamped=[rng.random() < STAMPED_SHARE for _ in windows])


def _cut(window: Window, longest_s: float) -> None:
    """Noise may be longer than the others: it must not set the batch's length."""
    if not window.tokens:
        window.sound = [window.sound[0][: round(longest_s * 16000)]]
        window.n_samples = len(window.sound[0])


def weights_at(progress: float) -> dict[str, float]:
    """The helpers lead at first and fade, the text stays."""
    fade = max(0.0, 1 - progress)
    return {"text": 1.0, "frame": 0.5 + 0.5 * fade, "phone": 0.1 + 0.5 * fade, "look": 0.15 + 0.35 * fade}


def rate_at(step: int, progress: float) -> float:
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return (
        PEAK_RATE * min(1.0, (step + 1) / WARM_UP_STEPS) * (LAST_RATE_SHARE + (1 - LAST_RATE_SHARE) * cosine)
    )


def make_tokenizer(options: argparse.Namespace) -> Tokenizer:
    rules = yaml.safe_load(options.grammar.read_text(encoding="utf-8"))
    texts = labelled_texts(options.labels) * 2 + grammar_texts(rules, n=20000, seed=7)
    return train_tokenizer((text for text in texts if text[0].isupper()), n_text_tokens=options.text_tokens)


def save(path: Path, model: SpeechModel, optimiser: torch.optim.Optimizer, state: dict[str, float]) -> None:
    partial = path.with_suffix(".part")
    torch.save(
        {
            "shape": dataclasses.asdict(model.shape),
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "state": state,
        },
        partial,
    )
    partial.replace(path)


def main() -> None:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer_path = options.out / "tokenizer.json"
    if not tokenizer_path.exists():
        make_tokenizer(options).save(str(tokenizer_path))
    if options.workers == 1:
        train(0, options)
    else:
        multiprocessing.spawn(train, args=(options,), nprocs=options.workers)


def train(rank: int, options: argparse.Namespace) -> None:
    """One worker, from the last checkpoint if there is one, until the minutes are spent."""
    worker = Worker(rank, options.workers)
    if worker.count > 1:
        distributed.init_process_group(
            "gloo", init_method=f"file://{options.out.resolve()}/meet-{os.getppid()}", rank=rank,
            world_size=worker.count,
        )  # fmt: skip
    torch.set_num_threads(max(1, options.threads // worker.count))
    torch.manual_seed(options.seed)
    tokenizer = read_tokenizer(options.out / "tokenizer.json")
    corpus = Corpus(options.corpus, tokenizer, forbidden=script_sentences(options.scripts), worker=worker)
    model = SpeechModel(
        Shape(n_vocab=tokenizer.get_vocab_size(), n_text=options.text_tokens, width=options.width)
    )
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        betas=(0.9, 0.98), lr=PEAK_RATE, fused=True,
    )  # fmt: skip
    state = {"step": 0.0, "spent_s": 0.0, "heard_s": 0.0}
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        for group in optimiser.param_groups:
            group["fused"], group["foreach"] = True, None
        state = saved["state"]
    torch.manual_seed(options.seed + 1000 * rank + int(state["step"]))
    n_parameters = sum(p.numel() for p in model.parameters())
    print(f"{rank}: {n_parameters / 1e6:.2f} M parameters, {corpus.n_utterances} utterances", flush=True)
    run(options, worker, model, optimiser, corpus, state)


def run(
    options: argparse.Namespace,
    worker: Worker,
    model: SpeechModel,
    optimiser: torch.optim.Optimizer,
    corpus: Corpus,
    state: dict[str, float],
) -> None:
    """Steps until the minutes are spent; the first worker keeps the clock, the log and the checkpoints."""
    maker = BatchMaker(corpus.tokenizer, n_text=options.text_tokens)
    rng = random.Random(f"{options.seed}-{worker.rank}-{state['step']}")
    total_s = options.minutes * 60
    last = saved_at = time.monotonic()
    means: dict[str, float] = {}
    while (spent_s := worker.first_says(state["spent_s"])) < total_s:
        progress = spent_s / total_s
        parts, n_frames = step(
            options, worker, model, optimiser, corpus, maker, rng, int(state["step"]), progress
        )
        for name, value in parts.items():
            means[name] = 0.97 * means.get(name, value) + 0.03 * value
        now = time.monotonic()
        state["step"] += 1
        state["spent_s"] += now - last
        state["heard_s"] += n_frames * 0.02 * worker.count
        last = now
        if state["step"] % 50 == 0 and worker.rank == 0:
            print(json.dumps({name: round(value, 3) for name, value in (means | state).items()}), flush=True)
        if now - saved_at > options.save_every_s:
            saved_at = now
            corpus.refresh()
            if worker.rank == 0:
                save(options.out / "checkpoint.pt", model, optimiser, state)
                print("held out:", check(model, held_batches(options, corpus, maker)), flush=True)
    if worker.rank == 0:
        save(options.out / "checkpoint.pt", model, optimiser, state)


def step(
    options: argparse.Namespace,
    worker: Worker,
    model: SpeechModel,
    optimiser: torch.optim.Optimizer,
    corpus: Corpus,
    maker: BatchMaker,
    rng: random.Random,
    number: int,
    progress: float,
) -> tuple[dict[str, float], int]:
    """One step of all workers together: the parts of the loss, and the frames of this worker's batch."""
    alike = random.Random(f"{options.seed}-{number}")  # the same choice of size in every worker
    full = progress >= SHORT_PART or alike.random() < 0.03
    longest_s = alike.choice(SHORT_WINDOWS_S)
    seconds = options.seconds / worker.count
    batch = next_batch(corpus, maker, rng, longest_s=None if full else longest_s, seconds=seconds)
    n_frames = batch.frame_tokens.shape[1]
    for group in optimiser.param_groups:
        group["lr"] = rate_at(number, progress)
    parts = losses(
        model,
        batch,
        with_wrong_inputs(batch, options.text_tokens),
        first_frame=0 if full else rng.randint(0, 1500 - n_frames),
    )
    factors = weights_at(progress)
    optimiser.zero_grad(set_to_none=True)
    torch.stack([factors[name] * value for name, value in parts.items()]).sum().backward()
    worker.average([p.grad for p in model.parameters() if p.grad is not None])
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    if torch.isfinite(norm):
        optimiser.step()
    return {name: float(value.detach()) for name, value in parts.items()}, batch.frame_tokens.numel()


def held_batches(options: argparse.Namespace, corpus: Corpus, maker: BatchMaker) -> list[Batch]:
    """A few full windows of texts that are never trained on, always the same while no voice is added."""
    held = Corpus(options.corpus, corpus.tokenizer, held=True)
    if not held.by_voice:
        return []
    rng = random.Random(5)
    return [
        maker.batch([held.window(rng, longest_s=25) for _ in range(2)], n_frames=1500, stamped=[False] * 2)
        for _ in range(4)
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=85)
    parser.add_argument("--seconds", type=float, default=50, help="of sound in a step")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--text-tokens", type=int, default=1800)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--save-every-s", type=float, default=240)
    parser.add_argument("--labels", type=Path, default=Path("data/labels"))
    parser.add_argument("--grammar", type=Path, default=Path("tools/speech_model/grammar.yaml"))
    parser.add_argument("--scripts", type=Path, default=Path("data/demo/scripts"), help="never trained on")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
