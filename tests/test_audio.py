"""Every kind of recording is read right or refused with one line; time never slips."""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from made import noise, placed, silence, speech_like, tone, write_wav

from qa.audio import (
    Recording,
    call_name,
    choose_channels,
    clipped_share,
    decode,
    recording_kind,
    rms_dbfs,
    write_listening_copy,
)
from qa.audio.gathering import Gathered
from qa.errors import AudioError, QaError
from qa.values import Span

LEFT_HZ, RIGHT_HZ = 500.0, 1200.0


def encoded(path: Path, codec: str, *, n_channels: int, rate_hz: int, **options: str) -> Path:
    """Two seconds of a tone per channel in another codec; skipped where PyAV has no encoder for it."""
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no {codec}")
    tones = [tone(2.0, hz, rate_hz=rate_hz) for hz in (LEFT_HZ, RIGHT_HZ)[:n_channels]]
    layout = "mono" if n_channels == 1 else "stereo"
    try:
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout, options=options)
            frame = av.AudioFrame.from_ndarray(
                np.stack(tones, axis=1).reshape(1, -1), format="s16", layout=layout
            )
            frame.sample_rate = rate_hz
            for out in av.AudioResampler(format=stream.format, layout=layout, rate=rate_hz).resample(frame):
                container.mux(stream.encode(out))
            container.mux(stream.encode(None))
    except av.error.ValueError as err:
        pytest.skip(f"{codec} can't be written here: {err}")
    return path


def loudest_hz(samples: np.ndarray[Any, Any], rate_hz: int = 16000) -> float:
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum)) * rate_hz / len(middle)


@pytest.mark.parametrize(
    ("name", "codec", "n_channels", "rate_hz"),
    [
        ("a.wav", "pcm_s16le", 2, 8000),
        ("a.wav", "pcm_s24le", 2, 44100),
        ("a.wav", "pcm_f32le", 2, 16000),
        ("a.wav", "pcm_u8", 1, 8000),
        ("a.wav", "pcm_mulaw", 2, 8000),
        ("a.wav", "pcm_alaw", 2, 8000),
        ("a.wav", "adpcm_ima_wav", 2, 8000),
        ("a.wav", "adpcm_ms", 2, 8000),
        ("a.wav", "g722", 1, 16000),
        ("a.wav", "adpcm_g726", 1, 8000),
        ("a.mp3", "libmp3lame", 2, 16000),
        ("a.m4a", "aac", 2, 16000),
        ("a.ogg", "libopus", 2, 16000),
        ("a.webm", "libopus", 2, 48000),
        ("a.flac", "flac", 2, 8000),
        ("a.spx", "libspeex", 1, 16000),
        ("a.amr", "libopencore_amrnb", 1, 8000),
        ("a.au", "pcm_mulaw", 1, 8000),
        ("a.aiff", "pcm_s16be", 2, 44100),
        ("a.mka", "pcm_s16le", 2, 8000),
        ("a.w64", "pcm_s16le", 2, 8000),
    ],
)
def test_every_telephony_codec_gives_its_own_channels(
    tmp_path: Path, name: str, codec: str, n_channels: int, rate_hz: int
) -> None:
    recording = decode(encoded(tmp_path / name, codec, n_channels=n_channels, rate_hz=rate_hz))
    assert len(recording.channels) == n_channels
    assert all(channel.dtype == np.int16 for channel in recording.channels)
    assert recording.duration_s == pytest.approx(2.0, abs=0.12)
    for channel, hz in zip(recording.channels, (LEFT_HZ, RIGHT_HZ), strict=False):
        assert loudest_hz(channel) == pytest.approx(hz, abs=8)


def test_amr_with_discontinuous_transmission_keeps_its_length(tmp_path: Path) -> None:
    path = tmp_path / "dtx.amr"
    if "libopencore_amrnb" not in av.codecs_available:
        pytest.skip("this PyAV has no AMR encoder")
    sound = placed(
        6, [(0.5, speech_like(1.0, rate_hz=8000)), (4.0, speech_like(1.0, rate_hz=8000))], rate_hz=8000
    )
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            "libopencore_amrnb", rate=8000, layout="mono", options={"dtx": "1"}
        )
        stream.bit_rate = 12200
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    recording = decode(path)
    assert recording.duration_s == pytest.approx(6.0, abs=0.1)
    assert recording.level_db(0, Span(4.2, 4.8)) > -35


