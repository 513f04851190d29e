"""Said texts as a compact cache: sound as a recorder at the exchange would keep it, with word and phone times.

A shard is one ``.npz``: many utterances of one voice, telephone-banded, levelled, with line noise, through a codec.

Conventions
-----------
- Sound is made at 8 kHz and kept at 16 kHz int16, raised by the resampler that reads recordings in the product.
- ``offsets[i]:offsets[i + 1]`` are the samples of utterance ``i``; it has ``PAD_S`` of line noise on both sides.
- ``words`` and ``phones`` hold starts and ends in ms from the utterance's first sample.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import Process
from pathlib import Path

import av
import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from tools.speech_model.texts import grammar_texts, held_out, labelled_texts, script_sentences, without
from tools.speech_model.voices import PAUSES, Said, Voice, open_speaker, read_voices

RATE_HZ, KEPT_RATE_HZ = 8000, 16000
PAD_S = 0.3
CHUNK_UTTERANCES = 16  # share one codec pass and one noise level, like turns of one call
SHARD_UTTERANCES = 480
NATIVE_SHARE = 0.5  # said at the voice's own tempo and pitch; the rest a little off
CODECS = (("mulaw", 0.45), ("alaw", 0.1), ("opus", 0.25), ("pcm", 0.2))
Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Made:
    """One utterance at 8 kHz, padded, with its times in ms."""

    text: str
    sound: Sound
    words: NDArray[np.int32]
    phones: tuple[tuple[str, int, int], ...]


def made(said: Said, text: str) -> Made:
    """The utterance cut to its speech, at 8 kHz, with ``PAD_S`` of silence on both sides."""
    first, last = said.words[0][0], max(end for _, end in said.words)
    cut = said.samples[max(0, round(first * said.rate_hz)) : round((last + 0.03) * said.rate_hz)]
    ratio = Fraction(RATE_HZ, said.rate_hz)
    sound = resample_poly(cut.astype(np.float32) / 32768, ratio.numerator, ratio.denominator)
    pad = np.zeros(round(PAD_S * RATE_HZ), np.float32)
    shift = PAD_S - first
    words = np.array(
        [[round((a + shift) * 1000), round((b + shift) * 1000)] for a, b in said.words], np.int32
    )
    phones = tuple(
        (name, round((a + shift) * 1000), round((b + shift) * 1000))
        for name, a, b in said.phones
        if name not in PAUSES and a >= first - 0.02
    )
    return Made(text, np.concatenate([pad, sound.astype(np.float32), pad]), words, phones)


def on_the_line(sounds: Sequence[Sound], rng: random.Random) -> NDArray[np.int16]:
    """Utterances of one call, one after another, as the recording holds them (8 kHz)."""
    noise_rng = np.random.default_rng(rng.getrandbits(32))
    level_db = rng.uniform(-30, -16)
    levelled = []
    for sound in sounds:
        active = sound[np.abs(sound) > 0.01 * np.max(np.abs(sound), initial=1e-6)]
        rms = float(np.sqrt(np.mean(active**2))) if len(active) else 1.0
        levelled.append(sound * (10 ** ((level_db + rng.uniform(-2, 2)) / 20) / max(rms, 1e-6)))
    line = np.concatenate(levelled)
    if rng.random() < 0.8:
        noise_db = level_db - rng.uniform(24, 55)
        noise = noise_rng.standard_normal(len(line))
        if rng.random() < 0.5:
            noise = np.cumsum(noise - 0.97 * np.r_[0, noise[:-1]]) * 0.1
            noise = sosfilt(butter(1, 60, "high", fs=RATE_HZ, output="sos"), noise)
        line = line + noise / max(float(np.std(noise)), 1e-9) * 10 ** (noise_db / 20)
    if rng.random() < 0.85:
        low, high = rng.uniform(150, 320), rng.uniform(3300, 3700)
        line = sosfilt(butter(rng.choice((2, 3, 4)), (low, high), "band", fs=RATE_HZ, output="sos"), line)
    kept = np.clip(np.round(line * 32768), -32768, 32767).astype(np.int16)
    codec = rng.choices([name for name, _ in CODECS], [share for _, share in CODECS])[0]
    return through_codec(kept, codec, bit_rate=rng.choice((12000, 16000, 24000)))


def through_codec(sound: NDArray[np.int16], codec: str, *, bit_rate: int = 16000) -> NDArray[np.int16]:
    """8 kHz mono through ``mulaw``, ``alaw``, ``opus`` or ``pcm`` and back, as long as it was."""
    if codec == "pcm":
        return sound
    name, container = {
        "mulaw": ("pcm_mulaw", "wav"), "alaw": ("pcm_alaw", "wav"), "opus": ("libopus", "ogg"),
    }[codec]  # fmt: skip
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as target:
        stream = target.add_stream(name, rate=RATE_HZ)
        stream.layout = "mono"
        if codec == "opus":
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    memory.seek(0)
    return _read(memory, RATE_HZ, len(sound))


def _read(source: io.BytesIO, rate_hz: int, n_samples: int) -> NDArray[np.int16]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
    parts = []
    with av.open(source) as container:
        for frame in container.decode(audio=0):
            parts += [one.to_ndarray()[0] for one in resampler.resample(frame)]
    parts += [one.to_ndarray()[0] for one in resampler.resample(None)]
    sound = np.concatenate(parts)[:n_samples]
    return np.pad(sound, (0, n_samples - len(sound)))


def raised(sound: NDArray[np.int16]) -> NDArray[np.int16]:
    """8 kHz to 16 kHz with the product's resampler."""
    frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
    frame.sample_rate = RATE_HZ
    resampler = av.AudioResampler(format="s16", layout="mono", rate=KEPT_RATE_HZ)
    parts = [one.to_ndarray()[0] for one in (*resampler.resample(frame), *resampler.resample(None))]
    out = np.concatenate(parts)[: 2 * len(sound)]
    return np.pad(out, (0, 2 * len(sound) - len(out)))


