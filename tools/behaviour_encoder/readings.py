"""Reads every training turn with the encoder that was trained without it, and writes ``readings.npz``.

    python -m tools.behaviour_encoder.readings --out build/encoder

Each part's encoder is read through CTranslate2 in int8, as the shipped one is, so that the heads are fitted on
the same kind of numbers they will get.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from qa.behaviours.encoder import BehaviourEncoder
from qa.learn.rows import bucket, heard_badly_too, load_labels
from qa.learn.train import read_fresh


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, default=Path("data/labels"))
    parser.add_argument("--out", type=Path, default=Path("build/encoder"))
    parser.add_argument("--parts", type=int, default=2)
    args = parser.parse_args()
    labelled = load_labels(args.labels).training
    training = [*labelled, *heard_badly_too(labelled)]
    ids: list[str] = []
    strengths: list[np.ndarray] = []
    behaviours: tuple[str, ...] = ()
    for k in range(args.parts):
        encoder = BehaviourEncoder(args.out / f"encoder-{k}of{args.parts}")
        behaviours = encoder.behaviours
        share = [e for e in training if bucket(f"fold {e.group}", args.parts) == k]
        read = read_fresh(encoder, share)
        for e in share:
            ids += [f"{e.key}:{i}" for i in range(len(e.call.turns))]
            strengths.append(read[e.key])
        print(f"part {k}: {len(share)} examples read", flush=True)
    np.savez_compressed(
        args.out / "readings.npz",
        ids=np.array(ids),
        behaviours=np.array(behaviours),
        strengths=np.concatenate(strengths).astype(np.float16),
    )


if __name__ == "__main__":
    main()
