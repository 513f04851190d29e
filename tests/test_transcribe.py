"""``qa transcribe``: Call JSON on stdout, one line on stderr when it can't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from made import placed, silence, speech_like, write_wav
from made_whisper import write_random_whisper
from typer.testing import CliRunner

from qa.cli.transcribe import register

SAMPLES = Path(__file__).parent / "data" / "transcripts"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> typer.Typer:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QA_MODEL", raising=False)
    monkeypatch.setenv("QA_HOME", str(tmp_path / "home"))
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


def test_a_transcript_becomes_call_json(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["transcribe", str(SAMPLES / "deepgram_utterances.json")])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["turns"][0]["speaker"] == "agent"


def test_or_webvtt(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["transcribe", str(SAMPLES / "call.json"), "--as", "webvtt"])
    assert result.stdout.startswith("WEBVTT\n\n00:00:00.500 --> ")


def test_a_recording_goes_through_the_model_named(app: typer.Typer, tmp_path: Path) -> None:
    model = write_random_whisper(tmp_path / "random.en")
    path = write_wav(
        tmp_path / "k.wav", [placed(5, [(1, speech_like(3))]), placed(5, [(1, speech_like(2, seed=6))])]
    )
    result = CliRunner().invoke(app, ["transcribe", str(path), "--model", str(model)])
    assert result.exit_code == 0, result.stderr
    call = json.loads(result.stdout)
    assert (call["words_from"], call["timing"]["source"]) == ("random.en", "sound")


@pytest.mark.parametrize(
    ("name", "message"),
    [("silent.wav", "nobody speaks in it"), ("spoken.wav", "qa models fetch"), ("no.wav", "no such")],
)
def test_what_can_t_be_done_is_one_line_and_exit_1(
    app: typer.Typer, tmp_path: Path, name: str, message: str
) -> None:
    write_wav(tmp_path / "silent.wav", [silence(2)])
    write_wav(tmp_path / "spoken.wav", [placed(5, [(1, speech_like(3))])])
    result = CliRunner().invoke(app, ["transcribe", str(tmp_path / name)])
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_an_unknown_form_of_output_is_a_usage_error(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["transcribe", str(SAMPLES / "call.json"), "--as", "pdf"]).exit_code == 2
