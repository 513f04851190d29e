"""Which files are calls: recordings, transcripts, and the two that belong together.

Conventions: a recording and the transcript of the same name beside it are one call. In a folder, what is
neither sound nor transcript is passed over and counted in the log; a file named directly is always taken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qa.audio import SOUND_ENDINGS, call_name
from qa.errors import InputError
from qa.formats import is_transcript

log = logging.getLogger(__name__)

TRANSCRIPT_ENDINGS = (".json", ".vtt", ".srt", ".sbv", ".txt")
SURELY_TRANSCRIPTS = (".vtt", ".srt", ".sbv")


@dataclass(frozen=True, slots=True)
class Source:
    """One call to be: a recording, a transcript, or both."""

    recording: Path | None = None
    transcript: Path | None = None

    @property
    def path(self) -> Path:
        """The file that names the call."""
        found = self.recording or self.transcript
        if found is None:
            raise ValueError("a source needs a recording or a transcript")
        return found


def find_inputs(paths: Iterable[Path]) -> tuple[Source, ...]:
    """Every call among files and folders (walked), a recording and its transcript as one, in path order.

    A file named directly is always taken; in a folder, files that are neither sound nor transcript are passed
    over and counted in the log.

    Raises
    ------
    InputError
        A path does not exist, or nothing at all is found.
    """
    paths = list(paths)
    files: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        if path.is_dir():
            found = [p for p in sorted(path.rglob("*")) if p.is_file() and not _is_hidden(p, path)]
            taken = [p for p in found if _is_sound(p) or _may_be_transcript(p)]
            if len(found) > len(taken):
                log.info("%d files passed over: neither sound nor transcript", len(found) - len(taken))
            files.update(dict.fromkeys(taken))
        else:
            files[path] = None
    sources, used = [], set()
    for path in files:
        if _is_sound(path):
            transcript = transcript_beside(path)
            sources.append(Source(path, transcript))
            used.add(transcript)
    beside = {_stem(source.recording) for source in sources if source.recording}
    for path in files:
        if not _is_sound(path) and path not in used and (_stem(path) not in beside or path in paths):
            sources.append(Source(transcript=path))
    if not sources:
        names = ", ".join(str(path) for path in paths) or "nothing"
        raise InputError(f"{names}: no recordings and no transcripts found there")
    return tuple(sorted(sources, key=lambda source: source.path.as_posix()))


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _is_sound(path: Path) -> bool:
    return path.suffix.lower() in SOUND_ENDINGS


def _may_be_transcript(path: Path) -> bool:
    """In a folder: subtitles and JSON by name (a broken one is reported, not lost), text only if it is one."""
    ending = path.suffix.lower()
    if ending in SURELY_TRANSCRIPTS:
        return True
    if ending == ".json":
        return not _is_metadata_beside(path)
    return ending == ".txt" and is_transcript(path)


def _is_metadata_beside(path: Path) -> bool:
    """A JSON that lies beside a recording of the same name and is no transcript."""
    siblings = (p for p in path.parent.iterdir() if _is_sound(p) and _stem(p) == _stem(path))
    return next(siblings, None) is not None and not is_transcript(path)


def _stem(path: Path) -> Path:
    return path.parent / call_name(path)


def transcript_beside(recording: Path) -> Path | None:
    """The transcript of the same name beside a recording, by content where the ending leaves it open."""
    for ending in TRANSCRIPT_ENDINGS:
        for candidate in (recording.with_suffix(ending), recording.with_name(recording.name + ending)):
            if candidate.is_file() and (ending in SURELY_TRANSCRIPTS or is_transcript(candidate)):
                return candidate
    return None


def source_of(path: Path) -> Source:
    """What one file is: a recording (with the transcript beside it) or a transcript.

    Raises
    ------
    InputError
        The file does not exist or is a folder.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give one file, or score the folder")
    if _is_sound(path) or not (path.suffix.lower() in TRANSCRIPT_ENDINGS or is_transcript(path)):
        return Source(path, transcript_beside(path))
    return Source(transcript=path)