def write_shard(path: Path, voice: Voice, utterances: Sequence[Made], rng: random.Random) -> None:
    """Lines of ``CHUNK_UTTERANCES`` each, and everything that is known of them."""
    sounds, lengths = [], []
    for first in range(0, len(utterances), CHUNK_UTTERANCES):
        chunk = utterances[first : first + CHUNK_UTTERANCES]
        sounds.append(raised(on_the_line([one.sound for one in chunk], rng)))
        lengths += [2 * len(one.sound) for one in chunk]
    names = sorted({name for one in utterances for name, _, _ in one.phones})
    numbers = {name: number for number, name in enumerate(names)}
    partial = path.with_suffix(".part.npz")
    np.savez(
        partial,
        voice=np.array(voice.id),
        sound=np.concatenate(sounds),
        offsets=np.cumsum([0, *lengths]),
        texts=np.array([one.text for one in utterances]),
        n_words=np.array([len(one.words) for one in utterances]),
        words=np.concatenate([one.words for one in utterances]),
        phone_names=np.array([f"{voice.engine}:{name}" for name in names]),
        n_phones=np.array([len(one.phones) for one in utterances]),
        phones=np.array([(numbers[p], a, b) for one in utterances for p, a, b in one.phones], np.int32),
    )
    partial.replace(path)


def say_all(voice: Voice, texts: Sequence[str], folder: Path, prefix: str, seed: int) -> None:
    """All texts by one voice, in shards ``<prefix>-<voice>-<number>.npz``."""
    rng = random.Random(f"{seed}-{prefix}-{voice.id}")
    speaker = open_speaker(voice)
    batch: list[Made] = []
    number = n_left_out = 0
    for text in texts:
        native = rng.random() < NATIVE_SHARE
        said = speaker.say(
            text,
            tempo=1.0 if native else rng.uniform(0.92, 1.1),
            pitch=1.0 if native else rng.uniform(0.94, 1.06),
        )
        if said is None or said.words[-1][1] > 24:
            n_left_out += 1
            continue
        batch.append(made(said, text))
        if len(batch) == SHARD_UTTERANCES:
            write_shard(folder / f"{prefix}-{voice.id}-{number:03d}.npz", voice, batch, rng)
            batch, number = [], number + 1
    if batch:
        write_shard(folder / f"{prefix}-{voice.id}-{number:03d}.npz", voice, batch, rng)
    print(f"{prefix} {voice.id}: {len(texts)} texts, {n_left_out} left out", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--voices", type=Path, default=Path("data/demo/voices.yaml"))
    parser.add_argument("--only", nargs="*", default=[], help="ids of the voices to use")
    parser.add_argument("--source", choices=("labels", "grammar"), required=True)
    parser.add_argument("--labels", type=Path, default=Path("data/labels"))
    parser.add_argument("--grammar", type=Path, default=Path("tools/speech_model/grammar.yaml"))
    parser.add_argument("--scripts", type=Path, default=Path("data/demo/scripts"), help="never trained on")
    parser.add_argument("--voices-per-text", type=float, default=4)
    parser.add_argument("--n", type=int, default=6000, help="texts of the grammar")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    voices = read_voices(options.voices, only=options.only)
    texts = _texts(options)
    options.out.mkdir(parents=True, exist_ok=True)
    start_s = time.monotonic()
    work = _shares(voices, texts, options)
    running: list[Process] = []
    while work or running:
        running = [one for one in running if one.is_alive()]
        while work and len(running) < options.jobs:
            running.append(Process(target=say_all, args=work.pop(0)))
            running[-1].start()
        time.sleep(0.2)
    print(f"{len(texts)} texts said in {time.monotonic() - start_s:.0f} s", flush=True)


def _texts(options: argparse.Namespace) -> list[str]:
    if options.source == "labels":
        texts = labelled_texts(options.labels)
    else:
        rules = yaml.safe_load(options.grammar.read_text(encoding="utf-8"))
        texts = grammar_texts(rules, n=options.n, seed=options.seed)
    return without(texts, script_sentences(options.scripts))


def _shares(
    voices: Sequence[Voice], texts: Sequence[str], options: argparse.Namespace
) -> list[tuple[Voice, list[str], Path, str, int]]:
    """What each voice says: held-out texts apart, by all voices, and the others by some voices each."""
    rng = random.Random(options.seed)
    kept = [text for text in texts if held_out(text)]
    rest = [text for text in texts if not held_out(text)]
    share = options.voices_per_text / len(voices)
    work = []
    for voice in voices:
        own = [text for text in rest if rng.random() < share]
        rng.shuffle(own)
        work.append((voice, own, options.out, options.source, options.seed))
        heard = [text for text in kept if rng.random() < 0.1]
        work.append((voice, heard, options.out, f"held-{options.source}", options.seed))
    return work


if __name__ == "__main__":
    main()
