"""The demo's recordings are what their scripts say: placement, overlaps, silences, labels, size."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from qa.audio import Recording, decode, recording_kind
from qa.formats import read_transcript
from qa.review.fairness import MIN_AGENTS
from qa.review.staff_table import read_staff
from qa.values import Span, Speaker

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.make_demo import engines, placing, writing  # noqa: E402
from tools.make_demo.__main__ import load_voices  # noqa: E402
from tools.make_demo.history import compose  # noqa: E402
from tools.make_demo.script import Script, read_script  # noqa: E402
from tools.make_demo.second_site import compose_second_site  # noqa: E402

DEMO = ROOT / "data" / "demo"
SCRIPTS = sorted((DEMO / "scripts").glob("*.txt"))
MAX_SOUND_MB, MAX_HISTORY_MB = 8.0, 2.0
LAST_DAY = datetime.fromisoformat("2026-11-16T00:00:00+00:00")
ids = [path.stem for path in SCRIPTS]


@cache
def truth_of(call_id: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (DEMO / "truth" / f"{call_id}.truth.json").read_text(encoding="utf-8")
    )
    return loaded


@cache
def recording_of(call_id: str) -> Recording:
    return decode(DEMO / "calls" / f"{call_id}.opus", rate_hz=8000)


def behaviour_ids() -> dict[str, str]:
    """Every id of the cards with its speaker."""
    rows = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "data/behaviours").glob("*.yaml")
    ]
    return {row["id"]: row.get("speaker", "agent") for row in rows if isinstance(row, dict) and "id" in row}


def level_db(recording: Recording, channel: int, start: float, end: float) -> float:
    return recording.level_db(channel, Span(start, end))


@pytest.mark.parametrize("path", SCRIPTS, ids=ids)
def test_a_script_reads_and_its_truth_says_the_same(path: Path) -> None:
    script = read_script(path)
    truth = truth_of(script.call_id)
    assert path.stem == script.call_id
    assert [(t["speaker"], t["text"]) for t in truth["turns"]] == [(t.speaker, t.text) for t in script.turns]
    labels = [[(b["behaviour"], b["quote"]) for b in turn["behaviours"]] for turn in truth["turns"]]
    assert labels == [list(turn.behaviours) for turn in script.turns]
    assert tuple(truth["call_behaviours"]) == script.call_behaviours
    assert datetime.fromisoformat(truth["started_at"]) < LAST_DAY


@pytest.mark.parametrize("path", SCRIPTS, ids=ids)
def test_every_label_is_a_behaviour_of_its_speaker(path: Path) -> None:
    known = behaviour_ids()
    for turn in read_script(path).turns:
        for behaviour, _ in turn.behaviours:
            assert behaviour in known, f"{behaviour} has no card"
            if behaviour != "dead_air":
                assert behaviour.startswith("customer_") == (turn.speaker == "customer"), turn.text


@pytest.mark.parametrize("call_id", ids)
def test_a_transcript_beside_its_recording_has_words_and_no_judgement(call_id: str) -> None:
    path = DEMO / "calls" / f"{call_id}.json"
    call = read_transcript(path)
    truth = truth_of(call_id)
    assert "behaviour" not in path.read_text(encoding="utf-8")
    assert (call.agent, call.customer, call.queue) == (truth["agent"], truth["customer"], truth["queue"])
    assert call.started_at is not None
    assert call.direction == truth["direction"]
    assert all(len(turn.words) == len(turn.text.split()) for turn in call.turns)


@pytest.mark.parametrize("call_id", ids)
def test_words_lie_in_order_inside_their_turn(call_id: str) -> None:
    for turn in truth_of(call_id)["turns"]:
        times = [time for word in turn["words"] for time in (word["start"], word["end"])]
        assert times == sorted(times)
        assert turn["start"] <= times[0]
        assert times[-1] <= turn["end"] + 0.002


@pytest.mark.parametrize("call_id", ids)
def test_pauses_are_where_the_script_puts_them(call_id: str) -> None:
    last_end = 0.0
    for number, turn in enumerate(truth_of(call_id)["turns"]):
        if number and turn["at_word"] is None:
            assert turn["start"] == pytest.approx(last_end + turn["pause_s"], abs=0.002)
        last_end = max(last_end, turn["end"])


@pytest.mark.parametrize("call_id", ids)
def test_overlaps_are_the_turns_that_run_at_once(call_id: str) -> None:
    truth = truth_of(call_id)
    sides: dict[Speaker, list[Span]] = {"agent": [], "customer": []}
    for turn in truth["turns"]:
        sides[turn["speaker"]].append(Span(turn["start"], turn["end"]))
    expected = sum(one.overlap_s(other) for one in sides["agent"] for other in sides["customer"])
    assert sum(row["ms"] for row in truth["overlaps"]) == pytest.approx(
        expected * 1000, abs=2 + len(truth["overlaps"])
    )
    for row in truth["overlaps"]:
        assert truth["turns"][row["agent_turn"]]["speaker"] == "agent"
        assert row["ms"] == pytest.approx((row["end"] - row["start"]) * 1000, abs=1.5)


@pytest.mark.parametrize("call_id", ids)
def test_a_turn_that_is_cut_off_ends_while_the_other_speaks(call_id: str) -> None:
    turns = truth_of(call_id)["turns"]
    for turn in turns:
        if turn["cut"]:
            others = [t for t in turns if t["speaker"] != turn["speaker"]]
            assert any(t["start"] < turn["end"] < t["end"] for t in others), turn["text"]


@pytest.mark.parametrize("call_id", ids)
def test_silences_of_five_seconds_are_holds_or_dead_air(call_id: str) -> None:
    truth = truth_of(call_id)
    labelled = [
        t["start"] for t in truth["turns"] if any(b["behaviour"] == "dead_air" for b in t["behaviours"])
    ]
    assert labelled == [row["end"] for row in truth["silences"] if row["kind"] == "dead_air"]
    assert all(row["end"] - row["start"] >= 5.0 for row in truth["silences"])


@pytest.mark.parametrize("call_id", ids)
def test_the_recording_is_of_its_kind_and_as_long_as_its_truth(call_id: str) -> None:
    truth, recording = truth_of(call_id), recording_of(call_id)
    assert recording_kind(recording) == truth["recording"]
    assert recording.duration_s == pytest.approx(truth["duration"], abs=0.05)
    assert truth["duration"] < 240


@pytest.mark.parametrize("call_id", ids)
def test_speech_is_heard_where_the_truth_says_and_nowhere_else(call_id: str) -> None:
    truth, recording = truth_of(call_id), recording_of(call_id)
    if truth["agent_channel"] is None:
        channel = dict.fromkeys(("agent", "customer"), 0)
    else:
        channel = {"agent": truth["agent_channel"], "customer": 1 - truth["agent_channel"]}
    for turn in truth["turns"]:
        own = level_db(recording, channel[turn["speaker"]], turn["start"], turn["end"])
        assert own > truth["noise_db"] + 12, turn["text"]
    if truth["agent_channel"] is None:
        return
    for speaker in ("agent", "customer"):
        for start, end in gaps(truth, speaker):
            assert level_db(recording, channel[speaker], start, end) < truth["noise_db"] + 5, (speaker, start)


def gaps(truth: dict[str, Any], speaker: str) -> list[tuple[float, float]]:
    """Stretches over 0.5 s in which this side says nothing and no music plays, a little inside their ends."""
    spans = [(t["start"], t["end"]) for t in truth["turns"] if t["speaker"] == speaker]
    if speaker == "agent":
        spans += [(s["start"], s["end"]) for s in truth["silences"] if s["kind"] == "music"]
    edges, last = [], 0.0
    for start, end in sorted(spans):
        edges.append((last + 0.1, start - 0.1))
        last = max(last, end)
    return [(a, b) for a, b in edges if b - a > 0.5]


def onset_errors_ms(call_id: str) -> list[float]:
    """For turns that nobody overlaps: first sound above half the turn's level, against the first word's start."""
    truth, recording = truth_of(call_id), recording_of(call_id)
    errors = []
    for turn in truth["turns"]:
        own = truth["agent_channel"] if turn["speaker"] == "agent" else 1 - truth["agent_channel"]
        sound = recording.channels[own].astype(np.float64) / 32768
        low = max(0, round((turn["start"] - 0.2) * 8000))
        heard = np.sqrt(np.convolve(sound[low : round(turn["end"] * 8000)] ** 2, np.ones(40) / 40, "same"))
        first = np.flatnonzero(heard > heard.max() * 0.1)[0]
        errors.append((first + low) / 8 - turn["start"] * 1000)
    return errors


def test_turns_begin_where_they_are_first_heard() -> None:
    errors = np.concatenate([onset_errors_ms(i) for i in ids if truth_of(i)["agent_channel"] is not None])
    assert abs(np.median(errors)) < 30
    assert np.percentile(np.abs(errors), 90) < 120


def test_the_calls_are_many_enough_and_small_enough() -> None:
    truths = [truth_of(call_id) for call_id in ids]
    assert len([t for t in truths if t["duration"] >= 50]) >= 14
    assert len({t["agent"] for t in truths}) == 5
    assert {t["queue"] for t in truths} == {"deliveries", "billing", "broadband", "cards"}
    assert {t["agent_channel"] for t in truths} == {0, 1, None}
    size = sum(path.stat().st_size for path in (DEMO / "calls").glob("*.opus"))
    assert size / 1e6 < MAX_SOUND_MB


def test_one_call_is_too_short_and_one_has_one_channel() -> None:
    truths = {call_id: truth_of(call_id) for call_id in ids}
    assert [i for i, t in truths.items() if t["recording"] == "mono"] == ["d14"]
    assert [i for i, t in truths.items() if t["duration"] < 15] == ["d16"]


def test_a_label_that_is_not_in_its_turn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    head = SCRIPTS[0].read_text(encoding="utf-8").partition("\n---\n")[0]
    path.write_text(f"{head}\n---\nA 0.0: Hello.\n  + greeting: Good day\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'Good day' is not in the turn"):
        read_script(path)


def test_the_maker_gives_the_same_placement() -> None:
    why_not = engines.available()
    if why_not:
        pytest.skip(why_not)
    script: Script = read_script(DEMO / "scripts" / "d16.txt")
    timeline = placing.place(script, writing.voices_of(script, load_voices()))
    assert json.loads(json.dumps(writing.truth_of(script, timeline))) == truth_of("d16")


def test_the_history_is_what_its_maker_composes() -> None:
    kept = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted((DEMO / "history").glob("*.json"))
    ]
    assert kept == compose()
    assert len(kept) >= 140


def test_the_second_site_is_what_its_maker_composes_and_its_groups_can_be_compared() -> None:
    paths = sorted((DEMO / "second-site").glob("*.json"))
    assert [json.loads(path.read_text(encoding="utf-8")) for path in paths] == compose_second_site()
    assert sum(path.stat().st_size for path in paths) / 1e6 < MAX_HISTORY_MB
    staff = {row.name: row for row in read_staff(DEMO / "staff.csv")}
    here = {read_transcript(path).agent for path in paths}
    assert here <= staff.keys()
    shifts = [staff[name].groups["shift"] for name in sorted(filter(None, here))]
    assert min(shifts.count("early"), shifts.count("late")) >= MIN_AGENTS


def test_the_history_has_five_agents_customers_who_come_back_and_a_limit() -> None:
    paths = sorted((DEMO / "history").glob("*.json"))
    calls = [read_transcript(path) for path in paths]
    customers = [call.customer for call in calls]
    assert {call.agent for call in calls} == {
        row["name"] for row in yaml.safe_load((DEMO / "agents.yaml").read_text())
    }
    assert len(customers) - len(set(customers)) >= 30
    assert all(call.started_at is not None and call.started_at < LAST_DAY for call in calls)
    assert any(call.direction == "outbound" for call in calls)
    assert sum(path.stat().st_size for path in paths) / 1e6 < MAX_HISTORY_MB
