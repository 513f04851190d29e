"""``qa transcribe FILE``: a recording or a transcript to Call JSON on standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa.asr import load_transcriber
from qa.errors import ModelError, QaError
from qa.formats import write_call_json, write_webvtt
from qa.hearing import Source, hear_source, source_of
from qa.settings import Settings, load_settings
from qa.values import Call


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="transcribe")(transcribe)


def transcribe(
    file: Annotated[Path, typer.Argument(help="A recording, or a transcript to convert.")],
    model: Annotated[str | None, typer.Option(help="Speech model: a name or a directory.")] = None,
    anew: Annotated[
        bool, typer.Option(help="Transcribe even where a transcript lies beside the recording.")
    ] = False,
    as_: Annotated[str, typer.Option("--as", help="Form of the output: json or webvtt.")] = "json",
) -> None:
    """Print one call as Call JSON: speakers, words with times, what the recording can't show."""
    if as_ not in ("json", "webvtt"):
        raise typer.BadParameter(f"'{as_}': take json or webvtt", param_hint="--as")
    try:
        call = _heard(file, load_settings(model=model), anew=anew)
    except QaError as err:
        typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    typer.echo(write_call_json(call) if as_ == "json" else write_webvtt(call), nl=as_ == "json")


def _heard(file: Path, settings: Settings, *, anew: bool) -> Call:
    """The file's own faults come first; the model is loaded only once it turns out to be needed."""
    source = Source(recording=file) if anew else source_of(file)
    try:
        return hear_source(source, settings=settings, transcriber=None)
    except ModelError:
        return hear_source(source, settings=settings, transcriber=load_transcriber(settings))
