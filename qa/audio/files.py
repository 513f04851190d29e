"""What can be told of a sound file before any decoder sees it.

Conventions: text is never handed to a decoder, since playlists and the like name other files and addresses;
a WAV whose header promises more than is there is refused, since a call without its end would be judged as
one that was never closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from qa.errors import AudioError

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
VOX_ENDING = ".vox"
# fmt: off
SOUND_ENDINGS = frozenset(RAW_FORMATS) | {
    ".3gp", ".aac", ".afc", ".aif", ".aifc", ".aiff", ".amr", ".au", ".awb", ".caf", ".flac", ".m4a", ".mka",
    ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".spx", ".vox", ".w64",
    ".wav", ".wave", ".weba", ".webm", ".wma",
}
# fmt: on
OTHER_ENDINGS = frozenset(
    (".json", ".vtt", ".srt", ".sbv", ".txt", ".meta", ".metadata", ".words", ".transcript")
)

CUT_OFF_TOLERANCE_S = 0.25  # writers differ by a block at the end; more is missing speech
ByteOrder = Literal["little", "big"]
BYTE_ORDERS: dict[bytes, ByteOrder] = {b"RIFF": "little", b"RIFX": "big"}
STREAMED_SIZES = (0, 0x7FFF0000)  # a data size of 0 or above this was never filled in


def call_name(path: Path) -> str:
    """The name that a recording shares with what lies beside it: without endings ("k1.wav.json" is "k1").

    Only known endings are taken off, since names hold points of their own ("rosa.diaz_0302.wav").
    """
    name = Path(path.name)
    while name.suffix.lower() in SOUND_ENDINGS | OTHER_ENDINGS and name.stem:
        name = Path(name.stem)
    return str(name)


def check_file(path: Path, *, is_raw: bool) -> None:
    """Refuse what no decoder should see: nothing there, text (which may name other files), a cut-off WAV."""
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if path.is_dir():
        raise AudioError(f"{path}: is a folder, not a recording")
    size = path.stat().st_size
    if size == 0:
        raise AudioError(f"{path}: is empty (0 bytes); copy or export the recording again")
    if is_raw:
        return
    with path.open("rb") as file:
        head = file.read(4096)
    if _is_text(head):
        raise AudioError(f"{path}: is text, not sound; give the recording itself")
    if head[:4] in BYTE_ORDERS and head[8:12] == b"WAVE":
        _check_wav_is_whole(path, size, BYTE_ORDERS[head[:4]])


@dataclass(frozen=True, slots=True)
class WavChunk:
    """A part of a WAV file: its name, where its content starts, and the length that its header states."""

    name: bytes
    start: int
    length: int


def wav_chunks(file: BinaryIO, size: int, order: ByteOrder) -> Iterator[WavChunk]:
    """The chunks of a WAV file of ``size`` bytes, in order."""
    position = 12
    while position + 8 <= size:
        file.seek(position)
        name, length = file.read(4), int.from_bytes(file.read(4), order)
        yield WavChunk(name, position + 8, length)
        position += 8 + length + length % 2


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as err:
        if err.start < len(head) - 4:  # not merely a character cut at the end of the block
            return False
        text = head[: err.start].decode("utf-8")
    return len(text) > 16 and all(char.isprintable() or char in "\t\r\n\f\ufeff" for char in text)


def _check_wav_is_whole(path: Path, size: int, order: ByteOrder) -> None:
    """Compare what the header promises with what is there.

    A call whose end is missing would be scored as one that was never closed, so it is refused.
    """
    bytes_per_s = 0
    with path.open("rb") as file:
        for chunk in wav_chunks(file, size, order):
            if chunk.name == b"fmt ":
                file.seek(chunk.start)
                bytes_per_s = int.from_bytes(file.read(12)[8:12], order)
            if chunk.name == b"data":
                break
        else:
            return  # no data chunk within reach: the decoder will say what it finds
    there = size - chunk.start
    if STREAMED_SIZES[0] < chunk.length < STREAMED_SIZES[1] and bytes_per_s:
        missing_s = (chunk.length - there) / bytes_per_s
        share = missing_s * bytes_per_s / chunk.length
        if missing_s > CUT_OFF_TOLERANCE_S or (missing_s > 0 and share > 0.5):
            raise AudioError(
                f"{path}: is cut off: {chunk.length / bytes_per_s:.1f} s promised, {there / bytes_per_s:.1f} s"
                " there; copy or export the recording again"
            )
