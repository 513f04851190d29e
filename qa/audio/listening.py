"""The listening copy: a recording as browsers play it, masked where it must not be heard."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from qa.audio.recording import Recording
from qa.values import Span


def write_listening_copy(
    recording: Recording, target: Path, *, agent_channel: int | None, mute: Sequence[Span] = ()
) -> None:
    """Write an MP3 that any browser plays: agent left, customer right, 32 kb/s, muted where told.

    Parameters
    ----------
    agent_channel
        Index of the agent's channel; None keeps the order of the file. One channel gives a mono copy.
    mute
        Stretches (seconds) that become silence in every channel. The length stays the same.
    """
    order = [0, 1] if len(recording.channels) > 1 else [0]
    if agent_channel == 1 and len(order) == 2:
        order = [1, 0]
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_mp3(recording, partial, order, mute)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _write_mp3(recording: Recording, target: Path, order: list[int], mute: Sequence[Span]) -> None:
    layout = "stereo" if len(order) == 2 else "mono"
    rate_hz, block = recording.rate_hz, recording.rate_hz * 10
    with av.open(str(target), "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=rate_hz, layout=layout)
        stream.bit_rate = 32000
        for start in range(0, len(recording.channels[0]), block):
            samples = np.stack([recording.channels[number][start : start + block] for number in order])
            for span in mute:
                first = max(0, round(span.start * rate_hz) - start)
                last = round(span.end * rate_hz) - start
                if last > first:
                    samples[:, first:last] = 0
            frame: Any = av.AudioFrame.from_ndarray(samples, format="s16p", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
