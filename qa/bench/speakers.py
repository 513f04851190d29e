"""Who speaks when, on one channel, against a truth: diarization error, and what is seen of interruptions.

Conventions
-----------
- A truth or an answer is a list of (speaker, span); speakers of an answer may be called anything: the best
  one-to-one assignment counts.
- Error is judged in frames of 10 ms: missed, falsely found and confused speech, each over the speech of the truth,
  so that overlapped speech counts for each who speaks. A collar leaves out that much around every border of the
  truth. The parts add up over files before they are divided.
- A truth without speech has no error rate (None), only false speech.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from qa.audio import Recording, decode
from qa.diarize import posterior, turns_of_mono
from qa.errors import InputError
from qa.speech import FOR_TIMING, RegionOptions, measure_activity, regions_of
from qa.turns import overlaps, utterances
from qa.values import Span, Word
from qa.voices import two_voices

FRAME_S = 0.01
PIECE_S = 1.2  # speech without words is judged in pieces of at most this length
CHANGE_IN_SPEECH, CHANGE_AFTER_PAUSE = 0.1, 0.35
OVERLAP_SEEN_S = 0.15
JOINED_PAUSE_S = 0.3
Spoken = Sequence[tuple[str, Span]]


@dataclass(frozen=True, slots=True)
class Diarization:
    """Seconds of the truth's speech, and of the three kinds of error."""

    speech_s: float = 0.0
    missed_s: float = 0.0
    false_s: float = 0.0
    confused_s: float = 0.0

    def __add__(self, other: Diarization) -> Diarization:
        return Diarization(
            self.speech_s + other.speech_s,
            self.missed_s + other.missed_s,
            self.false_s + other.false_s,
            self.confused_s + other.confused_s,
        )

    @property
    def error_rate(self) -> float | None:
        wrong_s = self.missed_s + self.false_s + self.confused_s
        return wrong_s / self.speech_s if self.speech_s else None


def compare_speakers(
    truth: Spoken, answer: Spoken, *, duration_s: float, collar_s: float = 0.0
) -> Diarization:
    """The diarization error of an answer."""
    n_frames = round(duration_s / FRAME_S)
    judged = np.ones(n_frames, bool)
    if collar_s:
        for _, span in truth:
            for border in (span.start, span.end):
                judged[
                    max(0, round((border - collar_s) / FRAME_S)) : round((border + collar_s) / FRAME_S)
                ] = False
    told, found = _frames(truth, n_frames)[:, judged], _frames(answer, n_frames)[:, judged]
    n_told, n_found = told.sum(axis=0), found.sum(axis=0)
    together = told.astype(np.float64) @ found.T.astype(np.float64)
    rows, columns = linear_sum_assignment(-together)
    right = np.zeros(int(judged.sum()), np.int64)
    for row, column in zip(rows, columns, strict=True):
        right += told[row] & found[column]
    return Diarization(
        speech_s=float(n_told.sum()) * FRAME_S,
        missed_s=float(np.maximum(0, n_told - n_found).sum()) * FRAME_S,
        false_s=float(np.maximum(0, n_found - n_told).sum()) * FRAME_S,
        confused_s=float((np.minimum(n_told, n_found) - right).sum()) * FRAME_S,
    )


def _frames(spoken: Spoken, n_frames: int) -> NDArray[np.bool_]:
    """Speakers by frames."""
    names = sorted({name for name, _ in spoken})
    made = np.zeros((len(names), n_frames), bool)
    for name, span in spoken:
        made[names.index(name), round(span.start / FRAME_S) : round(span.end / FRAME_S)] = True
    return made


