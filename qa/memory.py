"""Memory that is free goes back to the system; memory that holds nothing is not taken from it.

The C library of most Linux systems keeps what native code has freed, in pieces that the next piece of work
rarely fits into: over an hour of sound about 150 MiB. Other systems' libraries need no telling.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl does not
    if trim is None:
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return trim  # type: ignore[no-any-return]


def give_back() -> None:
    """Let the system have what is free; costs some milliseconds."""
    trim = _trim()
    if trim is not None:
        trim(0)


def untouched_zeros(n: int) -> NDArray[np.int16]:
    """Zeros that take memory only where they are written to, 4 KiB at a time.

    An ordinary array asks for pages of 2 MiB, a minute of sound each.
    """
    room = mmap.mmap(-1, max(1, n) * 2)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with suppress(OSError):  # a kernel without large pages
            room.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(room, np.int16, n)
