"""The commands as they are typed: exit codes, one line per error, the contract of standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_data import make_data, write_call, write_sound
from typer.testing import CliRunner

from qa.cli.app import app
from qa.cli.report import file_name
from qa.errors import QaError


@dataclass(frozen=True)
class Done:
    """What a command left behind; an error of the program's own is told as ``main`` tells it."""

    code: int
    out: str
    err: str


class Qa:
    """Runs commands in this process, in a home of its own."""

    def __call__(self, *args: str | Path, typed: str = "") -> Done:
        result = CliRunner().invoke(app, [str(arg) for arg in args], input=typed)
        if isinstance(result.exception, QaError):
            return Done(1, result.stdout, str(result.exception))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def qa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Qa:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QA_DATA", str(make_data(tmp_path / "data")))
    monkeypatch.setenv("QA_MODELS", str(tmp_path / "models"))
    return Qa()


def test_score_gives_one_json_line_per_call_and_nothing_else(qa: Qa, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    write_call(calls, "a")
    (calls / "b.wav").write_text("not sound")
    done = qa("score", calls)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [set(line) for line in lines] == [{"call_id", "status", "score", "range", "error"}] * 2
    assert [line["status"] for line in lines] == ["scored", "failed"]
    assert lines[0]["range"][0] <= lines[0]["score"] <= lines[0]["range"][1]
    assert lines[0]["error"] is None
    assert "b.wav" in lines[1]["error"]
    assert done.code == 1
    assert "1 of 2 calls scored, 1 failed" in done.err


def test_score_ends_well_where_all_went_well(qa: Qa, tmp_path: Path) -> None:
    write_call(tmp_path / "calls", "a")
    assert qa("score", tmp_path / "calls").code == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.wav", b"this is a letter"),
        ("short.wav", b"RIFF\x00\x00\x00\x00WAVE"),
        ("empty.wav", b""),
        ("nobody.json", b'{"turns": [{"start": 0, "end": 1, "text": "Hello."}]}'),
        ("broken.json", b"{"),
        ("head.vtt", b"WEBVTT\n"),
    ],
)
def test_each_kind_of_bad_file_is_one_clear_line(qa: Qa, tmp_path: Path, name: str, content: bytes) -> None:
    write_call(tmp_path / "calls", "good")
    (tmp_path / "calls" / name).write_bytes(content)
    done = qa("score", tmp_path / "calls")
    lines = {line["call_id"]: line for line in map(json.loads, done.out.splitlines())}
    failed = lines[Path(name).stem]
    assert done.code == 1
    assert lines["good"]["status"] == "scored"
    assert name in failed["error"]
    assert "\n" not in failed["error"]
    assert "fault of this program" not in failed["error"]


@pytest.mark.parametrize("what", ["missing.wav", "folder"])
def test_nothing_to_score_is_one_line_and_exit_1(qa: Qa, tmp_path: Path, what: str) -> None:
    (tmp_path / "folder").mkdir()
    done = qa("score", tmp_path / what)
    assert done.code == 1
    assert what in done.err
    assert done.out == ""


def test_a_command_typed_wrongly_is_exit_2(qa: Qa) -> None:
    for args in (("score",), ("nonsense",), ("report", "--format", "doc"), ("score", "x", "--workers", "0")):
        assert qa(*args).code == 2


def test_recordings_without_a_model_end_with_the_command_to_run(qa: Qa, tmp_path: Path) -> None:
    from made import speech_like, write_wav

    (tmp_path / "calls").mkdir()
    for name in "ab":
        write_wav(tmp_path / "calls" / f"{name}.wav", [speech_like(6.0, seed=ord(name))])
    done = qa("score", tmp_path / "calls")
    assert done.code == 1
    assert done.err.count("qa models fetch small.en") == 1
    assert "qa models fetch small.en" in done.err.strip().splitlines()[-1]


def test_an_unknown_form_is_told_before_anything_is_scored(qa: Qa, tmp_path: Path) -> None:
    done = qa("score", write_call(tmp_path, "a"), "--form", "nix")
    assert done.code == 1
    assert "no form 'nix'" in done.err
    assert done.out == ""


def test_several_workers_give_the_same(qa: Qa, tmp_path: Path) -> None:
    for n in range(4):
        write_call(tmp_path / "calls", f"c{n}")
    (tmp_path / "calls" / "bad.vtt").write_text("WEBVTT\n")
    done = qa("score", tmp_path / "calls", "--workers", "2")
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == ["failed", *["scored"] * 4]
    assert qa("verify", "--all", "--quick").code == 0


