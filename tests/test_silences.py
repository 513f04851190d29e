"""Ringing and hold music are told from dead air."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import RATE_HZ, music, noise, placed, ringing, silence, speech_like, tone, write_wav
from scipy.signal import butter, sosfilt

from qa.audio import decode
from qa.silences import kind_of_sound
from qa.speech import measure_timing


def _on_the_phone(sound: Any) -> Any:
    """Through the telephone band, with line noise."""
    band = butter(4, [300, 3400], "band", fs=RATE_HZ, output="sos")
    return (sosfilt(band, sound.astype(float)) + noise(len(sound) / RATE_HZ, level_db=-52)).astype(np.int16)


@pytest.mark.parametrize("on_the_phone", [False, True])
@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (ringing(12), "ringing"),
        (ringing(7, level_db=-32), "ringing"),
        (tone(5, 425), "ringing"),
        (music(12), "music"),
        (music(12, level_db=-38, seed=3), "music"),
        (silence(12), "silence"),
        (noise(12, level_db=-60), "silence"),
        (noise(12, level_db=-38), "silence"),
        (tone(12, 50, level_db=-30), "silence"),
        (placed(12, [(i * 1.1, noise(0.05, level_db=-25)) for i in range(10)]), "silence"),
        (placed(12, [(3, noise(1.5, level_db=-30))]), "silence"),
    ],
    ids=[
        "ringing",
        "soft ringing",
        "dial tone",
        "music",
        "soft music",
        "nothing",
        "line noise",
        "loud noise",
        "hum",
        "typing",
        "breath",
    ],
)
def test_what_is_on_the_line(sound: Any, kind: str, on_the_phone: bool) -> None:
    assert kind_of_sound(_on_the_phone(sound) if on_the_phone else sound, RATE_HZ) == kind


def test_silences_of_a_call_carry_their_kinds(tmp_path: Path) -> None:
    """Agent     ring ring |6-8|                   |23-25|
    Customer               |9-11| (music 12-20)              |27 silence 34|"""
    agent = placed(34, [(0, ringing(5)), (6, speech_like(2)), (23, speech_like(2, seed=6))])
    customer = placed(34, [(9, speech_like(2, pitch_hz=200, seed=2)), (12, music(8))])
    timing = measure_timing(decode(write_wav(tmp_path / "k.wav", [agent, customer])), agent_channel=0)
    kinds = [
        (one.kind, round(one.start), round(one.end)) for one in timing.silences if one.end - one.start > 1.5
    ]
    assert kinds == [("ringing", 0, 6), ("music", 11, 23), ("silence", 25, 34)]
