"""What turns speech into words, as the rest of the program sees it: one call, or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from qa.audio import Recording
from qa.values import Span, Word


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of each channel, in order, on the recording's clock."""

    words: tuple[tuple[Word, ...], ...]
    language: str | None = None
    language_probability: float | None = None
    notes: tuple[str, ...] = ()


class Transcriber(Protocol):
    """Whatever turns speech regions into words. ``name`` is stored with every score."""

    name: str

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        """Words of every channel; ``regions[c]`` are the spans of speech of channel ``c``, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    """What a call brings to the recogniser: ``regions[c]`` are the spans of speech of channel ``c``, in order."""

    recording: Recording
    regions: Sequence[Sequence[Span]]


@runtime_checkable
class GroupTranscriber(Protocol):
    """A transcriber that hears several calls at once."""

    def transcribe_many(self, calls: Sequence[Speech]) -> tuple[Transcript | Exception, ...]:
        """One transcript per call, or what went wrong with it; the others do not suffer from it."""
        ...


def transcribe_many(transcriber: Transcriber, calls: Sequence[Speech]) -> tuple[Transcript | Exception, ...]:
    """Several calls: together where the transcriber can, else one after another."""
    if isinstance(transcriber, GroupTranscriber):
        return transcriber.transcribe_many(calls)
    return tuple(heard_alone(transcriber, one) for one in calls)


def heard_alone(transcriber: Transcriber, call: Speech) -> Transcript | Exception:
    """One call by itself: its transcript, or what went wrong with it."""
    try:
        return transcriber.transcribe(call.recording, call.regions)
    except Exception as err:  # handed on as this call's own
        return err
