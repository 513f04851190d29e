"""Any telephony recording as one int16 array per real channel, and back as a copy a browser can play.

Conventions
-----------
- Samples are int16; levels are dBFS of full scale 32768; times are seconds.
- Channels are never mixed: a file with four channels gives four arrays, a mono file gives one.
- Time never slips: what can't be decoded is replaced by silence of the same length, and a note says so.
- PyAV brings its own codecs; no system program is called and no other file or address is opened.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from qa.errors import AudioError
from qa.values import RecordingKind, Span

Samples = NDArray[np.int16]

RAW_FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    # Headerless files say nothing of themselves: the ending decides, at the telephone rate of 8 kHz.
    **dict.fromkeys((".ulaw", ".mulaw", ".ul", ".pcmu", ".mu"), ("mulaw", {"sample_rate": "8000"})),
    **dict.fromkeys((".alaw", ".al", ".pcma"), ("alaw", {"sample_rate": "8000"})),
    **dict.fromkeys((".sln", ".raw", ".pcm", ".s16"), ("s16le", {"sample_rate": "8000"})),
    ".sln16": ("s16le", {"sample_rate": "16000"}),
    ".gsm": ("gsm", {}),
    ".g722": ("g722", {}),
    ".g729": ("g729", {}),
}
# fmt: off
SOUND_ENDINGS = frozenset(RAW_FORMATS) | {
    ".3gp", ".aac", ".afc", ".aif", ".aifc", ".aiff", ".amr", ".au", ".awb", ".caf", ".flac", ".m4a", ".mka",
    ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".spx", ".vox", ".w64",
    ".wav", ".wave", ".weba", ".webm", ".wma",
}
# fmt: on
REPLACED_DECODERS = {"amrnb": "libopencore_amrnb"}  # the built-in one gives up on files with DTX

CUT_OFF_TOLERANCE_S = 0.25  # writers differ by a block at the end; more is missing speech
GAP_TOLERANCE_S = 0.25  # a jump of the time stamps beyond a codec's delay is lost sound
MAX_GAP_S = 3600.0  # a larger jump is a broken clock, not a pause
STREAMED_SIZES = (0, 0x7FFF0000)  # a data size of 0 or above this was never filled in
DUAL_MONO_CORRELATION = 0.92  # two people never correlate; one line recorded twice does, even after a codec
DUAL_MONO_MAX_LAG_S = 0.05
SILENT_CHANNEL_DBFS = -60.0
SILENT_CHANNEL_BELOW_OTHER_DB = 45.0  # leakage of the other side through the bridge stays above this


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A decoded recording. ``channels`` holds arrays of equal length at ``rate_hz``."""

    path: Path
    sha256: str
    codec: str
    source_rate_hz: int
    rate_hz: int
    channels: tuple[Samples, ...]
    duration_s: float
    notes: tuple[str, ...] = ()

    def level_db(self, channel: int, span: Span) -> float:
        """RMS level of a stretch of one channel in dBFS; -100 for digital silence."""
        first, last = round(span.start * self.rate_hz), round(span.end * self.rate_hz)
        return rms_dbfs(self.channels[channel][first:last])


@dataclass(slots=True)
class _Gathered:
    """What the decoder has so far: blocks of (channels, samples) and how many bad packets it met."""

    rate_hz: int
    blocks: list[Samples] = field(default_factory=list)
    n_samples: int = 0
    n_bad: int = 0
    silence_s: float = 0.0
    broke_off: bool = False

    def add(self, block: Samples) -> None:
        if block.shape[1]:
            self.blocks.append(block)
            self.n_samples += block.shape[1]

    def add_silence(self, duration_s: float, n_channels: int) -> None:
        self.silence_s += duration_s
        self.add(np.zeros((n_channels, round(duration_s * self.rate_hz)), np.int16))


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
    _check_file(path, is_raw=raw is not None)
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


def _check_file(path: Path, *, is_raw: bool) -> None:
    """Refuse what no decoder should see: nothing there, text (which may name other files), a cut-off WAV."""
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if path.is_dir():
        raise AudioError(f"{path}: is a folder, not a recording")
    size = path.stat().st_size
    if size == 0:
        raise AudioError(f"{path}: is empty (0 bytes); copy or export the recording again")
    if path.suffix.lower() == ".vox":
        raise AudioError(f"{path}: Dialogic .vox can't be read; convert it to WAV first")
    if is_raw:
        return
    with path.open("rb") as file:
        head = file.read(4096)
    if _is_text(head):
        raise AudioError(f"{path}: is text, not sound; give the recording itself")
    if head[:4] == b"RIFX":
        raise AudioError(f"{path}: big-endian WAV (RIFX) can't be read; convert it to ordinary WAV")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        _check_wav_is_whole(path, size)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as err:
        if err.start < len(head) - 4:  # not merely a character cut at the end of the block
            return False
        text = head[: err.start].decode("utf-8")
    return len(text) > 16 and all(char.isprintable() or char in "\t\r\n\f\ufeff" for char in text)


