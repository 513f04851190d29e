"""Windows through a pipeline, words back on the recording's clock, doubt marked; once through the real library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made import placed, speech_like, tone, write_wav
from made_whisper import write_random_whisper

from qa.asr import (
    MAX_WINDOWS_PER_CALL,
    WhisperOptions,
    WhisperTranscriber,
    find_model,
    load_transcriber,
)
from qa.audio import Recording, decode
from qa.errors import ModelError
from qa.settings import load_settings
from qa.speech import FOR_WORDS, measure_activity, regions_of
from qa.transcriber import Speech, Transcript, transcribe_many
from qa.values import Span

RATE_HZ = 16000
PROJECT = Path(__file__).resolve().parents[1]
DEMO_MODEL, DEMO_CALLS = PROJECT / "models" / "demo-en", PROJECT / "data" / "demo" / "calls"


class ToneModel:
    """Stands for model and pipeline: "hears" each stretch of tone as one word named by its pitch."""

    def __init__(self, *, multilingual: bool = False, logprob: float = -0.2, second: str = "w") -> None:
        self.model = SimpleNamespace(is_multilingual=multilingual)
        self.calls: list[dict[str, Any]] = []
        self.logprob = logprob
        self.second = second
        self.alone: list[float] = []

    def detect_language(
        self, *, audio: Any, language_detection_segments: int
    ) -> tuple[str, float, list[Any]]:
        return "pl", 0.93, []

    def transcribe(self, audio: Any, **options: Any) -> tuple[Iterator[Any], None]:
        assert audio.dtype == np.float32
        if "clip_timestamps" not in options:  # the second pass: one window by itself
            self.alone.append(len(audio) / RATE_HZ)
            return iter(self._segments(audio, 0.0, len(audio) / RATE_HZ, 0, -0.2)), None
        self.calls.append(options)
        clips = options["clip_timestamps"]
        assert all(clip["end"] - clip["start"] <= 30 for clip in clips)
        found = [
            s
            for clip in clips
            for s in self._segments(audio, clip["start"], clip["end"], int(clip["start"] * 100), self.logprob)
        ]
        return iter(found), None

    def _segments(self, audio: Any, start: float, end: float, seek: int, logprob: float) -> list[Any]:
        first = round(start * RATE_HZ)
        loud = np.abs(audio[first : round(end * RATE_HZ)]) > 0.01
        edges = np.flatnonzero(np.diff(np.r_[0, np.convolve(loud, np.ones(800), "same") > 0, 0]))
        words = []
        for a, b in edges.reshape(-1, 2):
            piece = audio[first + a : first + b]
            hz = round(float(np.argmax(np.abs(np.fft.rfft(piece)))) * RATE_HZ / len(piece), -1)
            again = self.second if seek == 0 and self.alone else "w"
            text = f" {again}{hz:.0f}"
            words.append(
                SimpleNamespace(
                    word=text, start=start + a / RATE_HZ, end=start + b / RATE_HZ, probability=0.9
                )
            )
        text = "".join(word.word for word in words)
        return [
            SimpleNamespace(
                words=words, text=text, avg_logprob=logprob, no_speech_prob=0.01, seek=seek, start=start
            )
        ]


def _transcriber(model: ToneModel, **options: Any) -> WhisperTranscriber:
    return WhisperTranscriber(
        Path("small.en"), options=WhisperOptions(**options), model=model, pipeline=model
    )


@pytest.fixture
def call(tmp_path: Path) -> tuple[Recording, list[list[Span]], list[list[tuple[str, float, float]]]]:
    """Twelve tones on each of two channels over two minutes, and what should be heard."""
    truth: list[list[tuple[str, float, float]]] = [[], []]
    parts: list[list[tuple[float, Any]]] = [[], []]
    for channel in (0, 1):
        for i in range(12):
            at, hz = 1.0 + channel * 5 + i * 10, 400 + 50 * i + 20 * channel
            parts[channel].append((at, tone(2.0, hz)))
            truth[channel].append((f"w{round(hz, -1)}", at, at + 2.0))
    recording = decode(write_wav(tmp_path / "k.wav", [placed(125, part) for part in parts]))
    regions = [[Span(start - 0.2, end + 0.2) for _, start, end in row] for row in truth]
    return recording, regions, truth


def test_words_come_back_where_they_were_said(call: Any) -> None:
    recording, regions, truth = call
    model = ToneModel()
    heard = _transcriber(model).transcribe(recording, regions)
    for channel in (0, 1):
        assert [word.word for word in heard.words[channel]] == [text for text, _, _ in truth[channel]]
        assert [word.start for word in heard.words[channel]] == pytest.approx(
            [a for _, a, _ in truth[channel]], abs=0.2
        )
        assert [word.end for word in heard.words[channel]] == pytest.approx(
            [b for _, _, b in truth[channel]], abs=0.2
        )
    assert len(model.calls) == 1, "both channels go through in one list"
    assert len(model.calls[0]["clip_timestamps"]) == 4
    assert model.calls[0]["word_timestamps"] is True
    assert model.calls[0]["language"] == "en"
    assert model.calls[0]["temperature"] == 0.0
    assert heard.notes == ()


def test_many_windows_go_in_several_calls(tmp_path: Path) -> None:
    recording = decode(write_wav(tmp_path / "k.wav", [tone(70)]))
    spans = [Span(i * 0.4, i * 0.4 + 0.3) for i in range(170)]
    model = ToneModel()
    import qa.asr as asr

    packed = [asr.Window(0, (asr_piece,)) for asr_piece in _pieces(spans)]
    original, asr.pack = asr.pack, lambda regions, *, channel: tuple(packed)  # type: ignore[assignment]
    try:
        _transcriber(model).transcribe(recording, [spans])
    finally:
        asr.pack = original
    most = MAX_WINDOWS_PER_CALL["cpu"]
    assert [len(one["clip_timestamps"]) for one in model.calls] == [most] * (170 // most) + [170 % most]


def _pieces(spans: list[Span]) -> list[Any]:
    from qa.speech import Piece

    return [Piece(span, 0.0) for span in spans]


def test_no_speech_never_reaches_the_model(call: Any) -> None:
    model = ToneModel()
    assert _transcriber(model).transcribe(call[0], [[], []]).words == ((), ())
    assert model.calls == []


def test_the_language_is_set_or_detected_once(call: Any) -> None:
    recording, regions, _ = call
    heard = _transcriber(ToneModel(multilingual=True)).transcribe(recording, regions)
    assert (heard.language, heard.language_probability) == ("pl", 0.93)
    assert (
        _transcriber(ToneModel(multilingual=True), language="de").transcribe(recording, regions).language
        == "de"
    )


def test_doubtful_windows_are_heard_again_and_the_better_hearing_counts(call: Any) -> None:
    recording, regions, _ = call
    model = ToneModel(logprob=-1.5, second="again")
    heard = _transcriber(model).transcribe(recording, regions)
    assert len(model.alone) == 4, "each window by itself"
    assert all(word.word.startswith("again") for words in heard.words for word in words)
    assert not any(word.doubtful for word in heard.words[0])


def test_what_stays_doubtful_is_kept_and_marked(call: Any) -> None:
    recording, regions, truth = call
    model = ToneModel(logprob=-1.5)
    model._segments = lambda *args: ToneModel._segments(model, *args[:4], -1.5)  # type: ignore[method-assign]
    heard = _transcriber(model).transcribe(recording, regions)
    assert [word.word for word in heard.words[1]] == [text for text, _, _ in truth[1]]
    assert all(word.doubtful for words in heard.words for word in words)
    assert heard.notes == ("4 stretches were hard to hear and are not scored.",)


class TestSeveralCalls:
    def test_a_call_has_the_same_words_alone_and_among_others(self, call: Any) -> None:
        recording, regions, _ = call
        others = [Speech(recording, [regions[1], regions[0][:5]]), Speech(recording, [[], []])]
        model = ToneModel()
        together = _transcriber(model, mix_calls=True).transcribe_many(
            [others[0], Speech(recording, regions), others[1]]
        )
        assert len(model.calls) == 1, "all windows in one list"
        assert together == tuple(
            _transcriber(ToneModel()).transcribe(one.recording, one.regions)
            for one in (others[0], Speech(recording, regions), others[1])
        )

    def test_calls_of_two_languages_do_not_share_a_list(self, call: Any) -> None:
        recording, regions, _ = call
        model = ToneModel(multilingual=True)
        languages = iter(["pl", "de", "pl"])
        model.detect_language = lambda **_: (next(languages), 0.9, [])  # type: ignore[method-assign]
        heard = _transcriber(model, mix_calls=True).transcribe_many([Speech(recording, regions)] * 3)
        assert [one.language for one in heard if not isinstance(one, Exception)] == ["pl", "de", "pl"]
        assert [(c["language"], len(c["clip_timestamps"])) for c in model.calls] == [("pl", 8), ("de", 4)]

    def test_one_that_fails_does_not_fail_the_others(self, call: Any) -> None:
        recording, regions, truth = call
        broken = replace(recording, channels=())
        heard = _transcriber(ToneModel()).transcribe_many(
            [Speech(recording, regions), Speech(broken, regions), Speech(recording, regions)]
        )
        assert isinstance(heard[1], IndexError)
        for one in (heard[0], heard[2]):
            assert isinstance(one, Transcript)
            assert [word.word for word in one.words[0]] == [text for text, _, _ in truth[0]]

    def test_a_transcriber_for_one_call_hears_several_in_turn(self, call: Any) -> None:
        recording, regions, _ = call

        class One:
            name = "one"

            def transcribe(self, recording: Recording, regions: Any) -> Transcript:
                if not recording.channels:
                    raise ValueError("nothing there")
                return Transcript(((), ()), "en")

        heard = transcribe_many(
            One(), [Speech(replace(recording, channels=()), regions), Speech(recording, regions)]
        )
        assert isinstance(heard[0], ValueError)
        assert heard[1] == Transcript(((), ()), "en")

    @pytest.mark.skipif(not (DEMO_MODEL / "model.bin").exists(), reason="models/demo-en is not built")
    @pytest.mark.parametrize("mixed", [False, True])
    def test_the_demo_model_hears_each_call_the_same_alone_and_among_others(self, mixed: bool) -> None:
        options = WhisperOptions(device="cpu", cpu_threads=2, mix_calls=mixed)
        transcriber = WhisperTranscriber(DEMO_MODEL, options=options)
        speeches = [
            _speech_of(DEMO_CALLS / name, seconds) for name, seconds in (("d01.opus", 35), ("d02.opus", 70))
        ]
        alone = [transcriber.transcribe(one.recording, one.regions) for one in speeches]
        together = [one for one in transcriber.transcribe_many(speeches) if not isinstance(one, Exception)]
        if not mixed:
            assert together == alone
        for one, other in zip(together, alone, strict=True):
            for words, expected in zip(one.words, other.words, strict=True):
                assert len(words) > 5
                assert [word.word for word in words] == [word.word for word in expected]
                for word, held in zip(words, expected, strict=True):
                    assert (word.start, word.end) == pytest.approx((held.start, held.end), abs=0.041)


def _speech_of(path: Path, seconds: int) -> Speech:
    recording = decode(path)
    recording = replace(recording, channels=tuple(one[: seconds * RATE_HZ] for one in recording.channels))
    return Speech(recording, [regions_of(one, FOR_WORDS) for one in measure_activity(recording)])


class TestModels:
    def test_no_model_says_the_command(self, tmp_path: Path) -> None:
        settings = load_settings(home=tmp_path, models=tmp_path)
        with pytest.raises(ModelError, match=r"run `qa models fetch small\.en`"):
            load_transcriber(settings)

    def test_an_incomplete_model_says_the_command(self, tmp_path: Path) -> None:
        (tmp_path / "models" / "base.en").mkdir(parents=True)
        (tmp_path / "models" / "base.en" / "config.json").write_text("{}")
        settings = load_settings(home=tmp_path, models=tmp_path, model="base.en")
        with pytest.raises(ModelError, match=r"model\.bin is missing; run `qa models fetch base\.en`"):
            load_transcriber(settings)

    def test_a_damaged_model_is_named(self, tmp_path: Path) -> None:
        for name in ("config.json", "model.bin", "tokenizer.json"):
            (tmp_path / name).write_text("{}")
        with pytest.raises(ModelError, match="run `qa models fetch"):
            load_transcriber(load_settings(model=str(tmp_path)))

    def test_the_firms_own_words_reach_the_model(self, tmp_path: Path) -> None:
        (tmp_path / "settings").mkdir()
        (tmp_path / "settings" / "vocabulary.txt").write_text("# ours\nNorthgate\n\nVelopak\n")
        directory = write_random_whisper(tmp_path / "random.en")
        settings = load_settings(data=tmp_path, model=str(directory), device="cpu")
        assert load_transcriber(settings).options.hotwords == "Northgate, Velopak"

    def test_a_model_is_found_by_directory_home_or_project(self, tmp_path: Path) -> None:
        (tmp_path / "home" / "models" / "tiny.en").mkdir(parents=True)
        settings = load_settings(home=tmp_path / "home", models=tmp_path / "models", model="tiny.en")
        assert find_model(settings) == tmp_path / "home" / "models" / "tiny.en"


def test_the_real_library_takes_the_windows_and_gives_the_same_twice(tmp_path: Path) -> None:
    directory = write_random_whisper(tmp_path / "models" / "random.en")
    agent = placed(12, [(1, speech_like(2)), (8, speech_like(2, seed=6))])
    customer = placed(12, [(4, speech_like(3, pitch_hz=200, seed=2))])
    recording = decode(write_wav(tmp_path / "k.wav", [agent, customer]))
    regions = [regions_of(one, FOR_WORDS) for one in measure_activity(recording)]
    transcriber = load_transcriber(load_settings(home=tmp_path, model=str(directory), cpu_threads=1))
    first = transcriber.transcribe(recording, regions)
    assert first == transcriber.transcribe(recording, regions)
    assert first.language == "en"
    for words, spans in zip(first.words, regions, strict=True):
        for word in words:
            assert any(span.start - 1e-6 <= word.start <= word.end <= span.end + 1e-6 for span in spans)
