"""Transcripts in and out: the format is found by content, never by the file's name.

Each format is one module with a ``FORMAT``: what it is called, how it is recognised, how it is read. To add
one, write the module and put it into ``FORMATS``; the more particular ones come first.
"""

from __future__ import annotations

from pathlib import Path

from qa.errors import TranscriptError
from qa.formats import (
    amazon_bedrock,
    amazon_transcribe,
    assemblyai,
    azure,
    call_json,
    contact_lens,
    deepgram,
    genesys,
    google,
    plain_text,
    sbv,
    srt,
    vcon,
    webvtt,
    whisper,
)
from qa.formats.building import Voices, build_call
from qa.formats.call_json import call_from_json, call_to_dict, write_call_json
from qa.formats.document import Document, Format, load_document
from qa.formats.vcon import write_vcon
from qa.formats.webvtt import write_webvtt
from qa.values import Call

__all__ = [
    "FORMATS",
    "Voices",
    "call_from_json",
    "call_to_dict",
    "format_of",
    "is_transcript",
    "read_transcript",
    "write_call_json",
    "write_vcon",
    "write_webvtt",
]

_WHOLE: tuple[Format, ...] = (
    call_json.FORMAT,
    contact_lens.FORMAT,
    amazon_transcribe.FORMAT,
    amazon_bedrock.FORMAT,
    deepgram.FORMAT,
    assemblyai.FORMAT,
    azure.FORMAT,
    genesys.FORMAT,
    google.FORMAT,
    whisper.FORMAT,
    webvtt.FORMAT,
    srt.FORMAT,
    sbv.FORMAT,
    plain_text.FORMAT,
)


# What a reader meets when a field holds another kind of value than its maker writes.
_DAMAGED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


def _whole(document: Document) -> Format | None:
    return next((one for one in _WHOLE if one.recognises(document)), None)


FORMATS: tuple[Format, ...] = (vcon.format_with(_whole), *_WHOLE)


def format_of(document: Document) -> Format | None:
    """The first format that recognises the document."""
    return next((one for one in FORMATS if one.recognises(document)), None)


def is_transcript(path: Path) -> bool:
    """Whether the file's content is a transcript of a known format; False too where it can't be read."""
    try:
        return format_of(load_document(path)) is not None
    except TranscriptError:
        return False


def read_transcript(path: Path, *, data: Path | None = None, voices: Voices | None = None) -> Call:
    """The call of a transcript file.

    Parameters
    ----------
    data
        The folder with the settings for speaker names; None takes the one of the settings.
    voices
        What a recording beside it can add, asked only where the transcript does not say who speaks.

    Raises
    ------
    TranscriptError
        The file can't be read, has no known format, or does not say who is agent and who is customer.
    """
    document = load_document(path)
    found = format_of(document)
    if found is None and isinstance(document.data, list):
        raise TranscriptError(f"{path}: is a list of {len(document.data)}; give one call per file")
    if found is None:
        names = ", ".join(one.name for one in FORMATS)
        raise TranscriptError(f"{path}: no known kind of transcript; known are {names}")
    try:
        if found is call_json.FORMAT:
            return call_json.call_of(document, data=data)
        return build_call(document, found.parse(document), data=data, voices=voices)
    except _DAMAGED as err:
        reason = f"{type(err).__name__}: {err}".splitlines()[0]
        raise TranscriptError(
            f"{path}: damaged {found.name} ({reason}); export the transcript again"
        ) from err