def test_report_gives_every_format(qa: Qa, tmp_path: Path) -> None:
    write_call(tmp_path / "calls", "a")
    write_call(tmp_path / "calls", "b", agent="Tom Reed", says="I guarantee it arrives, do not worry at all.")
    qa("score", tmp_path / "calls")
    objects = json.loads(qa("report", "--format", "json").out)
    assert [row["agent"] for row in objects] == ["Priya Nair", "Tom Reed"]
    assert "Tom Reed" in qa("report").out
    assert qa("report", "--format", "csv").out.startswith("agent,team,n_calls")
    assert json.loads(qa("report", "--agent", "Tom Reed", "--format", "json").out)[0]["n_calls"] == 1
    assert qa("report", "--agent", "Nobody").code == 1
    assert qa("report", "--format", "xlsx", "-o", tmp_path / "s.xlsx").code == 0
    assert (tmp_path / "s.xlsx").read_bytes().startswith(b"PK")
    assert qa("report", "--format", "pdf", "-o", tmp_path / "pdf").code == 0
    assert sorted(p.name for p in (tmp_path / "pdf").iterdir()) == ["Priya-Nair.pdf", "Tom-Reed.pdf"]


def test_report_without_calls_says_what_to_do(qa: Qa) -> None:
    done = qa("report")
    assert done.code == 0
    assert "qa score FOLDER" in done.err
    assert json.loads(qa("report", "--format", "json").out) == []


@pytest.mark.parametrize("agents", [("A/B", "A-B"), ("../x", "x"), ("陳", "大"), ("", " ")])
def test_files_of_different_agents_never_meet(agents: tuple[str, str]) -> None:
    names = {file_name(agent) for agent in agents}
    assert len(names) == 2
    assert all("/" not in name and not name.startswith(".") for name in names)


def test_verify_proves_that_a_score_comes_out_the_same(qa: Qa, tmp_path: Path) -> None:
    write_call(tmp_path / "calls", "a")
    write_call(tmp_path / "calls", "b")
    write_sound(tmp_path / "calls" / "b.wav")
    qa("score", tmp_path / "calls")
    assert qa("verify", "--all").code == 0
    card = tmp_path / "data" / "behaviours" / "empathy.yaml"
    card.write_text(card.read_text().replace("so sorry", "so very sorry"))
    done = qa("verify", "a")
    assert done.code == 1
    assert "evaluation.score: 100.0 then" in done.out
    assert "made anew since: what finds behaviours" in done.out
    assert "parcel" not in done.out
    assert qa("verify").code == 1
    assert "there is none of that name" in qa("verify", "nix").err


def test_verify_says_where_a_file_is_gone(qa: Qa, tmp_path: Path) -> None:
    qa("score", write_call(tmp_path, "a"))
    for kept in (tmp_path / "home" / "transcripts").rglob("*.json"):
        kept.unlink()
    done = qa("verify", "a")
    assert done.code == 1
    assert "is gone" in done.out
    assert qa("verify", "a", "--quick").code == 0


def test_batch_shows_what_failed_and_tries_it_again(qa: Qa, tmp_path: Path) -> None:
    assert "nothing was handed in" in qa("batch", "status").err
    call = write_call(tmp_path / "calls", "a")
    good = call.read_text()
    call.write_text(good.replace('"agent", "start"', '"who", "start"').replace("speaker", "spoke"))
    assert qa("score", call).code == 1
    batch = qa("batch", "status").out.splitlines()[1].split()[0]
    assert "a.json" in qa("batch", "status", batch).out
    assert qa("batch", "retry").out.strip() == "1 queued again"
    assert "1 calls done" in qa("worker", "--until-empty").err
    assert qa("batch", "status", "nix").code == 1


def test_accounts_are_made_listed_and_kept_out(qa: Qa) -> None:
    assert "qa accounts add" in qa("accounts", "list").err
    typed = "a long password\na long password\n"
    assert qa("accounts", "add", "Root", "--role", "admin", typed=typed).code == 0
    assert qa("accounts", "add", "lea", "--role", "lead", "--no-password").code == 0
    listed = qa("accounts", "list").out
    assert "root" in listed
    assert "a long password" not in listed
    assert qa("accounts", "reset-password", "root", typed="short\nshort\n").code == 1
    assert qa("accounts", "deactivate", "lea").code == 0
    assert "deactivated" in qa("accounts", "list").out
    assert "last admin" in qa("accounts", "deactivate", "root").err


