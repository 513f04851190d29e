"""A card and a telephone number that were read out in a call are in nothing that is kept for reading or listening."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from made import silence, speech_like, write_wav
from made_data import make_data

from qa.audio import decode
from qa.batch import Outcome, Pipeline, score
from qa.batch.verify import verify
from qa.formats import write_call_json, write_webvtt
from qa.hearing import find_inputs
from qa.settings import Settings
from qa.store import SYSTEM, Store, listening_copy, load_call, open_store

CARD_TEXT = "four nine two nine one two three four five six seven eight nine oh one two"
CARD_WORDS = CARD_TEXT.split()
LINES = [
    ("agent", "Good morning, how can I help? Can I take the long card number please?"),
    ("customer", "Yes it is " + " ".join(CARD_WORDS[:8]) + " and then " + " ".join(CARD_WORDS[8:]) + " okay"),
    ("agent", "So that is nine oh one two at the end. And the best number to reach you?"),
    ("customer", "It is 07700 900123 thank you"),
    ("agent", "I am so sorry to hear that. I will call you back on 07700 900123 tomorrow."),
]


def said_call() -> dict[str, object]:
    """Call JSON with word times, 0.4 s a word."""
    turns, at = [], 1.0
    for speaker, text in LINES:
        words = []
        for word in text.split():
            words.append(
                {"word": word, "start": round(at, 2), "end": round(at + 0.35, 2), "probability": 0.9}
            )
            at += 0.4
        first, last = words[0], words[-1]
        turns.append(
            {"speaker": speaker, "start": first["start"], "end": last["end"], "text": text, "words": words}
        )
        at += 0.6
    return {"call_id": "k1", "agent": "Priya Nair", "language": "en", "duration": at + 1, "turns": turns}


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Store, Settings, dict[str, object]]:
    call = said_call()
    sides = {"agent": silence(call["duration"]), "customer": silence(call["duration"])}  # type: ignore[arg-type]
    for number, turn in enumerate(call["turns"]):  # type: ignore[arg-type,var-annotated]
        pitch = 120.0 if turn["speaker"] == "agent" else 210.0
        voice = speech_like(turn["end"] - turn["start"], pitch_hz=pitch, seed=number)
        first = round(turn["start"] * 16000)
        sides[turn["speaker"]][first : first + len(voice)] = voice
    folder = tmp_path / "in"
    folder.mkdir()
    write_wav(folder / "k1.wav", [sides["agent"], sides["customer"]])
    (folder / "k1.json").write_text(json.dumps(call))
    settings = Settings(home=tmp_path / "home", data=make_data(tmp_path / "data"), models=tmp_path / "models")
    store = open_store(settings)
    outcomes = _run(store, settings, folder)
    assert [o.error for o in outcomes] == [None]
    return store, settings, call


def _run(store: Store, settings: Settings, folder: Path) -> list[Outcome]:
    return list(score(find_inputs([folder]), store=store, pipeline=Pipeline(settings)))


def _everything(home: Path) -> str:
    """All text in all tables of the database, the search index among them."""
    connection = sqlite3.connect(home / "qa.db")
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [str(row) for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
    connection.close()
    return "\n".join(rows)


def test_no_table_of_the_database_holds_them(stored: tuple[Store, Settings, dict[str, object]]) -> None:
    _, settings, _ = stored
    text = _everything(settings.home).lower()
    assert "[card number]" in text
    assert "[phone number]" in text
    for secret in ("900123", "07700", "four nine two", "two nine one", "six seven eight", "oh one two"):
        assert secret not in text
    assert b"900123" not in (settings.home / "qa.db").read_bytes()


def test_turns_findings_and_exports_are_masked(stored: tuple[Store, Settings, dict[str, object]]) -> None:
    store, _, _ = stored
    call = load_call(store, SYSTEM, "k1")
    texts = [turn.text for turn in call.call.turns]
    assert texts[1] == "Yes it is [card number] okay"
    assert texts[2].startswith("So that is [card number] at the end.")
    assert texts[3] == "It is [phone number] thank you"
    for kept in (
        write_call_json(call.call),
        write_webvtt(call.call),
        str(call.detections),
        str(call.evaluation),
    ):
        assert "900123" not in kept
        assert "six seven eight" not in kept


def test_the_copy_to_listen_to_is_silent_there_and_nowhere_else(
    stored: tuple[Store, Settings, dict[str, object]],
) -> None:
    store, _, call = stored
    path = listening_copy(store, SYSTEM, "k1")
    assert path is not None
    heard = decode(path)
    words = call["turns"][1]["words"]  # type: ignore[index]

    def level(first: int, last: int) -> float:
        span = slice(round(words[first]["start"] * 16000), round(words[last]["end"] * 16000))
        return float(np.abs(heard.channels[1][span].astype(float)).mean())

    assert level(0, 1) > 300
    assert level(3, 20) < 5
    assert level(21, 21) > 300 or words[21]["word"] == "okay"


def test_masked_time_is_kept_as_such(stored: tuple[Store, Settings, dict[str, object]]) -> None:
    store, _, _ = stored
    kinds = [s.kind for s in load_call(store, SYSTEM, "k1").call.timing.silences]
    assert kinds.count("masked") == 4


def test_the_score_can_still_be_proved(stored: tuple[Store, Settings, dict[str, object]]) -> None:
    store, settings, _ = stored
    (verdict,) = verify(store, SYSTEM, ["k1"], pipeline=Pipeline(settings))
    assert verdict.same, verdict


def test_a_copy_with_less_muted_is_removed_when_more_is_masked(
    stored: tuple[Store, Settings, dict[str, object]], tmp_path: Path
) -> None:
    store, settings, _ = stored
    before = listening_copy(store, SYSTEM, "k1")
    path = settings.data / "settings" / "redaction.yaml"
    path.write_text(path.read_text().replace("phone_number: true", "phone_number: false"))
    _run(store, settings, tmp_path / "in")
    after = listening_copy(store, SYSTEM, "k1")
    assert before is not None
    assert after is not None
    assert after.is_file()
    assert not before.exists()
