"""From files to calls: recordings with and without transcripts, folders, and everything that is refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import noise, placed, silence, speech_like, tone, write_wav

from qa.audio import Recording, decode
from qa.errors import AudioError, InputError, ModelError, QaError, SettingsError, TranscriptError
from qa.hearing import Source, find_inputs, hear, hear_many
from qa.metadata import Metadata
from qa.settings import Settings, load_settings
from qa.speech import measure_timing
from qa.transcriber import Transcript
from qa.values import Call, Span, Word

SAMPLES = Path(__file__).parent / "data" / "transcripts"
AGENT = ["Thank you for calling Northgate, how can I help?", "Let me check your account for you."]
CUSTOMER = ["I'm calling about my bill.", "Why is it twice what it was?"]


class ScriptedTranscriber:
    """Gives each region of each channel the next sentence of that channel's script."""

    name = "scripted"

    def __init__(self, *scripts: Sequence[str], language: str = "en") -> None:
        self.scripts, self.language, self.heard = scripts, language, 0

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        self.heard += 1
        words = []
        for spans, script in zip(regions, self.scripts, strict=False):
            channel: list[Word] = []
            for span, sentence in zip(spans, script, strict=False):
                step = span.duration_s / len(sentence.split())
                channel += [
                    Word(text, span.start + i * step, span.start + (i + 1) * step, 0.9)
                    for i, text in enumerate(sentence.split())
                ]
            words.append(tuple(channel))
        return Transcript(tuple(words), language=self.language)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", models=tmp_path / "models")


def _two_voices() -> list[Any]:
    """Agent 1-4 and 10-13, customer 5-8 and 12.4-15 (seconds)."""
    agent = placed(18, [(1, speech_like(3)), (10, speech_like(3, seed=6))])
    customer = placed(
        18, [(5, speech_like(3, pitch_hz=200, seed=2)), (12.4, speech_like(2.6, pitch_hz=210, seed=3))]
    )
    return [agent, customer]


class TestSeveral:
    def test_each_is_as_it_is_alone_and_a_bad_one_fails_alone(
        self, tmp_path: Path, settings: Settings
    ) -> None:
        good = write_wav(tmp_path / "k1.wav", _two_voices())
        swapped = write_wav(tmp_path / "k2.wav", _two_voices()[::-1])
        mute = write_wav(tmp_path / "k3.wav", [noise(8), noise(8, seed=1)])
        (tmp_path / "k4.wav").write_text("this is a letter and no sound")
        paths = [good, mute, swapped, tmp_path / "k4.wav"]
        made = hear_many(
            [(Source(recording=path), Metadata()) for path in paths],
            settings=settings,
            transcriber=ScriptedTranscriber(AGENT, CUSTOMER),
        )
        assert "nobody speaks in it" in str(made[1])
        assert "is text, not sound" in str(made[3])
        for path, call in ((good, made[0]), (swapped, made[2])):
            alone = hear(path, settings=settings, transcriber=ScriptedTranscriber(AGENT, CUSTOMER))
            assert call == alone

    def test_what_the_recogniser_gets_is_silent_outside_of_speech(
        self, tmp_path: Path, settings: Settings
    ) -> None:
        path = write_wav(tmp_path / "k1.wav", [side + noise(18, level_db=-55) for side in _two_voices()])
        heard: list[tuple[Recording, Any]] = []

        class Keeps(ScriptedTranscriber):
            def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
                heard.append((recording, regions))
                return super().transcribe(recording, regions)

        hear(path, settings=settings, transcriber=Keeps(AGENT, CUSTOMER))
        (recording, regions), whole = heard[0], decode(path)
        for kept, full, spans in zip(recording.channels, whole.channels, regions, strict=True):
            inside = np.zeros(len(full), bool)
            for span in spans:
                inside[round(span.start * 16000) : round(span.end * 16000)] = True
            assert np.array_equal(kept, np.where(inside, full, 0))


