"""Damaged transcripts: every field of every sample replaced, dropped or garbled gives a call or one line."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qa.errors import QaError
from qa.formats import call_from_json, read_transcript, write_call_json
from qa.hearing import hear
from qa.settings import load_settings

SAMPLES = sorted((Path(__file__).parent / "data" / "transcripts").iterdir())
ODD: tuple[Any, ...] = (
    None, "", [], {}, -5, 1e30, "x", True, [1], {"a": 1}, "NaN", float("inf"), "12:99", 0, 3.5, "-1", [[]], "\x00"
)  # fmt: skip
N_DAMAGED = 60


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a JSON document; of long lists the first few."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:6]):
            yield from places(inner, (*at, index))


def damaged_json(text: str, rng: random.Random) -> str:
    content = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        ways = list(places(content))
        if not ways:
            break
        *way, last = rng.choice(ways)
        inner = content
        for step in way:
            inner = inner[step]
        if isinstance(inner, dict) and rng.random() < 0.25:
            inner.pop(last)
        else:
            inner[last] = copy.deepcopy(rng.choice(ODD))
    return json.dumps(content)


def damaged_text(text: str, rng: random.Random) -> str:
    signs = list(text)
    for _ in range(rng.choice((1, 3, 10))):
        signs[rng.randrange(len(signs))] = rng.choice(
            ("", "\n", "-->", ":", "<v", ">", "9", "\x07", "[", "  ", "00:00")
        )
    return "".join(signs)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_damaged_transcript_is_a_call_or_one_line(sample: Path, tmp_path: Path) -> None:
    rng, text = random.Random(sample.name), sample.read_text(encoding="utf-8")
    path, settings = tmp_path / sample.name, load_settings()
    for _ in range(N_DAMAGED):
        damaged = damaged_json(text, rng) if sample.suffix == ".json" else damaged_text(text, rng)
        path.write_text(damaged, encoding="utf-8")
        try:
            call = read_transcript(path)
        except QaError as err:
            message = str(err)
        else:
            message = ""
            assert call.turns, damaged
            assert call_from_json(write_call_json(call)) == call, damaged
            assert hear(path, settings=settings, transcriber=None).turns
        assert "\n" not in message, damaged
