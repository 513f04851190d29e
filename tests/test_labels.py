"""The label files."""

from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.labels import labelled_calls, labelled_utterances, parse_call, parse_reading, parse_utterances

HERE = Path("calls/x1.txt")
CALL = """id: x1
trade: parcels
---
A 0.0: Hello, Dan at Harbour.
  + greeting: Hello, Dan at Harbour
C 0.6 cut: My parcel never came and I
  + customer_problem: My parcel never came
A -0.5: Number?
  + interruption
===
  + escalation_missed
"""


def test_a_call_is_read_with_pauses_breaks_and_labels() -> None:
    call = parse_call(CALL, file=HERE)
    assert call.call_id == "x1"
    assert call.header["trade"] == "parcels"
    assert [t.speaker for t in call.turns] == ["agent", "customer", "agent"]
    assert call.turns[1].cut
    assert call.turns[2].gap_s == -0.5
    assert call.turns[2].behaviours == {"interruption"}
    assert call.call_labels == ("escalation_missed",)


def test_turn_times_follow_from_the_pauses() -> None:
    turns = parse_call(CALL, file=HERE).as_call().turns
    assert turns[1].start == pytest.approx(turns[0].end + 0.6, abs=0.002)
    assert turns[2].start == pytest.approx(turns[1].end - 0.5, abs=0.002)


def test_a_quote_that_is_not_in_its_turn_is_named_with_its_line() -> None:
    with pytest.raises(SettingsError, match=r"x1\.txt:5: the quote of greeting"):
        parse_call(CALL.replace("+ greeting: Hello, Dan", "+ greeting: Hello, Tom"), file=HERE)


def test_a_line_of_no_known_form_is_named() -> None:
    with pytest.raises(SettingsError, match="this is no turn"):
        parse_call(CALL + "what\n", file=HERE)


def test_an_utterance_line_has_labels_context_and_text(tmp_path: Path) -> None:
    file = tmp_path / "apology.txt"
    file.write_text("apology || C: It never came. // A: Oh. || I'm so sorry.\n- ||  || Did they apologise?\n")
    rows = parse_utterances(file)
    assert rows[0].behaviours == {"apology"}
    assert rows[0].context == (("customer", "It never came."), ("agent", "Oh."))
    assert rows[1].behaviours == frozenset()
    assert rows[1].context == ()
    assert rows[0].utterance_id != rows[1].utterance_id


def test_an_utterance_line_with_parts_missing_is_named(tmp_path: Path) -> None:
    file = tmp_path / "apology.txt"
    file.write_text("apology || I'm so sorry.\n")
    with pytest.raises(SettingsError, match=r"apology\.txt:1: needs 'labels \|\| context \|\| text'"):
        parse_utterances(file)


def test_a_reading_names_behaviours_by_number(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("3: apology empathy\n7: -\ncall: venting_room\n")
    assert parse_reading(file) == {3: {"apology", "empathy"}, 7: frozenset(), -1: {"venting_room"}}


def test_settled_labels_replace_the_writers(tmp_path: Path) -> None:
    for folder in ("calls", "settled/calls", "utterances", "settled/utterances"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "calls" / "x1.txt").write_text(CALL)
    (tmp_path / "settled" / "calls" / "x1.txt").write_text("2: interruption rushing\ncall: -\n")
    (tmp_path / "utterances" / "apology.txt").write_text("apology ||  || My bad.\n")
    (tmp_path / "settled" / "utterances" / "apology.txt").write_text("1: -\n")
    (call,) = labelled_calls(tmp_path)
    assert call.turns[2].behaviours == {"interruption", "rushing"}
    assert call.call_labels == ()
    (utterance,) = labelled_utterances(tmp_path)
    assert utterance.behaviours == frozenset()


def test_every_label_of_the_project_reads_and_names_a_card() -> None:
    from qa.behaviours import load_cards

    data = Path(__file__).parent.parent / "data"
    known = set(load_cards(data / "behaviours").by_id)
    calls = labelled_calls(data / "labels")
    named = {b for c in calls for t in c.turns for b in t.behaviours} | {
        b for c in calls for b in c.call_labels
    }
    named |= {b for u in labelled_utterances(data / "labels") for b in u.behaviours}
    assert named - known == set()