class TestTwoChannels:
    def test_words_from_the_model_timing_from_the_sound(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        call = hear(path, settings=settings, transcriber=ScriptedTranscriber(AGENT, CUSTOMER))
        assert (call.call_id, call.recording, call.timing.source, call.words_from) == (
            "k1",
            "two_channels",
            "sound",
            "scripted",
        )
        assert [(turn.speaker, turn.text) for turn in call.turns] == [
            ("agent", AGENT[0]),
            ("customer", CUSTOMER[0]),
            ("agent", AGENT[1]),
            ("customer", CUSTOMER[1]),
        ]
        assert call.duration == pytest.approx(18)
        assert call.started_at is None

    def test_the_agents_channel_is_told_by_words_and_said(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices()[::-1])
        call = hear(path, settings=settings, transcriber=ScriptedTranscriber(CUSTOMER, AGENT))
        assert [turn.speaker for turn in call.turns] == ["agent", "customer", "agent", "customer"]
        assert call.timing.agent[0].start == pytest.approx(1, abs=0.15)
        recording = decode(path)
        assert call.timing == measure_timing(recording, agent_channel=1)
        assert any("the agent is on channel 1 (probability" in note for note in call.notes)

    def test_the_setting_decides_over_everything(self, tmp_path: Path) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        settings = load_settings(agent_channel=1)
        call = hear(path, settings=settings, transcriber=ScriptedTranscriber(AGENT, CUSTOMER))
        assert call.turns[0].speaker == "customer"
        assert all(turn.confidence == 1.0 for turn in call.turns)

    def test_the_setting_chooses_among_more_than_two_channels(self, tmp_path: Path) -> None:
        voices = _two_voices()
        path = write_wav(
            tmp_path / "k.wav", [voices[0], tone(18, level_db=-6), voices[1], tone(18, 900, level_db=-6)]
        )
        settings = load_settings(agent_channel=1, channels=(2, 0))
        call = hear(path, settings=settings, transcriber=ScriptedTranscriber(CUSTOMER, AGENT))
        assert [turn.text for turn in call.turns] == [AGENT[0], CUSTOMER[0], AGENT[1], CUSTOMER[1]]
        assert "Of 4 channels, 1, 3 (counted from 0) are left out." in call.notes

    def test_doubt_about_the_channel_stays_in_the_turns(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        call = hear(
            path, settings=settings, transcriber=ScriptedTranscriber(["Yes.", "No."], ["No.", "Yes."])
        )
        assert all(turn.confidence == 0.5 for turn in call.turns)
        assert any("set agent_channel" in note for note in call.notes)

    def test_another_language_is_marked_as_not_scored(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        call = hear(path, settings=settings, transcriber=ScriptedTranscriber(AGENT, CUSTOMER, language="pl"))
        assert call.language == "pl"
        assert any("not scored" in note for note in call.notes)

    def test_words_where_nobody_speaks_are_kept_and_marked(self, tmp_path: Path, settings: Settings) -> None:
        class Inventing(ScriptedTranscriber):
            def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
                heard = super().transcribe(recording, regions)
                return replace(
                    heard, words=((*heard.words[0], Word("Bye.", 16.5, 17.0, 0.9)), heard.words[1])
                )

        path = write_wav(tmp_path / "k1.wav", _two_voices())
        call = hear(path, settings=settings, transcriber=Inventing(AGENT, CUSTOMER))
        assert [word.word for turn in call.turns for word in turn.words if word.doubtful] == ["Bye."]

    def test_overdriven_sound_is_said(self, tmp_path: Path, settings: Settings) -> None:
        agent, customer = _two_voices()
        loud = (agent.astype(np.int32) * 30).clip(-32768, 32767).astype(np.int16)
        path = write_wav(tmp_path / "k1.wav", [loud, customer])
        call = hear(path, settings=settings, transcriber=ScriptedTranscriber(AGENT, CUSTOMER))
        assert any("overdriven on channel 0" in note for note in call.notes)


class TestTranscriptBeside:
    def test_its_words_the_sounds_timing_and_no_model(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices()[::-1])
        (tmp_path / "k1.vtt").write_text(
            "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Agent>Hello, how can I help?\n\n"
            "00:05.000 --> 00:08.000\n<v Customer>My bill.\n\n00:10.000 --> 00:13.000\n<v Agent>Let me see.\n"
        )
        call = hear(path, settings=settings, transcriber=None)
        assert [turn.text for turn in call.turns] == ["Hello, how can I help?", "My bill.", "Let me see."]
        assert (call.timing.source, call.recording, call.words_from) == (
            "sound",
            "two_channels",
            "transcript",
        )
        assert call.timing.agent[0].start == pytest.approx(1, abs=0.15)
        assert any("the agent is on channel 1" in note for note in call.notes)
        assert call.turns[0].words[0].word == "Hello,"

    def test_without_times_and_setting_the_channel_stays_open(
        self, tmp_path: Path, settings: Settings
    ) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        (tmp_path / "k1.txt").write_text("Agent: Hello.\nCustomer: My bill.\n")
        call = hear(path, settings=settings, transcriber=None)
        assert call.timing.source == "none"
        assert any("can't be told" in note for note in call.notes)

    def test_beside_a_mono_recording_times_stay_the_transcripts(
        self, tmp_path: Path, settings: Settings
    ) -> None:
        path = write_wav(tmp_path / "k1.wav", [sum(_two_voices())])
        shutil.copy(SAMPLES / "call.json", tmp_path / "k1.json")
        call = hear(path, settings=settings, transcriber=None)
        assert (call.recording, call.timing.source, call.agent) == ("mono", "words", "Rosa")

    def test_a_silent_recording_beside_it_is_said(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", [silence(13), silence(13)])
        shutil.copy(SAMPLES / "call.json", tmp_path / "k1.json")
        call = hear(path, settings=settings, transcriber=None)
        assert call.timing.source == "words"
        assert any("Nobody is heard" in note for note in call.notes)

    def test_a_transcript_that_names_nobody_is_told_by_the_channels(
        self, tmp_path: Path, settings: Settings
    ) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices()[::-1])
        rows = [(AGENT[0], 1.0), (CUSTOMER[0], 5.0), (AGENT[1], 10.0), (CUSTOMER[1], 13.2)]
        words = [[(text, at + i * 0.2) for i, text in enumerate(line.split())] for line, at in rows]
        segments = [  # the third and fourth are one segment, as recognisers cut them
            {
                "start": one[0][1],
                "end": one[-1][1] + 0.2,
                "text": " ".join(t for t, _ in one),
                "words": [{"word": t, "start": at, "end": at + 0.2} for t, at in one],
            }
            for one in (words[0], words[1], words[2] + words[3])
        ]
        (tmp_path / "k1.json").write_text(json.dumps({"segments": segments}))
        call = hear(path, settings=settings, transcriber=None)
        assert [(turn.speaker, turn.text) for turn in call.turns] == [
            ("agent", AGENT[0]),
            ("customer", CUSTOMER[0]),
            ("agent", AGENT[1]),
            ("customer", CUSTOMER[1]),
        ]
        assert any("by what is said it is 'channel 1'" in note for note in call.notes)
        assert call.timing.source == "sound"

    def test_a_transcript_longer_than_the_sound_is_doubted(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", [placed(3, [(0.5, speech_like(2))])])
        shutil.copy(SAMPLES / "call.json", tmp_path / "k1.json")
        assert any(
            "belong together" in note for note in hear(path, settings=settings, transcriber=None).notes
        )


class TestOneChannel:
    @pytest.mark.parametrize("kind", ["mono", "dual_mono", "one_silent"])
    def test_speakers_are_told_by_words_with_doubt(
        self, tmp_path: Path, settings: Settings, kind: str
    ) -> None:
        mixed = placed(
            18, [(1, speech_like(3)), (5, speech_like(3, pitch_hz=200, seed=2)), (10, speech_like(3, seed=6))]
        )
        channels = {"mono": [mixed], "dual_mono": [mixed, mixed], "one_silent": [silence(18), mixed]}[kind]
        script = [AGENT[0], CUSTOMER[0], AGENT[1]]
        call = hear(
            write_wav(tmp_path / "k1.wav", channels),
            settings=settings,
            transcriber=ScriptedTranscriber(script),
        )
        assert call.recording == kind
        assert [turn.speaker for turn in call.turns] == ["agent", "customer", "agent"]
        assert all(0.5 <= turn.confidence < 1 for turn in call.turns)
        assert call.timing.source == "none"
        assert call.timing.silences
        assert any("One channel holds both speakers" in note for note in call.notes)


class TestTranscriptAlone:
    def test_word_times_are_spread_where_there_are_none(self, settings: Settings) -> None:
        call = hear(SAMPLES / "voices.vtt", settings=settings, transcriber=None)
        assert call.timing.source == "turns"
        assert [word.word for word in call.turns[3].words] == ["Okay,", "thanks."]
        assert (call.recording, call.words_from) == ("none", "transcript")

    def test_real_word_times_are_kept(self, settings: Settings) -> None:
        call = hear(SAMPLES / "whisperx.json", settings=settings, transcriber=None)
        assert call.timing.source == "words"
        assert call.turns[0].words[1].start == pytest.approx(0.75)


class TestRefused:
    """Each with one clear line."""

    def test_a_recording_without_a_model(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        with pytest.raises(ModelError, match=r"run `qa models fetch small\.en`"):
            hear(path, settings=settings, transcriber=None)

    @pytest.mark.parametrize(
        ("sound", "n_channels"),
        [(silence(5), 1), (silence(5), 2), (tone(5, 425), 1), (noise(5, level_db=-40), 2)],
    )
    def test_a_recording_in_which_nobody_speaks(
        self, tmp_path: Path, settings: Settings, sound: Any, n_channels: int
    ) -> None:
        path = write_wav(tmp_path / "k1.wav", [sound] * n_channels)
        transcriber = ScriptedTranscriber(AGENT)
        with pytest.raises(AudioError, match="nobody speaks in it"):
            hear(path, settings=settings, transcriber=transcriber)
        assert transcriber.heard == 0

    def test_speech_without_words(self, tmp_path: Path, settings: Settings) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        with pytest.raises(AudioError, match="no words could be made out"):
            hear(path, settings=settings, transcriber=ScriptedTranscriber([], []))

    def test_a_channel_that_no_call_has(self, tmp_path: Path) -> None:
        path = write_wav(tmp_path / "k1.wav", _two_voices())
        with pytest.raises(SettingsError, match="set 0 or 1"):
            hear(
                path,
                settings=load_settings(agent_channel=3),
                transcriber=ScriptedTranscriber(AGENT, CUSTOMER),
            )

    def test_missing_files_and_folders(self, tmp_path: Path, settings: Settings) -> None:
        with pytest.raises(InputError, match="no such file"):
            hear(tmp_path / "none.wav", settings=settings, transcriber=None)
        with pytest.raises(InputError, match="is a folder"):
            hear(tmp_path, settings=settings, transcriber=None)

    def test_text_named_wav(self, tmp_path: Path, settings: Settings) -> None:
        (tmp_path / "k1.wav").write_text("this is no sound at all, it is text\n")
        with pytest.raises(AudioError, match="is text, not sound"):
            hear(tmp_path / "k1.wav", settings=settings, transcriber=None)

    def test_a_transcript_without_speakers(self, tmp_path: Path, settings: Settings) -> None:
        (tmp_path / "k1.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")
        with pytest.raises(TranscriptError, match="does not say who is agent"):
            hear(tmp_path / "k1.vtt", settings=settings, transcriber=None)


class TestFindInputs:
    def test_a_recording_and_its_transcript_are_one(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        first = write_wav(tmp_path / "sub" / "a.wav", [silence(0.1)])
        shutil.copy(SAMPLES / "voices.vtt", tmp_path / "sub" / "a.vtt")
        second = write_wav(tmp_path / "b.wav", [silence(0.1)])
        shutil.copy(SAMPLES / "plain.txt", tmp_path / "c.txt")
        (tmp_path / "README.txt").write_text("How to use this folder.\n")
        (tmp_path / "calls.csv").write_text("file,agent\n")
        (tmp_path / ".hidden.wav").write_bytes(b"")
        assert find_inputs([tmp_path]) == (
            Source(recording=second),
            Source(transcript=tmp_path / "c.txt"),
            Source(recording=first, transcript=tmp_path / "sub" / "a.vtt"),
        )

    def test_metadata_beside_a_recording_is_not_a_transcript(self, tmp_path: Path) -> None:
        path = write_wav(tmp_path / "a.wav", [silence(0.1)])
        (tmp_path / "a.json").write_text('{"agent": "Rosa"}')
        assert find_inputs([tmp_path]) == (Source(recording=path),)

    def test_a_broken_transcript_is_not_lost(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('{"turns": [')
        assert find_inputs([tmp_path]) == (Source(transcript=tmp_path / "a.json"),)

    def test_the_same_file_named_twice_is_one(self, tmp_path: Path) -> None:
        path = write_wav(tmp_path / "a.wav", [silence(0.1)])
        assert find_inputs([path, tmp_path, path]) == (Source(recording=path),)

    def test_nothing_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no recordings and no transcripts"):
            find_inputs([tmp_path])
        with pytest.raises(InputError, match="no such file or folder"):
            find_inputs([tmp_path / "nowhere"])


def _shared(kind: str) -> list[Path]:
    shared = os.environ.get("QA_SHARED")
    return sorted(p for p in (Path(shared) / "fixtures" / kind).rglob("*") if p.is_file()) if shared else []


def _heard_or_refused(path: Path, settings: Settings) -> tuple[Call | None, str]:
    try:
        return hear(path, settings=settings, transcriber=ScriptedTranscriber(AGENT * 99, CUSTOMER * 99)), ""
    except QaError as err:
        return None, str(err)


@pytest.mark.skipif(not _shared("audio"), reason="QA_SHARED names no folder of recordings")
@pytest.mark.parametrize("kind", ["audio", "transcripts"])
def test_every_shared_file_becomes_a_call_or_is_refused_with_one_line(kind: str, settings: Settings) -> None:
    n_heard = 0
    for path in _shared(kind):
        call, message = _heard_or_refused(path, settings)
        assert (call is None) == bool(message), path
        assert "\n" not in message, path
        if call is not None:
            n_heard += 1
            assert any(turn.text for turn in call.turns), path
    assert n_heard >= 3