def _check_wav_is_whole(path: Path, size: int) -> None:
    """Compare what the header promises with what is there.

    A call whose end is missing would be scored as one that was never closed, so it is refused.
    """
    with path.open("rb") as file:
        position, bytes_per_s = 12, 0
        while position + 8 <= size:
            file.seek(position)
            name, length = file.read(4), int.from_bytes(file.read(4), "little")
            if name == b"fmt ":
                bytes_per_s = int.from_bytes(file.read(12)[8:12], "little")
            if name == b"data":
                break
            position += 8 + length + length % 2
        else:
            return  # no data chunk within reach: the decoder will say what it finds
    there = size - position - 8
    if STREAMED_SIZES[0] < length < STREAMED_SIZES[1] and bytes_per_s:
        missing_s = (length - there) / bytes_per_s
        share = missing_s * bytes_per_s / length
        if missing_s > CUT_OFF_TOLERANCE_S or (missing_s > 0 and share > 0.5):
            raise AudioError(
                f"{path}: is cut off: {length / bytes_per_s:.1f} s promised, {there / bytes_per_s:.1f} s"
                " there; copy or export the recording again"
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
    resampler, shape, start_s = None, None, None
    for packet in _packets(container, stream, gathered):
        try:
            frames = decoder.decode(packet)
        except (OSError, ValueError, EOFError):
            gathered.n_bad += 1
            if packet.duration and shape is not None:
                gathered.add_silence(float(packet.duration * packet.time_base), shape[2])
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


def rms_dbfs(samples: Samples) -> float:
    """RMS level in dBFS; -100 for nothing or digital silence."""
    if not len(samples):
        return -100.0
    wide = samples.astype(np.float32)
    mean_square = float(np.mean(wide * wide)) / 32768.0**2
    return max(-100.0, 10 * np.log10(mean_square)) if mean_square > 0 else -100.0


def choose_channels(recording: Recording, wanted: Sequence[int] | None = None) -> Recording:
    """At most two channels: those wanted, else the two loudest; a note says what is left out."""
    n_channels = len(recording.channels)
    if n_channels <= 2 and wanted is None:
        return recording
    if wanted is None:
        by_level = sorted(range(n_channels), key=lambda number: -rms_dbfs(recording.channels[number]))
        wanted = sorted(by_level[:2])
    if any(number >= n_channels for number in wanted):
        raise AudioError(f"{recording.path}: has {n_channels} channels; channel {max(wanted)} does not exist")
    left_out = ", ".join(str(number) for number in range(n_channels) if number not in wanted)
    note = f"Of {n_channels} channels, {left_out} (counted from 0) are left out."
    return Recording(
        path=recording.path,
        sha256=recording.sha256,
        codec=recording.codec,
        source_rate_hz=recording.source_rate_hz,
        rate_hz=recording.rate_hz,
        channels=tuple(recording.channels[number] for number in wanted),
        duration_s=recording.duration_s,
        notes=(*recording.notes, note) if left_out else recording.notes,
    )


def recording_kind(recording: Recording) -> RecordingKind:
    """What the channels are: one speaker each, the same sound twice, one silent, or one channel alone."""
    if len(recording.channels) == 1:
        return "mono"
    first, second = recording.channels[:2]
    levels = sorted(_active_level_dbfs(channel, recording.rate_hz) for channel in (first, second))
    if levels[0] < SILENT_CHANNEL_DBFS or levels[1] - levels[0] > SILENT_CHANNEL_BELOW_OTHER_DB:
        return "one_silent"
    if _likeness(first, second, recording.rate_hz) >= DUAL_MONO_CORRELATION:
        return "dual_mono"
    return "two_channels"


def _active_level_dbfs(channel: Samples, rate_hz: int) -> float:
    """Level of the loudest twentieth of the 100 ms frames: what is said, not how much of it."""
    frame = rate_hz // 10
    n_frames = len(channel) // frame
    if n_frames < 1:
        return rms_dbfs(channel)
    powers = np.fromiter(
        (
            float(np.mean(channel[i * frame : (i + 1) * frame].astype(np.float32) ** 2))
            for i in range(n_frames)
        ),
        np.float64,
        n_frames,
    )
    power = float(np.percentile(powers, 95)) / 32768.0**2
    return max(-100.0, 10 * float(np.log10(power))) if power > 0 else -100.0


def _likeness(first: Samples, second: Samples, rate_hz: int) -> float:
    """Largest correlation of the two channels over small lags, the median of the loudest stretches."""
    stretch, max_lag = 4 * rate_hz, round(DUAL_MONO_MAX_LAG_S * rate_hz)
    starts = list(range(0, max(1, len(first) - stretch // 2), stretch))
    loudness = [
        max(rms_dbfs(first[s : s + stretch : 8]), rms_dbfs(second[s : s + stretch : 8])) for s in starts
    ]
    loudest = sorted(range(len(starts)), key=lambda i: -loudness[i])[:12]
    found = []
    for i in loudest:
        piece = slice(starts[i], starts[i] + stretch)
        found.append(lagged_correlation(first[piece], second[piece], max_lag))
    return float(np.median(found)) if found else 0.0


def lagged_correlation(first: Samples, second: Samples, max_lag: int) -> float:
    """Largest absolute correlation of two equally long stretches over lags up to ``max_lag`` samples."""
    a, b = (x.astype(np.float32) - np.float32(x.mean()) for x in (first, second))
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    if norm == 0:
        return 0.0
    size = 1 << (len(a) + max_lag).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate((product[: max_lag + 1], product[-max_lag:]))
    return float(np.max(np.abs(near))) / norm  # a line recorded with swapped wires is still the same line


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
