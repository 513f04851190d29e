"""A small data folder (three cards, one form) and small call files, for tests of the batch and the commands."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

CARDS = {
    "customer_problem": ("=", "customer", r"never came", "My parcel never came."),
    "empathy": ("+", "agent", r"so sorry", "I am so sorry to hear that."),
    "over_promise": ("-", "agent", r"i guarantee", "I guarantee it arrives."),
}

FORM = """\
id: default.v1
title: A small form
about: For the tests.
pass_mark: 60
auto_fail: mark
unanswered: form
voicemail_phrases: [after the tone]
sections:
  - id: hear
    title: Hear
    criteria:
      - id: acknowledges
        question: Did the agent acknowledge it?
        answered_by: presence
        behaviours: [empathy]
        applies_when: {any_of: [customer_problem]}
        weight: 2
      - id: promises_only_what_will_happen
        question: Did the agent promise only what they can keep?
        answered_by: absence
        behaviours: [over_promise]
        weight: 1
"""


def make_data(folder: Path) -> Path:
    """Write the data folder and return it."""
    (folder / "behaviours").mkdir(parents=True)
    (folder / "forms").mkdir()
    (folder / "settings").mkdir()
    for card, (polarity, speaker, pattern, example) in CARDS.items():
        made = {
            "id": card,
            "name": card.replace("_", " ").capitalize(),
            "question": f"Is there {card}?",
            "polarity": polarity,
            "speaker": speaker,
            "section": "conduct",
            "meaning": "A test.",
            "because": "It is said",
            "counts": "It.",
            "detector": "phrase",
            "patterns": [pattern],
            "sources": ["made for the tests"],
            "tip": "Do it.",
            "fires": [example],
            "silent": ["Hello."],
        }
        (folder / "behaviours" / f"{card}.yaml").write_text(json.dumps(made))
    (folder / "forms" / "default.v1.yaml").write_text(FORM)
    real = Path(__file__).resolve().parent.parent / "data" / "settings"
    for file in real.glob("*.yaml"):
        (folder / "settings" / file.name).write_bytes(file.read_bytes())
    return folder


def write_call(
    folder: Path,
    call_id: str,
    *,
    agent: str = "Priya Nair",
    says: str = "I am so sorry to hear that.",
    customer: str = "C-1",
) -> Path:
    """Write a transcript as Call JSON and return its path."""
    turns = [
        ("agent", 0.0, 4.0, "Good morning, this is the parcel desk, how can I help you today?"),
        ("customer", 4.5, 9.0, f"Hello. My parcel never came, it is order {call_id}."),
        ("agent", 9.5, 20.0, says),
        ("customer", 20.5, 30.0, "Thank you, that is all I wanted to know."),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{call_id}.json"
    path.write_text(
        json.dumps(
            {
                "call_id": call_id,
                "agent": agent,
                "customer": customer,
                "queue": "deliveries",
                "started_at": "2025-03-03T09:00:00",
                "language": "en",
                "duration": 31.0,
                "turns": [{"speaker": s, "start": a, "end": b, "text": t} for s, a, b, t in turns],
            }
        )
    )
    return path


def write_sound(
    path: Path, *, seconds: float = 31.0, rate_hz: int = 8000, tones: Sequence[int] = (220, 330)
) -> Path:
    """Write a two-channel WAV in which each side hums at times; return its path."""
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    sides = [
        8000 * np.sin(2 * np.pi * tone * at) * (np.floor(at / 3) % 2 == side)
        for side, tone in enumerate(tones)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(np.stack(sides, axis=1).astype("<i2").tobytes())
    return path
