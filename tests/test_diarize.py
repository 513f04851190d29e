"""One channel, two people: told by their voices, named by their words, with honest doubt."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import noise, placed, speech_like, write_wav

from qa.audio import Recording, decode
from qa.diarize import turns_of_mono
from qa.values import Word

SAID = [
    ("agent", "Thank you for calling Northgate, how can I help?"),
    ("customer", "I'm calling about my bill."),
    ("agent", "Okay."),
    ("customer", "It is twice what it was in May."),
    ("agent", "Let me check your account for you."),
    ("customer", "Fine."),
    ("agent", "It was an estimate, so I will have it corrected today."),
    ("customer", "Right, good."),
]
PITCH_HZ = {"agent": 110.0, "customer": 205.0}


@pytest.fixture
def call(tmp_path: Path) -> tuple[list[Word], Recording]:
    words: list[Word] = []
    parts, at = [], 0.5
    for i, (speaker, text) in enumerate(SAID):
        n = len(text.split())
        length = 0.35 * n
        parts.append((at, speech_like(length, pitch_hz=PITCH_HZ[speaker], seed=10 + i % 2)))
        words += [Word(word, at + k * 0.35, at + (k + 1) * 0.35) for k, word in enumerate(text.split())]
        at += length + 0.4
    sound = placed(at, parts) + noise(len(placed(at, [])) / 16000, level_db=-60)
    return words, decode(write_wav(tmp_path / "mono.wav", [sound]))


def test_two_voices_are_parted_by_sound_and_named_by_words(call: tuple[list[Word], Recording]) -> None:
    words, recording = call
    turns = turns_of_mono(words, recording)
    assert [(turn.speaker, turn.text) for turn in turns] == SAID
    assert all(0.5 <= turn.confidence < 1.0 for turn in turns)


def test_the_same_sound_gives_the_same_turns(call: tuple[list[Word], Recording]) -> None:
    words, recording = call
    assert turns_of_mono(words, recording) == turns_of_mono(words, recording)


def test_without_sound_the_words_alone_decide_and_are_less_sure(call: tuple[list[Word], Recording]) -> None:
    words, _ = call
    by_words = turns_of_mono(words)
    assert by_words[0].speaker == "agent"
    assert sum(t.confidence for t in by_words) / len(by_words) < 0.95


def test_every_word_is_in_one_turn(call: tuple[list[Word], Recording]) -> None:
    words, recording = call
    assert [word for turn in turns_of_mono(words, recording) for word in turn.words] == words


def test_one_voice_alone_is_not_parted_with_certainty(tmp_path: Path) -> None:
    recording = decode(write_wav(tmp_path / "mono.wav", [placed(4, [(0.5, speech_like(3))])]))
    turns = turns_of_mono([Word("Hello.", 0.5, 1.0), Word("Yes.", 1.0, 1.5)], recording)
    assert all(turn.confidence < 0.95 for turn in turns)


def test_no_words_are_no_turns() -> None:
    assert turns_of_mono([]) == ()