def test_agents_and_teams_come_from_a_table(qa: Qa, tmp_path: Path) -> None:
    table = tmp_path / "staff.csv"
    table.write_text("agent,team,site\nPriya Nair,North,Leeds\n,,\n", encoding="utf-8-sig")
    assert "1 agents changed" in qa("agents", "import", table).err
    assert "0 agents changed" in qa("agents", "import", table).err
    qa("agents", "set", "Tom Reed", "--team", "South")
    listed = qa("agents", "list").out
    assert "site Leeds" in listed
    assert "South" in listed
    table.write_text("name\nx\n")
    assert "no column 'agent'" in qa("agents", "import", table).err
    assert qa("agents", "import", tmp_path / "nix.csv").code == 1


def test_models_are_fetched_only_by_known_names_and_told_when_there_is_no_network(
    qa: Qa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import faster_whisper

    def offline(*_args: object, **_rest: object) -> None:
        raise OSError("the network is unreachable")

    monkeypatch.setattr(faster_whisper, "download_model", offline)
    assert "no speech model is called 'nix'" in qa("models", "fetch", "nix").err
    done = qa("models", "fetch", "tiny.en")
    assert done.code == 1
    assert "could not be fetched (the network is unreachable)" in done.err
    assert "\n" not in done.err
    assert list((tmp_path / "models").iterdir()) == []


def test_a_fetched_model_is_whole_and_a_damaged_one_is_found(
    qa: Qa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import faster_whisper

    def fetched(_name: str, *, output_dir: str) -> None:
        for name in ("model.bin", "tokenizer.json", "config.json"):
            (Path(output_dir) / name).write_text(name)

    monkeypatch.setattr(faster_whisper, "download_model", fetched)
    assert qa("models", "fetch", "tiny.en").code == 0
    assert "tiny.en" in qa("models", "list", "--check").out
    (tmp_path / "models" / "tiny.en" / "model.bin").write_text("MODEL.BIN")
    done = qa("models", "list", "--check")
    assert done.code == 1
    assert "model.bin is not what was fetched" in done.out


def test_doctor_looks_at_everything_and_says_what_to_do(qa: Qa, tmp_path: Path) -> None:
    done = qa("doctor")
    assert done.code == 0
    assert "qa accounts add" in done.out
    assert "qa models fetch small.en" in done.out
    (tmp_path / "data" / "forms" / "default.v1.yaml").write_text("id: 3")
    done = qa("doctor")
    assert done.code == 1
    assert "✕ data" in done.out


def test_demo_leaves_a_folder_alone_that_is_not_its_own(qa: Qa, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "precious").touch()
    done = qa("demo", "--no-serve")
    assert done.code == 1
    assert "not the demo's" in done.err
    assert (tmp_path / "home" / "precious").exists()


def test_demo_scores_from_nothing_each_time(qa: Qa, tmp_path: Path) -> None:
    for n in range(3):
        write_call(tmp_path / "data" / "demo" / "calls", f"c{n}")
    (tmp_path / "data" / "demo" / "staff.csv").write_text("agent,team\nPriya Nair,North\n")
    for _ in range(2):
        done = qa("demo", "--no-serve")
        assert done.code == 0
        assert "Priya Nair" in done.out
    accounts = qa("accounts", "list").out
    assert "priya" in accounts
    assert "supervisor-north" in accounts
    assert "password: " in (tmp_path / "home" / "sign-in.txt").read_text()


def test_every_command_has_a_help_text(qa: Qa) -> None:
    assert qa("--version").out.strip()
    for command in ("score", "report", "demo", "serve", "worker", "verify", "doctor"):
        assert len(qa(command, "--help").out) > 200


def test_an_error_of_the_program_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "qa.db").write_text("no database " * 100)
    done = subprocess.run(
        [sys.executable, "-c", "from qa.cli import main; main()", "report"],
        env={**os.environ, "QA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_file_and_an_empty_folder_do_not_stop_the_others(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from qa.cli.app import app

    (tmp_path / "empty").mkdir()
    (tmp_path / "call.txt").write_text("Agent: Hello, Dan here.\nCustomer: My parcel never came.\n")
    gone, empty, good = tmp_path / "gone.wav", tmp_path / "empty", tmp_path / "call.txt"
    home = ["--home", str(tmp_path / "home"), "score", "--json"]
    result = CliRunner().invoke(app, [*home, str(gone), str(empty), str(good)])
    assert result.exit_code == 1
    rows = {row["call_id"]: row for row in map(json.loads, filter(None, result.stdout.splitlines()))}
    assert "no such file or folder" in rows["gone"]["error"]
    assert "no recordings and no transcripts" in rows["empty"]["error"]
    assert rows["call"]["status"] in {"scored", "not_scored"}
