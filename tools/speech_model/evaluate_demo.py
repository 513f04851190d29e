"""How well a model directory hears the demo's recordings, through the product's own stage.

Decoding, speech regions, packing and the guard are those of `qa`; the truth is the made recordings' own word times.
Conventions as in ``evaluate``: lower case, no punctuation; a hyphen parts two words; a time error is that of a middle.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.asr import WhisperOptions, WhisperTranscriber
from qa.audio import decode
from qa.speech import FOR_WORDS, measure_activity, regions_of
from tools.speech_model.word_errors import Timed, aligned, letters


def said_in(truth: dict[str, object], channel: int | None) -> list[Timed]:
    """The words of one channel (all of them on mono) in the order of their times."""
    agent = truth["agent_channel"]
    found = []
    for turn in truth["turns"]:  # type: ignore[attr-defined]
        if channel is not None and (channel == agent) != (turn["speaker"] == "agent"):
            continue
        for word in turn["words"]:
            parts = [part for part in map(letters, word["word"].replace("-", " ").split()) if part]
            found += [Timed(part, float(word["start"]), float(word["end"])) for part in parts]
    return sorted(found, key=lambda word: word.start)


def heard_in(transcriber: WhisperTranscriber, path: Path) -> list[list[Timed]]:
    """The words of each channel of a recording."""
    recording = decode(path)
    regions = [regions_of(activity, FOR_WORDS) for activity in measure_activity(recording)]
    transcript = transcriber.transcribe(recording, regions)
    return [
        [Timed(letters(word.word), word.start, word.end) for word in words if letters(word.word)]
        for words in transcript.words
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--demo", type=Path, default=Path("data/demo"))
    parser.add_argument("--model", type=Path, default=Path("models/demo-en"))
    parser.add_argument("--only", nargs="*", default=[], help="ids of calls")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the figures into the model's manifest")
    options = parser.parse_args()
    transcriber = WhisperTranscriber(
        options.model,
        options=WhisperOptions(compute_type="int8", cpu_threads=options.threads, beam_size=options.beam),
    )
    total_wrong = total_said = 0
    off: list[float] = []
    for path in sorted((options.demo / "truth").glob("*.truth.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        if options.only and truth["call_id"] not in options.only:
            continue
        heard = heard_in(transcriber, options.demo / "calls" / f"{truth['call_id']}.opus")
        wrong = said = 0
        for channel, words in enumerate(heard):
            spoken = said_in(truth, channel if len(heard) == 2 else None)
            n, times = _compared(spoken, words, show=options.show)
            wrong, said, off = wrong + n, said + len(spoken), off + times
        total_wrong, total_said = total_wrong + wrong, total_said + said
        print(json.dumps({"call": truth["call_id"], "channels": len(heard), "words": said,
                          "word_error_rate": round(wrong / max(1, said), 4)}), flush=True)  # fmt: skip
    figures = {
        "word_error_rate": round(total_wrong / max(1, total_said), 4),
        "words": total_said,
        "time_error_median_s": round(float(np.median(off)), 3) if off else None,
        "share_within_200_ms": round(float(np.mean(np.array(off) <= 0.2)), 4) if off else None,
    }
    print(json.dumps(figures))
    if options.write:
        manifest = json.loads((options.model / "manifest.json").read_text(encoding="utf-8"))
        manifest["figures"] = manifest.get("figures", {}) | {f"demo_beam_{options.beam}": figures}
        (options.model / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _compared(spoken: Sequence[Timed], heard: Sequence[Timed], *, show: bool) -> tuple[int, list[float]]:
    wrong, pairs = aligned([word.text for word in spoken], [word.text for word in heard])
    if show:
        print("said :", " ".join(word.text for word in spoken))
        print("heard:", " ".join(word.text for word in heard))
    return wrong, [abs(spoken[i].start + spoken[i].end - heard[j].start - heard[j].end) / 2 for i, j in pairs]


if __name__ == "__main__":
    main()