@pytest.mark.parametrize("ending", [".ulaw", ".alaw"])
def test_headerless_telephone_sound_is_known_by_its_ending(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"raw{ending}"
    with av.open(str(path), "w", format="mulaw" if ending == ".ulaw" else "alaw") as container:
        codec = "pcm_mulaw" if ending == ".ulaw" else "pcm_alaw"
        stream: Any = container.add_stream(codec, rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(2.0, LEFT_HZ, rate_hz=8000).reshape(1, -1), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    recording = decode(path)
    assert recording.duration_s == pytest.approx(2.0, abs=0.02)
    assert loudest_hz(recording.channels[0]) == pytest.approx(LEFT_HZ, abs=5)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.ogg", "libopus")]
)
def test_a_broken_stretch_becomes_silence_of_the_same_length(tmp_path: Path, name: str, codec: str) -> None:
    path = encoded(tmp_path / name, codec, n_channels=1, rate_hz=16000)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 1500] = np.random.default_rng(0).bytes(1500)
    path.write_bytes(bytes(raw))
    recording = decode(path)
    assert recording.duration_s == pytest.approx(2.0, abs=0.2)
    assert any("kept as silence" in note for note in recording.notes)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such file"):
        decode(tmp_path / "nothing.wav")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(AudioError, match="is empty"):
        decode(tmp_path / "a.wav")


