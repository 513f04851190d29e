"""Packets to samples with PyAV: per channel, at one rate, with silence where packets are bad or missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from qa.audio.files import RAW_FORMATS, check_file
from qa.audio.gathering import GAP_TOLERANCE_S, Gathered
from qa.audio.headers import unwrap
from qa.audio.recording import Recording, Samples
from qa.errors import AudioError

REPLACED_DECODERS = {"amrnb": "libopencore_amrnb"}  # the built-in one gives up on files with DTX
MAX_GAP_S = 3600.0  # a larger jump of the time stamps is a broken clock, not a pause
TRUSTED_DURATIONS = ("flac", "ogg", "matroska", "mp4", "wav")  # formats that store it; others estimate
RESAMPLED_AT_ONCE_S = 1.0  # a telephone packet holds 20 ms: one call for each costs more than its work
VOX_RATE_HZ = 8000


def decode(path: Path, *, rate_hz: int = 16000, vox_rate_hz: int = VOX_RATE_HZ) -> Recording:
    """Read a recording, whatever telephony wrote it.

    Parameters
    ----------
    path
        A sound file; headerless mu-law, A-law, GSM, G.722, G.729 and slin are known by their ending.
    rate_hz
        Rate of the arrays given back.
    vox_rate_hz
        Rate of Dialogic ``.vox`` files, which do not say it themselves.

    Raises
    ------
    AudioError
        The file is missing, empty, text, cut off, of no known codec, or holds no sound at all.
    """
    container, unwrapped_codec = _opened(path, vox_rate_hz)
    with container:
        stream = _sound_stream(container, path)
        codec = unwrapped_codec or stream.codec_context.name
        source_rate_hz = int(stream.codec_context.sample_rate or 0)
        gathered = Gathered(rate_hz, _declared_s(container, stream))
        for block in _decoded(container, stream, gathered):
            gathered.add(block)
        if stream.duration:
            trusted = any(name in container.format.name for name in TRUSTED_DURATIONS)
            gathered.fill_up_to(float(stream.duration * stream.time_base), trusted=trusted)
        n_streams = len(container.streams.audio)
    if not gathered.n_samples:
        raise AudioError(f"{path}: holds no sound (codec {codec}); export the recording again")
    channels = gathered.channels()
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


def _opened(path: Path, vox_rate_hz: int) -> tuple[Any, str | None]:
    """The file in the demuxer that suits it, and its codec where it had to be taken out of a wrapper."""
    raw = RAW_FORMATS.get(path.suffix.lower())
    check_file(path, is_raw=raw is not None)
    unwrapped = None if raw else unwrap(path, vox_rate_hz=vox_rate_hz)
    if unwrapped is not None:
        raw = unwrapped.form, unwrapped.options
    try:
        container = av.open(
            unwrapped.file if unwrapped else str(path.resolve()),
            format=raw[0] if raw else None,
            options={"protocol_whitelist": "file", **(raw[1] if raw else {})},
            metadata_errors="ignore",
        )
    except (OSError, ValueError, EOFError) as err:  # PyAV's errors are children of these
        raise AudioError(f"{path}: not a recording this program can read ({_first_words(err)})") from err
    return container, unwrapped.codec if unwrapped else None


def _declared_s(container: Any, stream: Any) -> float | None:
    """The length that the file states, for the room it will need."""
    if stream.duration:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, container.duration / av.time_base) if container.duration else None


def _sound_stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise AudioError(f"{path}: holds no sound ({kinds} only)")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise AudioError(f"{path}: its codec is not known; convert it to WAV, FLAC, MP3 or Opus first")
    return stream


def _decoded(container: Any, stream: Any, gathered: Gathered) -> Iterator[Samples]:
    """Blocks of (channels, samples) at the wanted rate, silence put where packets are bad or missing."""
    decoder = _decoder(stream)
    resampler: _Resampler | None = None
    start_s = _start_s(container, stream)
    tick_s = float(stream.time_base) if stream.time_base else 0.0
    for packet in _packets(container, stream, gathered):
        try:
            frames = decoder.decode(packet)
        except (OSError, ValueError, EOFError):
            lost_s = float(packet.duration * packet.time_base) if packet.duration else 0.0
            if resampler is not None:
                yield from resampler.taken()
            gathered.add_bad(lost_s, resampler.n_channels if resampler else stream.codec_context.channels)
            continue
        for frame in frames:
            if resampler is None or not resampler.fits(frame):
                if resampler is not None:
                    yield from resampler.rest()
                resampler = _Resampler(frame, gathered.rate_hz)
            if frame.pts is not None and frame.time_base is not None:
                at_s = frame.pts * (tick_s if frame.time_base == stream.time_base else float(frame.time_base))
                start_s = at_s if start_s is None else start_s
                gap_s = at_s - start_s - gathered.n_samples / gathered.rate_hz - resampler.waiting_s
                if GAP_TOLERANCE_S < gap_s < MAX_GAP_S:
                    yield from resampler.taken()
                    gathered.add_silence(gap_s, resampler.n_channels)
            yield from resampler.add(frame)
    if resampler is not None:
        yield from resampler.rest()


class _Resampler:
    """Frames of one shape to blocks at the wanted rate, a second of them at a time."""

    def __init__(self, frame: Any, rate_hz: int) -> None:
        self.n_channels = len(frame.layout.channels)
        self._shape = self._shape_of(frame)
        self._rate_hz = int(frame.sample_rate)
        self._waiting = av.AudioFifo()
        self._inner = av.AudioResampler(format="s16p", layout=frame.layout, rate=rate_hz)

    @staticmethod
    def _shape_of(frame: Any) -> tuple[str, int, int]:
        return frame.format.name, frame.sample_rate, len(frame.layout.channels)

    def fits(self, frame: Any) -> bool:
        return self._shape_of(frame) == self._shape

    @property
    def waiting_s(self) -> float:
        return float(self._waiting.samples) / self._rate_hz

    def add(self, frame: Any) -> Iterator[Samples]:
        frame.pts = None  # neither queue nor resampler may fill or drop by itself: gaps are ours
        self._waiting.write(frame)
        if self._waiting.samples >= RESAMPLED_AT_ONCE_S * self._rate_hz:
            yield from self.taken()

    def taken(self) -> Iterator[Samples]:
        """What waits, resampled now."""
        if self._waiting.samples:
            yield from self._blocks(self._waiting.read())

    def rest(self) -> Iterator[Samples]:
        """What waits and what the resampler still holds; the end."""
        yield from self.taken()
        yield from self._blocks(None)

    def _blocks(self, frame: Any) -> Iterator[Samples]:
        for out in self._inner.resample(frame):
            yield out.to_ndarray().reshape(self.n_channels, -1)


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


def _packets(container: Any, stream: Any, gathered: Gathered) -> Iterator[Any]:
    """The stream's packets, then the empty one that flushes; a file that breaks off ends early."""
    try:
        yield from container.demux(stream)
    except (OSError, ValueError, EOFError):
        gathered.broke_off = True


def _notes(gathered: Gathered, n_streams: int) -> tuple[str, ...]:
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
