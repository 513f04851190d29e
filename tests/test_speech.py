"""Speech regions, leakage between the channels, windows that map back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import noise, placed, speech_like, tone, write_wav

from qa.audio import Recording, decode
from qa.errors import AudioError
from qa.speech import (
    FOR_WORDS,
    FRAME_S,
    MAX_WINDOW_S,
    PACK_GAP_S,
    Activity,
    measure_activity,
    measure_timing,
    pack,
    regions_of,
)
from qa.values import Span


def _recording(folder: Path, *channels: Any) -> Recording:
    return decode(write_wav(folder / "k.wav", list(channels)))


@pytest.fixture
def talk(tmp_path: Path) -> Recording:
    """Agent  |--1-4--|        |--10-13--|
    Customer            |--5-8--|    |--12.4-15--|
    """
    agent = placed(18, [(1, speech_like(3)), (10, speech_like(3, seed=6))])
    customer = placed(
        18, [(5, speech_like(3, pitch_hz=200, seed=2)), (12.4, speech_like(2.6, pitch_hz=210, seed=3))]
    )
    return _recording(tmp_path, agent + noise(18, level_db=-65), customer + noise(18, level_db=-65, seed=1))


def _close(spans: tuple[Span, ...], expected: list[tuple[float, float]], abs_s: float = 0.15) -> None:
    assert [span.start for span in spans] == pytest.approx([a for a, _ in expected], abs=abs_s)
    assert [span.end for span in spans] == pytest.approx([b for _, b in expected], abs=abs_s)


def test_each_channel_speaks_where_it_was_made_to(talk: Recording) -> None:
    timing = measure_timing(talk, agent_channel=0)
    assert timing.source == "sound"
    _close(timing.agent, [(1, 4), (10, 13)])
    _close(timing.customer, [(5, 8), (12.4, 15)])
    assert [(round(s.start), round(s.end)) for s in timing.silences] == [(0, 1), (4, 5), (8, 10), (15, 18)]
    assert [who for who, _, _ in timing.loudness_db] == ["agent", "customer", "agent", "customer"]
    assert all(db == pytest.approx(-22, abs=3) for _, _, db in timing.loudness_db)


def test_the_sides_follow_the_agents_channel(talk: Recording) -> None:
    swapped = measure_timing(talk, agent_channel=1)
    assert swapped.customer == measure_timing(talk, agent_channel=0).agent


def test_without_the_agents_channel_only_silences_are_known(talk: Recording) -> None:
    timing = measure_timing(talk, agent_channel=None)
    assert (timing.source, timing.agent, timing.customer) == ("none", (), ())
    assert len(timing.silences) == 4


@pytest.mark.parametrize("leak_db", [-16, -20, -30])
def test_the_other_voice_leaking_in_is_not_speech(tmp_path: Path, leak_db: float) -> None:
    agent = placed(10, [(1, speech_like(3))])
    customer = placed(10, [(5, speech_like(3, pitch_hz=200, seed=2))])
    gain = 10 ** (leak_db / 20)
    mixed = [(agent + gain * customer).astype("int16"), (customer + gain * agent).astype("int16")]
    timing = measure_timing(_recording(tmp_path, *mixed), agent_channel=0)
    _close(timing.agent, [(1, 4)])
    _close(timing.customer, [(5, 8)])


def test_loud_leakage_is_told_by_its_wave(tmp_path: Path) -> None:
    agent = placed(10, [(1, speech_like(3))])
    customer = placed(10, [(5, speech_like(3, pitch_hz=200, seed=2))])
    mixed = [(agent + 0.35 * customer).astype("int16"), (customer + 0.35 * agent).astype("int16")]
    timing = measure_timing(_recording(tmp_path, *mixed), agent_channel=0)
    _close(timing.agent, [(1, 4)])
    _close(timing.customer, [(5, 8)])


def test_both_speaking_at_once_stays_both(tmp_path: Path) -> None:
    agent = placed(8, [(1, speech_like(5, level_db=-20))])
    customer = placed(8, [(3, speech_like(1.5, pitch_hz=210, seed=5, level_db=-30))])
    timing = measure_timing(_recording(tmp_path, agent, customer), agent_channel=0)
    _close(timing.agent, [(1, 6)])
    _close(timing.customer, [(3, 4.5)])


@pytest.mark.parametrize(
    "sound", [tone(5), tone(5, 425), noise(5, level_db=-30)], ids=["tone", "ringing", "noise"]
)
def test_tones_and_noise_are_not_speech(tmp_path: Path, sound: Any) -> None:
    assert [regions_of(one) for one in measure_activity(_recording(tmp_path, sound))] == [()]


def test_a_region_is_never_longer_than_asked_and_is_cut_where_it_is_least_sure() -> None:
    speech = np.full(round(65 / FRAME_S), 0.9, np.float32)
    speech[round(25 / FRAME_S)] = 0.6
    spans = regions_of(Activity(speech, np.zeros_like(speech)), FOR_WORDS)
    assert spans[0].end == pytest.approx(25, abs=0.04)
    assert max(span.duration_s for span in spans) <= MAX_WINDOW_S
    assert sum(span.duration_s for span in spans) == pytest.approx(65, abs=0.1)


def test_quiet_recordings_are_heard(tmp_path: Path) -> None:
    quiet = placed(6, [(1, speech_like(3, level_db=-50))]) + noise(6, level_db=-75)
    _close(regions_of(measure_activity(_recording(tmp_path, quiet))[0]), [(1, 4)], abs_s=0.3)


@pytest.mark.parametrize("n_samples", [1, 100, 700, 2000])
def test_the_shortest_recordings_are_measured_too(tmp_path: Path, n_samples: int) -> None:
    sound = noise(1.0, level_db=-20)[:n_samples]
    assert [regions_of(one) for one in measure_activity(_recording(tmp_path, sound, sound[::-1]))] == [(), ()]


def test_speech_is_found_at_16_khz_only(tmp_path: Path) -> None:
    recording = decode(write_wav(tmp_path / "k.wav", [tone(1)]), rate_hz=8000)
    with pytest.raises(AudioError, match="16000 Hz, not 8000 Hz"):
        measure_activity(recording)


regions = st.lists(st.tuples(st.floats(0.01, 5), st.floats(0.05, 40)), min_size=1, max_size=30).map(
    lambda pairs: _laid_out(pairs)
)


def _laid_out(pairs: list[tuple[float, float]]) -> list[Span]:
    spans, at = [], 0.0
    for gap, length in pairs:
        spans.append(Span(at + gap, at + gap + length))
        at += gap + length
    return spans


@given(regions)
def test_windows_hold_every_region_once_and_fit(spans: list[Span]) -> None:
    windows = pack(spans, channel=1)
    assert all(window.duration_s <= MAX_WINDOW_S + 1e-6 and window.channel == 1 for window in windows)
    pieces = [piece.source for window in windows for piece in window.pieces]
    assert pieces == sorted(pieces)
    assert sum(piece.duration_s for piece in pieces) == pytest.approx(sum(span.duration_s for span in spans))


@given(regions, st.floats(0, 1))
def test_a_moment_of_a_window_maps_to_where_it_was_said(spans: list[Span], share: float) -> None:
    for window in pack(spans, channel=0):
        for number, piece in enumerate(window.pieces):
            moment = piece.at + share * piece.source.duration_s
            mapped = window.to_recording(moment, number)
            assert mapped == pytest.approx(piece.source.start + share * piece.source.duration_s, abs=1e-6)
            if 0.01 < share < 0.99:
                assert window.piece_at(moment) == number


def test_pieces_in_a_window_are_set_apart(tmp_path: Path) -> None:
    recording = _recording(tmp_path, placed(10, [(1, tone(2)), (5, tone(2))]))
    (window,) = pack([Span(1, 3), Span(5, 7)], channel=0)
    samples = window.samples(recording)
    assert len(samples) == round((4 + PACK_GAP_S) * 16000)
    gap = samples[2 * 16000 : round((2 + PACK_GAP_S) * 16000)]
    assert not gap.any()
    assert abs(samples).max() <= 1.0
