"""Rows for training: copies of calls with word errors keep what the call is."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.learn.rows import Example, heard_badly_too, load_labels

LABELS = Path(__file__).parent.parent / "data" / "labels"


@pytest.fixture(scope="module")
def training() -> tuple[Example, ...]:
    return load_labels(LABELS).training


def test_every_whole_call_has_one_badly_heard_copy_in_its_own_group(training: tuple[Example, ...]) -> None:
    calls = {e.group: e for e in training if e.whole_call}
    copies = list(heard_badly_too(training))
    assert [c.group for c in copies] == list(calls)
    assert len({e.key for e in [*training, *copies]}) == len(training) + len(copies)
    for copy in copies:
        call = calls[copy.group]
        assert copy.behaviours == call.behaviours
        assert [t.speaker for t in copy.call.turns] == [t.speaker for t in call.call.turns]
        assert not copy.whole_call, "thresholds and calibration come from calls as they are"


def test_a_badly_heard_copy_is_the_same_each_time_and_has_about_the_errors_it_names(
    training: tuple[Example, ...],
) -> None:
    copies = list(heard_badly_too(training))
    again = list(heard_badly_too(training))
    assert [c.call for c in copies] == [c.call for c in again]
    assert {c.copy for c in copies} == {" with 5% word errors", " with 15% word errors"}
    calls = {e.group: e for e in training if e.whole_call}
    for rate in ("5%", "15%"):
        mine = [c for c in copies if rate in c.copy.split()]
        words = sum(len(t.text.split()) for c in mine for t in calls[c.group].call.turns)
        kept = sum(
            _kept(a.text, b.text)
            for c in mine
            for a, b in zip(c.call.turns, calls[c.group].call.turns, strict=True)
        )
        assert 1 - kept / words == pytest.approx(0.05 if rate == "5%" else 0.15, abs=0.05)


def _kept(heard: str, said: str) -> int:
    plain = ["".join(c for c in word.lower() if c.isalnum() or c == "'") for word in said.split()]
    left = heard.lower().split()
    count = 0
    for word in plain:
        if word in left:
            left.remove(word)
            count += 1
    return count


def test_utterances_have_no_badly_heard_copies(training: tuple[Example, ...]) -> None:
    alone = [e for e in training if not e.whole_call][:50]
    assert list(heard_badly_too(alone)) == []
