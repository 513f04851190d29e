"""Agent, customer, queue, start and direction: from beside the call, a table, its name; never guessed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from qa.errors import InputError, SettingsError
from qa.metadata import Metadata, add_metadata, from_filename, load_table, metadata_of
from qa.settings import load_settings
from qa.values import Call

DATA = load_settings().data
MOMENT = datetime(2026, 3, 2, 9, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "Auto0_GUID_000_AGENT_ChrisL_DT_2025-02-19T06-01-22_Mono.wav",
            {"agent": "ChrisL", "started_at": datetime(2025, 2, 19, 6, 1, 22, tzinfo=UTC)},
        ),
        (
            "Card2_GUID_102_AGENT_AndrewK_CUST_4411_DT_2026-03-02T09-14-00.wav",
            {"agent": "AndrewK", "customer": "4411", "started_at": MOMENT},
        ),
        (
            "out-07700900123-204-20260302-091400-1772442840.17.wav",
            {"customer": "07700900123", "agent": "204", "direction": "outbound", "started_at": MOMENT},
        ),
        (
            "exten-204-07700900123-20260302-091400-1772442840.17.wav",
            {"customer": "07700900123", "agent": "204", "direction": "inbound", "started_at": MOMENT},
        ),
        (
            "q-600-07700900123-20260302-091400-1772442840.17.wav",
            {"customer": "07700900123", "queue": "600", "direction": "inbound", "started_at": MOMENT},
        ),
        ("rosa.diaz_20260302-091400.wav", {"agent": "rosa.diaz", "started_at": MOMENT}),
        (
            "agent=rosa_queue=billing_inbound_2026-03-02T09-14-00.mp3",
            {"agent": "rosa", "queue": "billing", "direction": "inbound", "started_at": MOMENT},
        ),
        ("call_20260302091400.wav", {"started_at": MOMENT}),
        ("rec-99999999999999.wav", {}),
        ("12.wav", {}),
        ("2026-03-02.wav", {}),
    ],
)
def test_file_names_say_what_their_pattern_names(name: str, expected: dict[str, Any]) -> None:
    assert from_filename(name, data=DATA) == Metadata(**expected)


CSV = (
    "Recording File;Agent Name;Caller;Queue;Direction;Start Time\n"
    "calls\\k1.wav;Rosa Diaz;c-77;billing;Incoming;2026-03-02 09:14\n"
    "k2;Tom;;;out;02.03.2026 09:14\n"
    "k3.mp3;Ann;;;sideways;03/04/2026 09:14\n"
)


def test_a_table_is_found_in_the_folder_and_its_columns_by_meaning(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(CSV, encoding="utf-8-sig")
    first = metadata_of(tmp_path / "k1.wav", data=DATA)
    assert first == Metadata("Rosa Diaz", "c-77", "billing", "inbound", MOMENT)
    assert metadata_of(tmp_path / "sub" / "K2.WAV", data=DATA) == Metadata(
        agent="Tom", direction="outbound", started_at=MOMENT
    )
    assert metadata_of(tmp_path / "other.wav", data=DATA) == Metadata()


def test_a_date_that_could_be_two_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(CSV)
    found = metadata_of(tmp_path / "k3.mp3", data=DATA)
    assert (found.agent, found.direction, found.started_at) == ("Ann", None, None)
    assert "can't be read; set date_formats" in found.notes[0]


def test_an_excel_table_with_real_dates(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["file", "agent", "call date"])
    book.active.append(["k1.wav", "Rosa", datetime(2026, 3, 2, 9, 14)])  # noqa: DTZ001  (Excel knows no zones)
    book.save(tmp_path / "list.xlsx")
    found = metadata_of(tmp_path / "k1.wav", data=DATA, table=tmp_path / "list.xlsx")
    assert found == Metadata(agent="Rosa", started_at=MOMENT)


def test_a_changed_table_is_read_again(tmp_path: Path) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text("file,agent\nk1,Rosa\n")
    assert metadata_of(tmp_path / "k1.wav", data=DATA).agent == "Rosa"
    table.write_text("file,agent\nk1,Tom\n")
    os.utime(table, ns=(1, 10**18))
    assert metadata_of(tmp_path / "k1.wav", data=DATA).agent == "Tom"


def test_json_beside_comes_before_the_table(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(CSV)
    (tmp_path / "k1.json").write_text(
        '{"metadata": {"agentName": "x"}, "Agent": "Priya", "agent_channel": 1}'
    )
    found = metadata_of(tmp_path / "k1.wav", data=DATA)
    assert (found.agent, found.agent_channel, found.queue) == ("Priya", 1, "billing")


def test_a_transcript_beside_is_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "k1.json").write_text('{"agent": "Rosa", "turns": [{"speaker": "agent", "text": "hi"}]}')
    assert metadata_of(tmp_path / "k1.wav", data=DATA) == Metadata()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "a,b\n1,2\n", "no column says which recording"),
        ("t.csv", "", "is empty"),
        ("t.xlsx", "no excel", "no Excel table"),
    ],
)
def test_a_table_that_was_named_and_can_t_be_used_is_refused(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        metadata_of(tmp_path / "k1.wav", data=DATA, table=tmp_path / name)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such table"):
        load_table(tmp_path / "none.csv", data=DATA)


def test_a_table_found_by_chance_without_a_file_column_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("name,age\nx,4\n")
    assert metadata_of(tmp_path / "k1.wav", data=DATA) == Metadata()


class TestAddMetadata:
    def test_what_the_call_says_comes_before_its_name(self) -> None:
        call = Call("k1", (), agent="Rosa")
        merged = add_metadata(call, Metadata(queue="billing"), Metadata(agent="x", started_at=MOMENT))
        assert (merged.agent, merged.queue, merged.started_at) == ("Rosa", "billing", MOMENT)
        assert merged.notes == ()

    def test_what_was_not_found_is_said_and_now_is_no_call_time(self) -> None:
        merged = add_metadata(Call("k1", ()), Metadata(), Metadata())
        assert merged.started_at is None
        assert merged.notes == ("Not found: agent, start time.",)


def test_a_wrong_pattern_names_the_file(tmp_path: Path) -> None:
    text = (DATA / "settings" / "metadata.yaml").read_text()
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "metadata.yaml").write_text(text + "  - pattern: '(?P<agnet>x)'\n")
    with pytest.raises(SettingsError, match="no such group: agnet"):
        from_filename("x.wav", data=tmp_path)
