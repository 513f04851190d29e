"""The shipped sentence encoder, read call by call."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qa.behaviours.encoder import NOTHING, BehaviourEncoder, of_turn
from qa.behaviours.word_pieces import Said
from qa.errors import ModelError
from qa.text import sentences

FOLDER = Path(__file__).parent.parent / "models" / "behaviours" / "encoder"
CALL = (
    "Good morning, Brightwater Homes, Priya speaking.",
    "Hi. The boiler went off on Sunday and I've had no heating since. It's the third time I'm ringing!",
    "Oh no, three times. I'm so sorry. Let me take your postcode and I'll get it sorted today.",
    "",
    "Okay.",
)


@cache
def encoder() -> BehaviourEncoder:
    return BehaviourEncoder(FOLDER, threads=2)


def said(*texts: str) -> tuple[Said, ...]:
    return tuple(
        Said("customer" if k % 2 else "agent", text, sentences(text)) for k, text in enumerate(texts)
    )


def test_a_call_is_read_the_same_alone_and_among_others() -> None:
    fresh = BehaviourEncoder(FOLDER, threads=2)
    other = said("Hello, who am I speaking to?", "It's about my order, please.")
    _, among, _ = fresh([other, said(*CALL), other])
    (alone,) = encoder()([said(*CALL)])
    assert len(among) == len(CALL)
    assert all(np.array_equal(a, b) for a, b in zip(alone, among, strict=True))


def test_every_sentence_of_a_turn_has_a_row() -> None:
    (read,) = encoder()([said(*CALL)])
    counts = [max(1, len(sentences(text))) for text in CALL]
    assert [len(turn) for turn in read] == counts


def test_a_turn_without_a_word_carries_nothing() -> None:
    (read,) = encoder()([said(*CALL)])
    assert (read[3] == NOTHING).all()


def test_the_sentence_that_apologises_is_the_one_that_reads_as_apology() -> None:
    (read,) = encoder()([said(*CALL)])
    column = encoder().behaviours.index("apology")
    assert int(read[2][:, column].argmax()) == 1
    assert of_turn(read[2])[column] > of_turn(read[0])[column]


def test_an_encoder_of_another_layout_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "encoder")
    told = json.loads((FOLDER / "behaviours.json").read_text(encoding="utf-8"))
    (tmp_path / "encoder" / "behaviours.json").write_text(
        json.dumps(told | {"layout": "pairs"}), encoding="utf-8"
    )
    with pytest.raises(ModelError, match=r"another layout of calls .*make train-encoder"):
        BehaviourEncoder(tmp_path / "encoder")


def test_an_encoder_that_lacks_a_file_is_refused_with_its_name(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "encoder")
    (tmp_path / "encoder" / "behaviours.npz").unlink()
    with pytest.raises(ModelError, match=r"lacks behaviours\.npz; restore models/"):
        BehaviourEncoder(tmp_path / "encoder")
