"""Trained heads as a file: the same bytes each time, and what was trained comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from skops.io import get_untrusted_types, load

from qa.behaviours.classifier import ALLOWED_TYPES
from qa.learn.stored_heads import write_heads

TEXTS = ["so sorry about that", "mind the gap", "sorry for the wait", "the gap is there"]


def made() -> dict[str, Any]:
    vectorizer = TfidfVectorizer().fit(TEXTS)
    columns = vectorizer.transform(TEXTS).toarray()
    heads = {name: LogisticRegression().fit(columns, [1, 0, 1, 0]) for name in ("apology", "thanks")}
    return {"columns": ["a", "b"], "vectorizers": [vectorizer], "heads": heads, "bias": np.ones(3)}


def test_the_same_heads_give_the_same_bytes(tmp_path: Path) -> None:
    keep = [bytearray(n) for n in range(1, 999, 7)]  # moves what is made second elsewhere in memory
    write_heads(made(), tmp_path / "one.skops")
    keep.append(bytearray(5))
    write_heads(made(), tmp_path / "two.skops")
    assert (tmp_path / "one.skops").read_bytes() == (tmp_path / "two.skops").read_bytes()


def test_where_things_lay_in_memory_leaves_no_trace(tmp_path: Path) -> None:
    content = made()
    for number, name in enumerate(("one", "two")):
        content["vectorizers"][0]._stop_words_id = 140_000_000 + number  # another in each process
        write_heads(content, tmp_path / f"{name}.skops")
    assert (tmp_path / "one.skops").read_bytes() == (tmp_path / "two.skops").read_bytes()


def test_other_heads_give_other_bytes_and_what_was_trained_comes_back(tmp_path: Path) -> None:
    content = made()
    write_heads(content, tmp_path / "one.skops")
    other = made() | {"bias": np.zeros(3)}
    write_heads(other, tmp_path / "two.skops")
    assert (tmp_path / "one.skops").read_bytes() != (tmp_path / "two.skops").read_bytes()
    assert set(get_untrusted_types(file=tmp_path / "one.skops")) <= set(ALLOWED_TYPES)
    back = load(tmp_path / "one.skops", trusted=list(ALLOWED_TYPES))
    columns = content["vectorizers"][0].transform(TEXTS)
    assert (back["vectorizers"][0].transform(TEXTS) != columns).nnz == 0
    assert (back["heads"]["apology"].coef_ == content["heads"]["apology"].coef_).all()
    assert (back["bias"] == 1).all()


def test_a_vocabulary_takes_no_entry_of_the_archive_for_each_word(tmp_path: Path) -> None:
    write_heads(made(), tmp_path / "one.skops")
    with ZipFile(tmp_path / "one.skops") as archive:
        assert len(archive.namelist()) < 15
