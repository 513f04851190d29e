"""What a telephone line does to two tracks: band, codec, noise, a little of the other side, hold music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from scipy.signal import butter, sosfiltfilt

from tools.make_demo.engines import Sound
from tools.make_demo.placing import RATE_HZ, Timeline
from tools.make_demo.script import Speaker

BAND_HZ = (300.0, 3400.0)
CROSS_TALK_DB = -35.0
MUSIC_DB = -36.0
BIT_RATE = 24_000
CHORDS_HZ = ((392.0, 494.0), (440.0, 554.0), (370.0, 466.0), (392.0, 587.0))  # one after the other
CHORD_S = 1.6


def tracks(timeline: Timeline) -> dict[Speaker, Sound]:
    """Each side's speech alone, hold music on the agent's."""
    made: dict[Speaker, Sound] = {
        "agent": np.zeros(timeline.length, np.float32),
        "customer": np.zeros(timeline.length, np.float32),
    }
    for one in timeline.placed:
        made[one.turn.speaker][one.at : one.end] += one.clip.sound
    for start, end, kind in timeline.silences:
        if kind == "music":
            gap = round(0.4 * RATE_HZ)
            made["agent"][start + gap : end - gap] += hold_music(end - start - 2 * gap)
    return made


def hold_music(length: int) -> Sound:
    """Quiet chords, each swelling and fading."""
    t = np.arange(length) / RATE_HZ
    chord = (t // CHORD_S).astype(int) % len(CHORDS_HZ)
    swell = np.sin(np.pi * (t % CHORD_S) / CHORD_S) ** 2
    tone = np.zeros(length)
    for number, notes in enumerate(CHORDS_HZ):
        tone += (chord == number) * sum(np.sin(2 * np.pi * note * t) for note in notes)
    music: Sound = (tone * swell * 10 ** (MUSIC_DB / 20)).astype(np.float32)
    return music


def over_the_line(
    sides: dict[Speaker, Sound], *, noise_db: float, cross_talk: bool, seed: int
) -> dict[Speaker, Sound]:
    """Both tracks as they arrive at the recorder."""
    random = np.random.default_rng(seed)
    band = butter(4, BAND_HZ, btype="bandpass", fs=RATE_HZ, output="sos")
    leak = 10 ** (CROSS_TALK_DB / 20) if cross_talk else 0.0
    made: dict[Speaker, Sound] = {}
    pairs: tuple[tuple[Speaker, Speaker], ...] = (("agent", "customer"), ("customer", "agent"))
    for side, other in pairs:
        mixed = np.asarray(sides[side] + leak * sides[other])
        noise = sosfiltfilt(band, random.standard_normal(mixed.size))
        noise *= 10 ** (noise_db / 20) / np.sqrt((noise**2).mean())
        made[side] = mu_law(sosfiltfilt(band, mixed) + noise)
    return made


def mu_law(sound: Sound) -> Sound:
    """There and back through eight bits."""
    clipped = np.clip(sound, -1.0, 1.0)
    small = np.sign(clipped) * np.log1p(255 * np.abs(clipped)) / np.log(256)
    small = np.round(small * 127) / 127
    back: Sound = (np.sign(small) * (256 ** np.abs(small) - 1) / 255).astype(np.float32)
    return back


def store(channels: Sequence[Sound], target: Path) -> None:
    """The channels (one or two) as Opus in Ogg."""
    layout = "mono" if len(channels) == 1 else "stereo"
    data = np.round(np.stack(channels, axis=1) * 32767).astype(np.int16)
    with av.open(str(target), "w", format="ogg", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("libopus", rate=RATE_HZ, layout=layout)
        stream.bit_rate = BIT_RATE * len(channels) // 2
        stream.options = {"application": "voip", "vbr": "on"}
        for first in range(0, len(data), 960):
            block = np.ascontiguousarray(data[first : first + 960]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
            frame.sample_rate, frame.pts = RATE_HZ, first
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
