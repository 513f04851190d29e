"""How well a model directory hears held-out texts: word error rate and word-time error, through faster-whisper.

Conventions
-----------
- The sound is packed into windows as in the product, by the voices of the corpus, and no voice has said the text
  in training. Words are compared in lower case without punctuation; error is (wrong + left out + put in) / said.
- A word's time error is that of its middle, over the words heard right.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel

from tools.speech_model.corpus import KEPT_RATE_HZ
from tools.speech_model.tokenizer import read_tokenizer
from tools.speech_model.train import Corpus
from tools.speech_model.windows import Window
from tools.speech_model.word_errors import Timed, aligned, letters

BETWEEN_S = 0.5


def truth(window: Window) -> list[Timed]:
    words = " ".join(window.texts).split()
    return [Timed(letters(w), a / 1000, b / 1000) for w, (a, b) in zip(words, window.words, strict=True)]


def hear(pipeline: Any, windows: Sequence[Window], *, beam_size: int) -> list[list[Timed]]:
    """The words of each window, on its own clock."""
    sound: list[np.ndarray] = []
    clips, at = [], 0
    for window in windows:
        clips.append({"start": at / KEPT_RATE_HZ, "end": (at + window.n_samples) / KEPT_RATE_HZ})
        sound += [*window.sound, np.zeros(round(BETWEEN_S * KEPT_RATE_HZ), np.float32)]
        at += window.n_samples + round(BETWEEN_S * KEPT_RATE_HZ)
    segments, _ = pipeline.transcribe(
        np.concatenate(sound), clip_timestamps=clips, word_timestamps=True, beam_size=beam_size,
        language="en", batch_size=2, temperature=0.0,
    )  # fmt: skip
    heard: list[list[Timed]] = [[] for _ in windows]
    for segment in segments:
        for word in segment.words or ():
            number = max(i for i, clip in enumerate(clips) if clip["start"] - BETWEEN_S / 2 <= word.start)
            first = clips[number]["start"]
            if letters(word.word):
                heard[number].append(Timed(letters(word.word), word.start - first, word.end - first))
    return heard


def measure(pipeline: Any, windows: Sequence[Window], *, beam_size: int, show: int = 0) -> dict[str, float]:
    """Word error rate, and the middle and worst tenth of the word-time errors."""
    n_wrong = n_said = 0
    off: list[float] = []
    for number, (window, words) in enumerate(
        zip(windows, hear(pipeline, windows, beam_size=beam_size), strict=True)
    ):
        said = truth(window)
        wrong, pairs = aligned([w.text for w in said], [w.text for w in words])
        n_wrong, n_said = n_wrong + wrong, n_said + len(said)
        off += [abs(said[i].start + said[i].end - words[j].start - words[j].end) / 2 for i, j in pairs]
        if number < show:
            print("said :", " ".join(w.text for w in said))
            print("heard:", " ".join(w.text for w in words), flush=True)
    return {
        "word_error_rate": round(n_wrong / max(1, n_said), 4),
        "n_words": n_said,
        "time_error_median_s": round(float(np.median(off)), 3) if off else -1,
        "time_error_p90_s": round(float(np.quantile(off, 0.9)), 3) if off else -1,
        "share_within_200_ms": round(float(np.mean(np.array(off) <= 0.2)), 4) if off else 0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/demo-en"))
    parser.add_argument("--windows", type=int, default=3, help="of each voice")
    parser.add_argument("--beams", type=int, nargs="*", default=[1, 5])
    parser.add_argument("--show", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    corpus = Corpus(options.corpus, read_tokenizer(options.model / "tokenizer.json"), held=True)
    pipeline = BatchedInferencePipeline(
        WhisperModel(str(options.model), device="cpu", compute_type="int8", cpu_threads=options.threads)
    )
    rng = random.Random(11)
    for voice, utterances in sorted(corpus.by_voice.items()):
        only = Corpus.__new__(Corpus)
        only.by_voice = {voice: utterances}
        windows = [only.window(rng, longest_s=28) for _ in range(options.windows)]
        for beam_size in options.beams:
            found = measure(
                pipeline, windows, beam_size=beam_size, show=options.show if beam_size == 1 else 0
            )
            print(json.dumps({"voice": voice, "beam": beam_size} | found), flush=True)


if __name__ == "__main__":
    main()
