"""What the decoder has so far: one growing array per channel, and what was missing.

Conventions: an array is asked for once in the length that the file declares and filled in place, so that an
hour of sound is held once and never in pieces beside it. Memory that was asked for and never written to costs
nothing on any system that this runs on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qa.audio.recording import Samples

GAP_TOLERANCE_S = 0.25  # a jump of the time stamps beyond a codec's delay is lost sound
MAX_FILLED_SHARE = 0.9
FIRST_ROOM_S = 600.0  # where the file declares no length
MAX_DECLARED_S = 4 * 3600.0  # a broken header promises anything: longer recordings grow step by step
GROWTH = 1.5


@dataclass(slots=True)
class Gathered:
    """Samples by channel at ``rate_hz``, how many packets were bad, how much silence stands for lost sound."""

    rate_hz: int
    declared_s: float | None = None
    n_samples: int = 0
    n_bad: int = 0
    silence_s: float = 0.0
    broke_off: bool = False
    first_bad_sample: int | None = None
    _channels: list[Samples] = field(default_factory=list)

    def add(self, block: Samples) -> None:
        """Append a block of (channels, samples); a channel that it lacks goes on as its last one."""
        n_new = block.shape[1]
        if not n_new:
            return
        self._make_room(block.shape[0], n_new)
        for number, channel in enumerate(self._channels):
            channel[self.n_samples : self.n_samples + n_new] = block[min(number, block.shape[0] - 1)]
        self.n_samples += n_new

    def add_silence(self, duration_s: float, n_channels: int) -> None:
        self.silence_s += duration_s
        self.add(np.zeros((n_channels, round(duration_s * self.rate_hz)), np.int16))

    def add_bad(self, duration_s: float, n_channels: int) -> None:
        """A packet that can't be decoded: silence of its length."""
        self.n_bad += 1
        if self.first_bad_sample is None:
            self.first_bad_sample = self.n_samples
        self.add_silence(duration_s, n_channels)

    def fill_up_to(self, declared_s: float, *, trusted: bool) -> None:
        """What the file declares and nothing explains was lost at its damage, or else at its end."""
        missing_s = declared_s - self.n_samples / self.rate_hz
        damaged = self.first_bad_sample is not None
        if not self._channels or not (damaged or (trusted and missing_s > GAP_TOLERANCE_S)):
            return
        if GAP_TOLERANCE_S / 5 < missing_s < declared_s * MAX_FILLED_SHARE:
            at, n_missing = self.first_bad_sample, round(missing_s * self.rate_hz)
            at = self.n_samples if at is None else at
            self._make_room(len(self._channels), n_missing)
            for channel in self._channels:
                channel[at + n_missing : self.n_samples + n_missing] = channel[at : self.n_samples].copy()
                channel[at : at + n_missing] = 0
            self.n_samples += n_missing
            self.silence_s += missing_s

    def channels(self) -> tuple[Samples, ...]:
        """What was gathered; nothing may be added after."""
        return tuple(channel[: self.n_samples] for channel in self._channels)

    def _make_room(self, n_channels: int, n_new: int) -> None:
        needed = self.n_samples + n_new
        declared_s = FIRST_ROOM_S if self.declared_s is None else min(self.declared_s, MAX_DECLARED_S) + 1
        room = max(round(declared_s * self.rate_hz), needed)
        for number in range(len(self._channels), n_channels):
            fresh = np.empty(max(room, *(len(c) for c in self._channels), 0), np.int16)
            if number:  # the file had fewer channels until here: the last of them stands for this one
                fresh[: self.n_samples] = self._channels[-1][: self.n_samples]
            self._channels.append(fresh)
        for number, channel in enumerate(self._channels):
            if len(channel) < needed:
                grown = np.empty(max(round(len(channel) * GROWTH), needed), np.int16)
                grown[: self.n_samples] = channel[: self.n_samples]
                self._channels[number] = grown
