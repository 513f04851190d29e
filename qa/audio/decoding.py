"""Packets to samples with PyAV: per channel, at one rate, with silence where packets are bad or missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from qa.audio.files import RAW_FORMATS, check_file
from qa.audio.recording import Recording, Samples
from qa.errors import AudioError

REPLACED_DECODERS = {"amrnb": "libopencore_amrnb"}  # the built-in one gives up on files with DTX
GAP_TOLERANCE_S = 0.25  # a jump of the time stamps beyond a codec's delay is lost sound
MAX_GAP_S = 3600.0  # a larger jump is a broken clock, not a pause
MAX_FILLED_SHARE = 0.9
TRUSTED_DURATIONS = ("flac", "ogg", "matroska", "mp4", "wav")  # formats that store it; others estimate


@dataclass(slots=True)
class _Gathered:
    """What the decoder has so far: blocks of (channels, samples) and how many bad packets it met."""

    rate_hz: int
    blocks: list[Samples] = field(default_factory=list)
    n_samples: int = 0
    n_bad: int = 0
    silence_s: float = 0.0
    broke_off: bool = False
    first_bad_block: int | None = None

    def add(self, block: Samples) -> None:
        if block.shape[1]:
            self.blocks.append(block)
            self.n_samples += block.shape[1]

    def add_silence(self, duration_s: float, n_channels: int) -> None:
        self.silence_s += duration_s
        self.add(np.zeros((n_channels, round(duration_s * self.rate_hz)), np.int16))

    def add_bad(self, duration_s: float, n_channels: int) -> None:
        """A packet that can't be decoded: silence of its length."""
        self.n_bad += 1
        if self.first_bad_block is None:
            self.first_bad_block = len(self.blocks)
        self.add_silence(duration_s, n_channels)

    def fill_up_to(self, declared_s: float, *, trusted: bool) -> None:
        """What the file declares and nothing explains was lost at its damage, or else at its end."""
        missing_s = declared_s - self.n_samples / self.rate_hz
        damaged = self.first_bad_block is not None
        if not self.blocks or not (damaged or (trusted and missing_s > GAP_TOLERANCE_S)):
            return
        if GAP_TOLERANCE_S / 5 < missing_s < declared_s * MAX_FILLED_SHARE:
            block = np.zeros((self.blocks[0].shape[0], round(missing_s * self.rate_hz)), np.int16)
            at = self.first_bad_block if self.first_bad_block is not None else len(self.blocks)
            self.blocks.insert(at, block)
            self.n_samples += block.shape[1]
            self.silence_s += missing_s


def decode(path: Path, *, rate_hz: int = 16000) -> Recording:
    """Read a recording, whatever telephony wrote it.

    Parameters
    ----------
    path
        A sound file; headerless mu-law, A-law, GSM, G.722, G.729 and slin are known by their ending.
    rate_hz
        Rate of the arrays given back.

    Raises
    ------
    AudioError
        The file is missing, empty, text, cut off, of no known codec, or holds no sound at all.
    """
    raw = RAW_FORMATS.get(path.suffix.lower())
    check_file(path, is_raw=raw is not None)
    try:
        container = av.open(
            str(path.resolve()),
            format=raw[0] if raw else None,
            options={"protocol_whitelist": "file", **(raw[1] if raw else {})},
            metadata_errors="ignore",
        )
    except (OSError, ValueError, EOFError) as err:  # PyAV's errors are children of these
        raise AudioError(f"{path}: not a recording this program can read ({_first_words(err)})") from err
    with container:
        stream = _sound_stream(container, path)
        codec, source_rate_hz = stream.codec_context.name, int(stream.codec_context.sample_rate or 0)
        gathered = _Gathered(rate_hz)
        for block in _decoded(container, stream, gathered):
            gathered.add(block)
        if stream.duration:
            trusted = any(name in container.format.name for name in TRUSTED_DURATIONS)
            gathered.fill_up_to(float(stream.duration * stream.time_base), trusted=trusted)
        n_streams = len(container.streams.audio)
    if not gathered.n_samples:
        raise AudioError(f"{path}: holds no sound (codec {codec}); export the recording again")
    channels = _joined(gathered)
    return Recording(
        path=path,
        sha256=_sha256(path),
        codec=codec,
        source_rate_hz=source_rate_hz,
        rate_hz=rate_hz,
        channels=channels,
        duration_s=len(channels[0]) / rate_hz,
        notes=_notes(gathered, n_streams),
    )


