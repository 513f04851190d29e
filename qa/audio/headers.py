"""Sound whose header the decoder misreads or that has none: big-endian WAV (RIFX) and Dialogic .vox.

Conventions: what is inside is handed on as a headerless stream of a known form; both kinds are rare and short
of compression, so they are held in memory while they are read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from qa.audio.files import VOX_ENDING, wav_chunks
from qa.errors import AudioError

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
RAW_FORM_OF = {
    (PCM, 8): "u8",
    (PCM, 16): "s16be",
    (PCM, 24): "s24be",
    (PCM, 32): "s32be",
    (FLOAT, 32): "f32be",
    (FLOAT, 64): "f64be",
    (A_LAW, 8): "alaw",
    (MU_LAW, 8): "mulaw",
}
LAYOUTS = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
VOX_CODEC = "adpcm_ima_oki"
VOX_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Headerless sound in memory, the demuxer's name for its form, and the codec it was found in (or None)."""

    file: io.BytesIO
    form: str
    options: dict[str, str]
    codec: str | None = None


def unwrap(path: Path, *, vox_rate_hz: int) -> Unwrapped | None:
    """The sound inside of a RIFX or .vox file; None for any other file.

    Raises
    ------
    AudioError
        It holds something other than plain samples, mu-law or A-law.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"RIFX":
        return _rifx(path)
    if path.suffix.lower() == VOX_ENDING and magic not in (b"RIFF", b"RF64"):
        return _vox(path, vox_rate_hz)
    return None


def _rifx(path: Path) -> Unwrapped:
    fmt, data = b"", None
    with path.open("rb") as file:
        for chunk in wav_chunks(file, path.stat().st_size, "big"):
            file.seek(chunk.start)
            if chunk.name == b"fmt ":
                fmt = file.read(chunk.length)
            elif chunk.name == b"data":
                data = file.read(chunk.length)
                break
    if len(fmt) < 16 or data is None:
        raise AudioError(f"{path}: is a big-endian WAV (RIFX) without a whole header; export it again")
    tag, n_channels, rate_hz, block = (
        int.from_bytes(fmt[first:last], "big") for first, last in ((0, 2), (2, 4), (4, 8), (12, 14))
    )
    if tag == EXTENSIBLE and len(fmt) >= 28:
        tag = int.from_bytes(fmt[24:28], "big")
    form = RAW_FORM_OF.get((tag, 8 * block // max(1, n_channels)))
    if form is None or not 1 <= n_channels <= len(LAYOUTS) or not rate_hz:
        raise AudioError(
            f"{path}: big-endian WAV (RIFX) of this form (tag {tag}) can't be read; convert it to ordinary WAV"
        )
    options = {"sample_rate": str(rate_hz), "ch_layout": LAYOUTS[n_channels - 1]}
    return Unwrapped(io.BytesIO(data), form, options)


def _vox(path: Path, rate_hz: int) -> Unwrapped:
    """Dialogic ADPCM: two samples in a byte, nothing else. Any bytes are sound to its decoder."""
    decoder: Any = av.CodecContext.create(VOX_CODEC, "r")
    decoder.sample_rate, decoder.layout = rate_hz, "mono"
    samples = io.BytesIO()
    with path.open("rb") as file:
        while part := file.read(VOX_BLOCK):
            for frame in decoder.decode(av.Packet(part)):
                samples.write(np.ascontiguousarray(frame.to_ndarray()).astype("<i2", copy=False).tobytes())
    samples.seek(0)
    return Unwrapped(samples, "s16le", {"sample_rate": str(rate_hz)}, VOX_CODEC)
