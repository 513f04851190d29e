"""The demo's own speech model: complete, small, loaded by faster-whisper itself, and it hears made speech."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper import BatchedInferencePipeline, WhisperModel

MODEL = Path(__file__).resolve().parents[1] / "models" / "demo-en"
MAX_BYTES = 12_000_000
VOICES = Path(__file__).resolve().parents[1] / "data" / "demo" / "voices.yaml"
SENTENCES = (
    "I can see the parcel was left outside in the rain, and I'm so sorry about that.",
    "Could I take your order number and the name on the account, please?",
    "I'll speak to the manager this afternoon and call you back before five.",
)
MARGIN = 0.2  # three sentences scatter around the figure that was measured on the demo's recordings

pytestmark = pytest.mark.skipif(not (MODEL / "model.bin").exists(), reason="models/demo-en is not built")


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return BatchedInferencePipeline(
        WhisperModel(str(MODEL), device="cpu", compute_type="int8", cpu_threads=2)
    )


def _said(voice_id: str) -> tuple[np.ndarray, list[tuple[str, float, float]]]:
    """The sentences by one voice as one 16 kHz telephone line, and its words with their times."""
    if not shutil.which("flite") and not shutil.which("espeak-ng"):
        pytest.skip("no speech engine: apt-get install flite espeak-ng")
    import random

    from tools.speech_model.corpus import PAD_S, made, on_the_line, raised
    from tools.speech_model.voices import open_speaker, read_voices

    try:
        speaker = open_speaker(read_voices(VOICES, only=[voice_id])[0])
    except SystemExit as missing:
        pytest.skip(str(missing))
    utterances, words, at = [], [], 0.0
    for sentence in SENTENCES:
        said = speaker.say(sentence)
        assert said is not None
        utterances.append(made(said, sentence))
        words += [
            (word, at + a / 1000, at + b / 1000)
            for word, (a, b) in zip(sentence.split(), utterances[-1].words.tolist(), strict=True)
        ]
        at += len(utterances[-1].sound) / 8000
    assert PAD_S > 0
    line = raised(on_the_line([one.sound for one in utterances], random.Random(4)))
    return line.astype(np.float32) / 32768, words


def _heard(pipeline: Any, sound: np.ndarray, **options: Any) -> list[Any]:
    clips = [{"start": 0.0, "end": len(sound) / 16000}]
    segments, _ = pipeline.transcribe(
        sound, clip_timestamps=clips, language="en", word_timestamps=True, temperature=0.0, **options
    )
    return [word for segment in segments for word in segment.words]


def test_every_file_is_the_one_the_manifest_names() -> None:
    manifest = json.loads((MODEL / "manifest.json").read_text(encoding="utf-8"))
    assert {"model.bin", "config.json", "vocabulary.json", "tokenizer.json"} <= set(manifest["files"])
    for name, row in manifest["files"].items():
        held = (MODEL / name).read_bytes()
        assert len(held) == row["bytes"], name
        assert hashlib.sha256(held).hexdigest() == row["sha256"], name


def test_the_model_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= MAX_BYTES


def test_the_card_says_that_it_is_for_the_demo_alone() -> None:
    card = (MODEL / "README.md").read_text(encoding="utf-8")
    for said in ("useless for real calls", "word error rate", "Licence"):
        assert said in card


def test_the_vocabulary_ends_in_whispers_own_marks_and_times() -> None:
    vocabulary = json.loads((MODEL / "vocabulary.json").read_text(encoding="utf-8"))
    end = vocabulary.index("<|endoftext|>")
    assert vocabulary[end + 1] == "<|startoftranscript|>"
    assert vocabulary[-1501] == "<|0.00|>"
    assert vocabulary[-1] == "<|30.00|>"
    assert vocabulary[-1502] == "<|notimestamps|>"
    assert len(vocabulary) == len(set(vocabulary))


def test_faster_whisper_takes_it_as_english_only(pipeline: Any) -> None:
    assert not pipeline.model.model.is_multilingual


@pytest.mark.parametrize("voice_id", ["slt", "gb"])
def test_made_speech_is_heard_with_word_times_in_order(pipeline: Any, voice_id: str) -> None:
    sound, truth = _said(voice_id)
    from tools.speech_model.word_errors import aligned, letters

    words = _heard(pipeline, sound, beam_size=5)
    said, heard = [letters(word) for word, _, _ in truth], [letters(word.word) for word in words]
    wrong, pairs = aligned(said, heard)
    manifest = json.loads((MODEL / "manifest.json").read_text(encoding="utf-8"))
    stated = manifest["figures"]["demo_beam_5"]["word_error_rate"]
    assert wrong / len(said) <= stated + MARGIN, " ".join(heard)
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= len(sound) / 16000 + 0.1 for word in words)
    middles = [abs((truth[i][1] + truth[i][2]) / 2 - (words[j].start + words[j].end) / 2) for i, j in pairs]
    assert float(np.median(middles)) <= 0.2


def test_the_same_sound_gives_the_same_words_twice(pipeline: Any) -> None:
    sound, _ = _said("kal16")
    first, second = (_heard(pipeline, sound, beam_size=1) for _ in range(2))
    assert [(w.word, w.start, w.end) for w in first] == [(w.word, w.start, w.end) for w in second]


def test_a_folder_without_the_weights_is_refused(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        shutil.copy(MODEL / name, tmp_path / name)
    with pytest.raises(RuntimeError, match=r"model\.bin"):
        WhisperModel(str(tmp_path), device="cpu", compute_type="int8")


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    shutil.copytree(MODEL, tmp_path / "demo-en")
    held = (tmp_path / "demo-en" / "model.bin").read_bytes()
    (tmp_path / "demo-en" / "model.bin").write_bytes(held[: len(held) // 2])
    with pytest.raises(RuntimeError, match="invalid payload"):
        WhisperModel(str(tmp_path / "demo-en"), device="cpu", compute_type="int8")