def _sound_stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise AudioError(f"{path}: holds no sound ({kinds} only)")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise AudioError(f"{path}: its codec is not known; convert it to WAV, FLAC, MP3 or Opus first")
    return stream


def _decoded(container: Any, stream: Any, gathered: _Gathered) -> Iterator[Samples]:
    """Blocks of (channels, samples) at the wanted rate, silence put where packets are bad or missing."""
    decoder = _decoder(stream)
    resampler, shape = None, None
    start_s = _start_s(container, stream)
    for packet in _packets(container, stream, gathered):
        try:
            frames = decoder.decode(packet)
        except (OSError, ValueError, EOFError):
            lost_s = float(packet.duration * packet.time_base) if packet.duration else 0.0
            gathered.add_bad(lost_s, shape[2] if shape else stream.codec_context.channels)
            continue
        for frame in frames:
            n_channels = len(frame.layout.channels)
            new_shape = (frame.format.name, frame.sample_rate, n_channels)
            if new_shape != shape:
                if resampler is not None and shape is not None:
                    yield from _resampled(resampler, None, shape[2])
                shape = new_shape
                resampler = av.AudioResampler(format="s16p", layout=frame.layout, rate=gathered.rate_hz)
            if frame.pts is not None and frame.time_base is not None:
                at_s = float(frame.pts * frame.time_base)
                start_s = at_s if start_s is None else start_s
                gap_s = at_s - start_s - gathered.n_samples / gathered.rate_hz
                if GAP_TOLERANCE_S < gap_s < MAX_GAP_S:
                    gathered.add_silence(gap_s, n_channels)
            yield from _resampled(resampler, frame, n_channels)
    if resampler is not None and shape is not None:
        yield from _resampled(resampler, None, shape[2])


def _start_s(container: Any, stream: Any) -> float | None:
    """Where the clock of the time stamps begins; FLAC counts from 0 even when its first frames are lost."""
    if container.format.name == "flac":
        return 0.0
    return None if stream.start_time is None else float(stream.start_time * stream.time_base)


def _decoder(stream: Any) -> Any:
    name = REPLACED_DECODERS.get(stream.codec_context.name)
    if name is None or name not in av.codecs_available:
        return stream.codec_context
    context = av.CodecContext.create(name, "r")
    context.sample_rate, context.layout = stream.codec_context.sample_rate, "mono"
    return context


def _packets(container: Any, stream: Any, gathered: _Gathered) -> Iterator[Any]:
    """The stream's packets, then the empty one that flushes; a file that breaks off ends early."""
    try:
        yield from container.demux(stream)
    except (OSError, ValueError, EOFError):
        gathered.broke_off = True


def _resampled(resampler: Any, frame: Any, n_channels: int) -> Iterator[Samples]:
    if frame is not None:
        frame.pts = None  # the resampler must not fill or drop by itself: gaps are ours
    for out in resampler.resample(frame):
        yield out.to_ndarray().reshape(n_channels, -1)


def _joined(gathered: _Gathered) -> tuple[Samples, ...]:
    """One array per channel, filled block by block so that no second copy of the whole is ever held."""
    n_channels = max(block.shape[0] for block in gathered.blocks)
    channels = tuple(np.zeros(gathered.n_samples, np.int16) for _ in range(n_channels))
    at = gathered.n_samples
    while gathered.blocks:
        block = gathered.blocks.pop()
        at -= block.shape[1]
        for number in range(n_channels):
            channels[number][at : at + block.shape[1]] = block[min(number, block.shape[0] - 1)]
    return channels


def _notes(gathered: _Gathered, n_streams: int) -> tuple[str, ...]:
    notes = []
    if gathered.n_bad or gathered.silence_s:
        notes.append(
            f"{gathered.n_bad} damaged packets; {gathered.silence_s:.1f} s of missing sound kept as silence."
        )
    if gathered.broke_off:
        notes.append("The file breaks off before its end; what follows was lost.")
    if n_streams > 1:
        notes.append(f"The file holds {n_streams} sound tracks; the first one is used.")
    return tuple(notes)


def _first_words(err: BaseException) -> str:
    """The decoder's own reason without number and path, for one readable line."""
    text = getattr(err, "strerror", None) or str(err)
    return text.split(":")[0].strip().rstrip(".").lower() or type(err).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
