"""The benchmarks measure what they say: scorers on known answers, the random model through the real library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import speech_like, write_wav
from typer.testing import CliRunner

from qa.asr import WhisperOptions, WhisperTranscriber
from qa.audio import decode
from qa.bench.behaviours import measure_behaviours
from qa.bench.hearing import measure_hearing, measure_memory, write_long_call
from qa.bench.random_model import Shape, write_random_model
from qa.bench.speakers import (
    CallTruth,
    Diarization,
    compare_speakers,
    mixed,
    overlap_f1,
    read_rttm,
    speakers_of_sound,
)
from qa.cli.app import app
from qa.doubt import loops
from qa.errors import InputError
from qa.settings import Settings, load_settings
from qa.values import Span

SMALL = Shape(64, 2, 1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_model(tmp_path_factory.mktemp("models") / "small", SMALL)


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    voices = [
        np.concatenate([speech_like(4, seed=n, pitch_hz=100.0 + 90 * n), np.zeros(16000, np.int16)])
        for n in (0, 1)
    ]
    return write_wav(folder / "k1.wav", [voices[0], voices[1][::-1].copy()])


class TestDiarizationError:
    #   truth   aaaa bbbb
    #   answer  xxxx yyyy
    def test_the_same_under_other_names_is_no_error(self) -> None:
        truth = [("a", Span(0, 4)), ("b", Span(5, 9))]
        made = compare_speakers(truth, [("x", Span(0, 4)), ("y", Span(5, 9))], duration_s=10)
        assert made == Diarization(8.0, 0.0, 0.0, 0.0)
        assert made.error_rate == 0.0

    #   truth   aaaa bbbb
    #   answer   xxxxxxxxx   (until 10)
    def test_missed_false_and_confused_speech_are_told_apart(self) -> None:
        truth = [("a", Span(0, 4)), ("b", Span(5, 9))]
        made = compare_speakers(truth, [("x", Span(1, 10))], duration_s=10)
        assert (made.missed_s, made.false_s, made.confused_s) == pytest.approx((1.0, 2.0, 3.0))
        assert made.error_rate == pytest.approx(6 / 8)

    def test_overlapped_speech_counts_for_each(self) -> None:
        truth = [("a", Span(0, 4)), ("b", Span(2, 4))]
        made = compare_speakers(truth, [("x", Span(0, 4))], duration_s=5)
        assert (made.speech_s, made.missed_s) == pytest.approx((6.0, 2.0))

    def test_the_collar_forgives_borders(self) -> None:
        truth = [("a", Span(1, 4))]
        made = compare_speakers(truth, [("x", Span(0.8, 4.2))], duration_s=5, collar_s=0.25)
        assert made.error_rate == 0.0

    def test_no_speech_has_no_rate(self) -> None:
        made = compare_speakers([], [("x", Span(0, 1))], duration_s=2)
        assert made.error_rate is None
        assert made.false_s == pytest.approx(1.0)

    def test_parts_add_up_before_they_are_divided(self) -> None:
        assert (Diarization(8, 1, 0, 0) + Diarization(2, 0, 1, 2)).error_rate == pytest.approx(0.4)


def test_an_rttm_file_is_read_and_a_broken_line_named(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 2.5 1.25 <NA> <NA> Ann <NA> <NA>\n")
    assert read_rttm(path) == (("Ann", Span(2.5, 3.75)),)
    path.write_text("SPEAKER a 1 x\n")
    with pytest.raises(InputError, match=r"a\.rttm:1: no RTTM line"):
        read_rttm(path)


def test_overlaps_are_counted_as_seen_missed_and_invented() -> None:
    spoken = (("agent", Span(0, 4)), ("customer", Span(3, 6)), ("agent", Span(5.5, 8)))
    truth = CallTruth(spoken, (), ())
    assert overlap_f1(truth, [Span(0, 4), Span(9, 10)], [Span(3.2, 5), Span(9.5, 11)]) == (1, 1, 1)


def test_one_voice_after_the_other_is_found_on_a_mix(tmp_path: Path) -> None:
    gap = np.zeros(8000, np.int16)
    parts = [speech_like(3, pitch_hz=110.0 if n % 2 == 0 else 215.0, seed=10 + n % 2) for n in range(6)]
    sides = [
        np.concatenate(
            [x for n, p in enumerate(parts) for x in (p if n % 2 == side else np.zeros_like(p), gap)]
        )
        for side in (0, 1)
    ]
    recording = decode(write_wav(tmp_path / "k.wav", sides))
    answer = speakers_of_sound(mixed(recording))
    truth = [("a" if n % 2 == 0 else "b", Span(3.5 * n, 3.5 * n + 3)) for n in range(6)]
    made = compare_speakers(truth, answer, duration_s=recording.duration_s, collar_s=0.25)
    assert made.error_rate is not None
    assert made.error_rate < 0.15


def test_the_random_model_prints_as_much_as_speech_and_does_not_loop(model: Path, call: Path) -> None:
    transcriber = WhisperTranscriber(model, options=WhisperOptions(device="cpu"))
    recording = decode(call)
    made = transcriber.transcribe(recording, [[Span(0.0, 4.0)], [Span(0.0, 4.0)]])
    for words in made.words:
        assert 20 <= len(words) <= 60
        assert not loops(" ".join(word.word for word in words))


def test_the_stage_is_measured_against_the_library_on_the_same_file(
    model: Path, call: Path, tmp_path: Path
) -> None:
    figures = measure_hearing(call, model, Settings(home=tmp_path), rounds=1)
    assert figures.sound_s == pytest.approx(5.0, abs=0.1)
    assert figures.ratio > 0
    assert 0 < figures.outside_share < 1
    assert figures.stage.windows >= 2
    assert figures.in_sequence.windows >= 2


def test_memory_is_measured_in_a_process_of_its_own(call: Path) -> None:
    figures = measure_memory(call)
    assert 50 < figures.before_mib <= figures.peak_mib < 2000
    assert figures.before_mib < 400, "not what this process, with all its tests, has had"


def test_a_long_call_has_the_length_that_was_asked_for(call: Path, tmp_path: Path) -> None:
    made = decode(write_long_call(tmp_path / "long.wav", [call], 12.0))
    assert made.duration_s == pytest.approx(12.0, abs=0.01)
    assert len(made.channels) == 2


def test_the_command_prints_ratios(model: Path, call: Path) -> None:
    options = ["bench", "hearing", "--file", str(call), "--model", str(model), "--rounds", "1", "--no-hour"]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    assert "ratio to the quicker one" in done.output


def test_finding_behaviours_is_set_against_reading_the_same_turns() -> None:
    figures = measure_behaviours(load_settings(), most=3)
    assert figures.n_calls == 3
    assert 60 <= figures.n_turns <= 150
    assert figures.calls_per_s == pytest.approx(figures.n_turns / 30 / figures.detecting.wall_s)
    assert figures.ratio == pytest.approx(figures.detecting.wall_s / figures.reading.wall_s)
    assert figures.detecting.cpu_s > 0 < figures.reading.cpu_s
