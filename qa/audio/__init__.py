"""Any telephony recording as one int16 array per real channel, and back as a copy a browser can play.

Conventions
-----------
- Samples are int16; levels are dBFS of full scale 32768; times are seconds.
- Channels are never mixed: a file with four channels gives four arrays, a mono file gives one.
- Time never slips: what can't be decoded is replaced by silence of the same length, and a note says so.
- PyAV brings its own codecs; no system program is called and no other file or address is opened.
"""

from __future__ import annotations

from qa.audio.channels import (
    call_channels,
    choose_channels,
    clipped_share,
    lagged_correlation,
    recording_kind,
)
from qa.audio.decoding import decode
from qa.audio.files import SOUND_ENDINGS, call_name
from qa.audio.listening import write_listening_copy
from qa.audio.recording import Recording, Samples, rms_dbfs

__all__ = [
    "SOUND_ENDINGS",
    "Recording",
    "Samples",
    "call_channels",
    "call_name",
    "choose_channels",
    "clipped_share",
    "decode",
    "lagged_correlation",
    "recording_kind",
    "rms_dbfs",
    "write_listening_copy",
]