def test_text_named_wav_is_refused_before_any_decoder_sees_it(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("#EXTM3U\n#EXTINF:10,\nother.wav\n" * 5)
    with pytest.raises(AudioError, match="is text, not sound"):
        decode(tmp_path / "a.wav")


def test_a_truncated_wav_is_refused_with_one_line(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", [tone(4.0)])
    path.write_bytes(path.read_bytes()[:-64000])
    with pytest.raises(AudioError, match=r"is cut off: 4\.0 s promised, 2\.0 s there") as caught:
        decode(path)
    assert "\n" not in str(caught.value)


def test_a_wav_whose_recorder_never_filled_in_the_size_is_read(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", [tone(2.0)])
    raw = bytearray(path.read_bytes())
    raw[4:8] = raw[40:44] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(bytes(raw))
    assert decode(path).duration_s == pytest.approx(2.0, abs=0.01)


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(np.random.default_rng(1).bytes(3000))
    with pytest.raises(AudioError, match=r"a\.mp3"):
        decode(tmp_path / "a.mp3")


def test_a_wav_without_a_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="holds no sound"):
        decode(write_wav(tmp_path / "a.wav", [silence(0)]))


def _recording(tmp_path: Path, *channels: Any) -> Recording:
    return decode(write_wav(tmp_path / "k.wav", list(channels)))


def test_more_than_two_channels_are_cut_to_the_loudest_and_it_is_said(tmp_path: Path) -> None:
    recording = _recording(
        tmp_path, tone(1, level_db=-20), silence(1), tone(1, 900, level_db=-25), silence(1)
    )
    assert len(recording.channels) == 4
    chosen = choose_channels(recording)
    assert [loudest_hz(channel) for channel in chosen.channels] == pytest.approx([440, 900], abs=5)
    assert chosen.notes == ("Of 4 channels, 1, 3 (counted from 0) are left out.",)
    with pytest.raises(AudioError, match="channel 7 does not exist"):
        choose_channels(recording, [0, 7])


class TestRecordingKind:
    def test_two_speakers_on_two_channels(self, tmp_path: Path) -> None:
        first = placed(8, [(0, speech_like(3)), (6, speech_like(2))])
        second = placed(8, [(3, speech_like(3, pitch_hz=200, seed=4))])
        assert recording_kind(_recording(tmp_path, first, second)) == "two_channels"

    def test_leakage_does_not_make_it_one_line(self, tmp_path: Path) -> None:
        first = placed(8, [(0, speech_like(3)), (6, speech_like(2))])
        second = placed(8, [(3, speech_like(3, pitch_hz=200, seed=4))])
        mixed = [first // 1 + second // 5, second // 1 + first // 5]
        assert recording_kind(_recording(tmp_path, *mixed)) == "two_channels"

    @pytest.mark.parametrize("delay_samples", [0, 120, -400])
    @pytest.mark.parametrize("gain", [1.0, 0.3, -1.0])
    def test_the_same_sound_twice(self, tmp_path: Path, delay_samples: int, gain: float) -> None:
        sound = placed(8, [(0.5, speech_like(3)), (4, speech_like(3, pitch_hz=210))])
        other = np.roll((sound * gain).astype(np.int16), delay_samples) + noise(8, level_db=-60)
        assert recording_kind(_recording(tmp_path, sound, other)) == "dual_mono"

    @pytest.mark.parametrize("level_db", [-100.0, -75.0])
    def test_one_silent_channel(self, tmp_path: Path, level_db: float) -> None:
        other = noise(4, level_db=level_db) if level_db > -100 else silence(4)
        assert recording_kind(_recording(tmp_path, speech_like(4), other)) == "one_silent"

    def test_one_channel(self, tmp_path: Path) -> None:
        assert recording_kind(_recording(tmp_path, speech_like(1))) == "mono"


class TestListeningCopy:
    def test_the_agent_is_left_and_masked_time_is_silent(self, tmp_path: Path) -> None:
        recording = _recording(tmp_path, tone(6, RIGHT_HZ), tone(6, LEFT_HZ))
        write_listening_copy(
            recording, tmp_path / "out" / "k.mp3", agent_channel=1, mute=[Span(2, 3), Span(5.5, 9)]
        )
        copy = decode(tmp_path / "out" / "k.mp3")
        assert (copy.codec[:3], copy.source_rate_hz, len(copy.channels)) == ("mp3", 16000, 2)
        assert copy.duration_s == pytest.approx(6.0, abs=0.1)
        assert loudest_hz(copy.channels[0]) == pytest.approx(LEFT_HZ, abs=5)
        assert loudest_hz(copy.channels[1]) == pytest.approx(RIGHT_HZ, abs=5)
        for channel in (0, 1):
            assert copy.level_db(channel, Span(2.1, 2.9)) < -70
            assert copy.level_db(channel, Span(5.6, 5.9)) < -70
            assert copy.level_db(channel, Span(3.1, 5.4)) > -25
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["k.mp3"]

    def test_one_channel_gives_a_mono_copy(self, tmp_path: Path) -> None:
        write_listening_copy(_recording(tmp_path, tone(12)), tmp_path / "k.mp3", agent_channel=None)
        assert len(decode(tmp_path / "k.mp3").channels) == 1


def test_levels_are_in_dbfs() -> None:
    assert rms_dbfs(tone(1, level_db=-20)) == pytest.approx(-20, abs=0.1)
    assert rms_dbfs(silence(1)) == -100


def test_an_hour_of_stereo_would_stay_within_700_mib(tmp_path: Path) -> None:
    """Measured on ten minutes: what is held grows with the length and with nothing else."""
    minute = [noise(60, level_db=-30, seed=s) for s in (1, 2)]
    path = write_wav(tmp_path / "long.wav", [np.tile(one, 10) for one in minute])
    tracemalloc.start()
    recording = decode(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert recording.duration_s == pytest.approx(600, abs=0.1)
    assert peak * 6 < 700 * 2**20


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("k1.wav", "k1"),
        ("k1.WAV.json", "k1"),
        ("rosa.diaz_0302.mp3", "rosa.diaz_0302"),
        ("q-600-1772442840.17.wav", "q-600-1772442840.17"),
        ("k1.words.json", "k1"),
        (".wav", ".wav"),
    ],
)
def test_the_name_that_a_call_shares_with_what_lies_beside_it(name: str, expected: str) -> None:
    assert call_name(Path("folder") / name) == expected


def _shared_audio() -> list[Path]:
    shared = os.environ.get("QA_SHARED")
    return (
        sorted(p for p in (Path(shared) / "fixtures" / "audio").rglob("*") if p.is_file()) if shared else []
    )


def _decoded_or_refused(path: Path) -> tuple[Recording | None, str]:
    try:
        return decode(path), ""
    except QaError as err:
        return None, str(err)


@pytest.mark.skipif(not _shared_audio(), reason="QA_SHARED names no folder of recordings")
def test_every_shared_recording_is_read_or_refused_with_one_line() -> None:
    n_read = 0
    for path in _shared_audio():
        recording, message = _decoded_or_refused(path)
        if recording is None:
            assert "\n" not in message, path
            assert message.startswith(str(path)), path
        else:
            n_read += 1
            assert recording.duration_s > 0, path
            recording_kind(recording)
    assert n_read >= 25


def rifx(
    sides: list[np.ndarray[Any, Any]], form: str, *, tag: int = 1, rate_hz: int = 16000, promised: int = 1
) -> bytes:
    """A big-endian WAV of these channels; ``promised`` times as much as is there stands in its header."""
    data = np.stack(sides, axis=1).astype(form).tobytes()
    width, n = np.dtype(form).itemsize, len(sides)
    fmt = struct.pack(">HHIIHH", tag, n, rate_hz, rate_hz * n * width, n * width, 8 * width)
    length = len(data) * promised
    body = b"WAVEfmt " + struct.pack(">I", len(fmt)) + fmt + b"data" + struct.pack(">I", length) + data
    return b"RIFX" + struct.pack(">I", len(body)) + body + b"LIST\0\0\0\4abcd"


@pytest.mark.parametrize(("form", "tag", "scale"), [(">i2", 1, 1), (">i4", 1, 65536), (">f4", 3, 1 / 32768)])
def test_a_big_endian_wav_sounds_as_the_little_endian_one(
    tmp_path: Path, form: str, tag: int, scale: float
) -> None:
    sides = [tone(1.0, LEFT_HZ), tone(1.0, RIGHT_HZ)]
    (tmp_path / "b.wav").write_bytes(rifx([side * np.float64(scale) for side in sides], form, tag=tag))
    big, little = decode(tmp_path / "b.wav"), decode(write_wav(tmp_path / "l.wav", sides))
    for one, other in zip(big.channels, little.channels, strict=True):
        assert np.array_equal(one, other)


def test_a_big_endian_wav_that_breaks_off_or_has_another_codec_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.wav"
    path.write_bytes(rifx([tone(2.0)], ">i2", promised=2))
    with pytest.raises(AudioError, match=r"is cut off: 4\.0 s promised, 2\.0 s there"):
        decode(path)
    path.write_bytes(rifx([tone(2.0)], ">i2", tag=0x31))
    with pytest.raises(AudioError, match=r"RIFX\) of this form \(tag 49\) can't be read"):
        decode(path)


def dialogic(samples: np.ndarray[Any, Any]) -> bytes:
    """Dialogic ADPCM as its paper has it: 12 bits, 49 steps, the first sample in the upper half of a byte."""
    steps = [int(16 * 1.1**n) for n in range(49)]
    change = (-1, -1, -1, -1, 2, 4, 6, 8)
    at, guess, codes = 0, 0, []
    for sample in samples.astype(int) >> 4:
        step, difference = steps[at], int(sample) - guess
        code = min(7, abs(difference) * 4 // step)
        moved = step // 8 + sum(step // part for part, bit in ((1, 4), (2, 2), (4, 1)) if code & bit)
        guess = max(-2048, min(2047, guess + (moved if difference >= 0 else -moved)))
        codes.append(code | (8 if difference < 0 else 0))
        at = max(0, min(48, at + change[code]))
    return bytes(a << 4 | b for a, b in zip(codes[::2], codes[1::2], strict=False))


@pytest.mark.parametrize("rate_hz", [8000, 6000])
def test_dialogic_vox_is_read_at_the_rate_that_is_set(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "k.vox"
    path.write_bytes(dialogic(tone(2.0, LEFT_HZ, rate_hz=rate_hz)))
    recording = decode(path, vox_rate_hz=rate_hz)
    assert recording.duration_s == pytest.approx(2.0, abs=0.02)
    assert loudest_hz(recording.channels[0]) == pytest.approx(LEFT_HZ, abs=5)
    assert recording.level_db(0, Span(0.5, 1.5)) == pytest.approx(-20, abs=1)
    assert (recording.codec, recording.source_rate_hz) == ("adpcm_ima_oki", rate_hz)


def test_a_vox_file_that_is_a_wav_or_a_letter_is_taken_for_what_it_is(tmp_path: Path) -> None:
    write_wav(tmp_path / "k.wav", [tone(2.0, LEFT_HZ)]).rename(tmp_path / "k.vox")
    assert decode(tmp_path / "k.vox").codec == "pcm_s16le"
    (tmp_path / "l.vox").write_text("Dear customer, this is a letter.")
    with pytest.raises(AudioError, match="is text, not sound"):
        decode(tmp_path / "l.vox")


class TestGathering:
    def test_more_than_was_declared_is_kept_whole(self) -> None:
        rng = np.random.default_rng(0)
        blocks = [rng.integers(-9, 9, (2, n)).astype(np.int16) for n in (5, 0, 700, 3000, 1)]
        gathered = Gathered(100, declared_s=1.0)
        for block in blocks:
            gathered.add(block)
        assert np.array_equal(np.stack(gathered.channels()), np.concatenate(blocks, axis=1))

    def test_a_channel_that_comes_later_was_the_last_one_before(self) -> None:
        gathered = Gathered(100)
        gathered.add(np.array([[1, 2]], np.int16))
        gathered.add(np.array([[3], [4]], np.int16))
        gathered.add(np.array([[5]], np.int16))
        assert [channel.tolist() for channel in gathered.channels()] == [[1, 2, 3, 5], [1, 2, 4, 5]]

    def test_what_is_missing_is_silence_where_the_damage_was(self) -> None:
        gathered = Gathered(10)
        gathered.add(np.ones((1, 10), np.int16))
        gathered.add_bad(0.0, 1)
        gathered.add(np.full((1, 10), 2, np.int16))
        gathered.fill_up_to(3.0, trusted=False)
        assert gathered.channels()[0].tolist() == [1] * 10 + [0] * 10 + [2] * 10


def test_the_clipped_share_is_the_same_over_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.clip(noise(1.0, level_db=-3).astype(np.int32) * 2, -32768, 32767).astype(np.int16)
    whole = clipped_share(sound)
    monkeypatch.setattr("qa.audio.channels.SAMPLES_AT_ONCE", 7)
    assert clipped_share(sound) == pytest.approx(whole, abs=1e-12)
    assert whole > 0.01