def read_rttm(path: Path) -> Spoken:
    """The speakers of an RTTM file.

    Raises
    ------
    InputError
        A line that is none.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        parts = line.split()
        if not parts or parts[0] != "SPEAKER":
            continue
        try:
            start, duration = float(parts[3]), float(parts[4])
            found.append((parts[7], Span(start, start + duration)))
        except (IndexError, ValueError) as err:
            raise InputError(
                f"{path}:{number}: no RTTM line; expected SPEAKER with start and duration"
            ) from err
    return tuple(found)


def speakers_of_sound(recording: Recording, options: RegionOptions = FOR_TIMING) -> Spoken:
    """At most two voices, from the sound alone: speech regions in short pieces, each given to a voice."""
    (activity,) = measure_activity(replace(recording, channels=recording.channels[:1]))
    pieces = [piece for region in regions_of(activity, options) for piece in _pieces(region)]
    if not pieces:
        return ()
    change = [CHANGE_IN_SPEECH if b.start - a.end < 0.05 else CHANGE_AFTER_PAUSE for a, b in pairwise(pieces)]
    first = two_voices(recording, pieces, lambda odds: posterior(odds, change, first=0.5))
    if first is None:
        return tuple(("a", piece) for piece in pieces)
    return tuple(("a" if p >= 0.5 else "b", piece) for p, piece in zip(first.tolist(), pieces, strict=True))


def _pieces(region: Span) -> list[Span]:
    n = max(1, round(region.duration_s / PIECE_S))
    step = region.duration_s / n
    return [Span(region.start + i * step, region.start + (i + 1) * step) for i in range(n)]


def _stretches(speaker: str, words: Sequence[Word]) -> list[tuple[str, Span]]:
    """What is spoken without a pause, as the truths of others are drawn too."""
    return [
        (speaker, Span(one[0].start, max(word.end for word in one)))
        for one in utterances(words, pause_s=JOINED_PAUSE_S)
    ]


@dataclass(frozen=True, slots=True)
class CallTruth:
    """What a made call says of itself."""

    spoken: Spoken
    words: tuple[tuple[str, Word], ...]
    interruptions: tuple[tuple[str, float], ...]
    """Who interrupted, and when their turn begins."""


def read_truth(path: Path) -> CallTruth:
    """The truth of a demo call."""
    made = json.loads(path.read_text(encoding="utf-8"))
    spoken, words, cut_in = [], [], []
    for turn in made["turns"]:
        said = [Word(w["word"], w["start"], w["end"]) for w in turn["words"]]
        words += [(turn["speaker"], word) for word in said]
        spoken += _stretches(turn["speaker"], said)
        cut_in += [
            (turn["speaker"], float(turn["start"]))
            for label in turn.get("behaviours", ())
            if label["behaviour"] == "interruption"
        ]
    return CallTruth(tuple(spoken), tuple(words), tuple(cut_in))


def mixed(recording: Recording) -> Recording:
    """Both channels in one, as a mono recorder hears them."""
    total = sum(channel.astype(np.int32) for channel in recording.channels)
    sound = np.clip(np.asarray(total), -32768, 32767).astype(np.int16)
    return replace(recording, channels=(sound,))


def speakers_of_words(recording: Recording, truth: CallTruth) -> Spoken:
    """The program's turns on a mono mix with the words given, as agent and customer."""
    words = sorted((word for _, word in truth.words), key=lambda w: (w.start, w.end))
    turns = turns_of_mono(words, recording)
    return tuple(one for turn in turns for one in _stretches(turn.speaker, turn.words))


def wrong_side_share(recording: Recording, truth: CallTruth) -> float:
    """Share of the words that the mono path gives to the other side than who said them."""
    side = {(word.start, word.end, word.word): name for name, word in truth.words}
    turns = turns_of_mono(
        sorted((word for _, word in truth.words), key=lambda w: (w.start, w.end)), recording
    )
    told = [(turn.speaker, side[(w.start, w.end, w.word)]) for turn in turns for w in turn.words]
    return sum(said != true for said, true in told) / max(1, len(told))


def overlap_f1(truth: CallTruth, agent: Sequence[Span], customer: Sequence[Span]) -> tuple[int, int, int]:
    """Overlaps of the truth that are seen, missed, and seen without being there (counts)."""
    spans = {side: [s for who, s in truth.spoken if who == side] for side in ("agent", "customer")}
    true = [
        o.span for o in overlaps(spans["agent"], spans["customer"]) if o.span.duration_s >= OVERLAP_SEEN_S
    ]
    seen = [o.span for o in overlaps(agent, customer) if o.span.duration_s >= OVERLAP_SEEN_S]
    hit = sum(any(t.overlap_s(s) > 0 for s in seen) for t in true)
    invented = sum(not any(t.overlap_s(s) > 0 for t in true) for s in seen)
    return hit, len(true) - hit, invented


def measure_folder(folder: Path, *, collar_s: float = 0.0) -> tuple[tuple[str, Diarization], ...]:
    """The error on every WAV of a folder with its RTTM."""
    found = []
    for rttm in sorted(folder.glob("*.rttm")):
        recording = decode(rttm.with_suffix(".wav"))
        answer = speakers_of_sound(recording)
        made = compare_speakers(read_rttm(rttm), answer, duration_s=recording.duration_s, collar_s=collar_s)
        found.append((rttm.stem, made))
    return tuple(found)
