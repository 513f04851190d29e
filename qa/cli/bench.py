"""``qa bench hearing``, ``scoring`` and ``behaviours``: ratios, measured in one run."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from qa.bench.behaviours import labels_there, measure_behaviours
from qa.bench.hearing import HearingFigures, MemoryFigures, measure_hearing, measure_memory, write_long_call
from qa.bench.random_model import SHAPES, write_random_model
from qa.bench.scoring import measure_scoring
from qa.errors import InputError
from qa.settings import Settings, load_settings

bench = typer.Typer(no_args_is_help=True, help="Speed and memory, as ratios measured in one run.")


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    app.add_typer(bench, name="bench")


def _demo_calls(settings: Settings) -> list[Path]:
    calls = sorted((settings.data / "demo" / "calls").glob("*.opus"))
    if not calls:
        raise InputError(f"{settings.data / 'demo' / 'calls'}: no recordings to measure with; give --file")
    return calls


@bench.command("hearing")
def hearing_command(
    file: Annotated[
        Path | None, typer.Option(help="A recording of two channels. Default: demo calls joined.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="tiny, base, small (random weights of that shape) or a directory."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Length of the joined demo calls.")] = 300.0,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the best of each way counts.")] = 2,
    hour: Annotated[bool, typer.Option(help="Measure the memory that an hour of two channels takes.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per model.")] = False,
) -> None:
    """The whole hearing stage against faster-whisper alone: same file, same model, same run."""
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="qa-bench-") as folder:
        room = Path(folder)
        heard = file or write_long_call(room / "call.wav", _demo_calls(settings), seconds)
        directories = []
        for name in model or ["tiny", "base"]:
            directories.append(
                write_random_model(room / name, SHAPES[name]) if name in SHAPES else Path(name)
            )
            figures = measure_hearing(
                heard, directories[-1], settings, threads=settings.cpu_threads, rounds=rounds
            )
            typer.echo(json.dumps(asdict(figures)) if as_json else _told(figures))
        if hour:
            long = write_long_call(room / "hour.wav", [file] if file else _demo_calls(settings), 3600.0)
            for directory in (None, directories[0]):
                typer.echo(_memory_told(measure_memory(long, directory), directory))


def _memory_told(memory: MemoryFigures, model_dir: Path | None) -> str:
    what = f"with {model_dir.name}" if model_dir else "all but the speech model"
    return (
        f"an hour of two channels, {what}: peak {memory.peak_mib:.0f} MiB (target: under 700;"
        f" {memory.before_mib:.0f} MiB of it before the file), {memory.wall_s:.0f} s"
    )


def _told(figures: HearingFigures) -> str:
    ways = (
        ("the whole stage", figures.stage),
        ("faster-whisper, batched", figures.batched),
        ("faster-whisper, sequence", figures.in_sequence),
    )
    lines = [f"{figures.model}: {figures.sound_s:.0f} s of two channels"]
    lines += [
        f"  {name:25} {one.wall_s:7.1f} s  {one.cpu_s:7.1f} s of processor  {one.windows:3d} windows"
        for name, one in ways
    ]
    lines += [
        f"  ratio to the quicker one  {figures.ratio:7.2f}    {figures.cpu_ratio:7.2f} by processor (target: 1.0)",
        f"  outside transcription     {figures.outside_share:7.1%}    {figures.outside_cpu_share:7.1%} by processor"
        " (target: 5 %)",
    ]
    return "\n".join(lines)


@bench.command("scoring")
def scoring_command(
    folder: Annotated[
        Path | None, typer.Option(help="Transcripts. Default: those of the demo calls.")
    ] = None,
    speed: Annotated[
        float, typer.Option(help="Transcription, in seconds of sound per second, to compare with.")
    ] = 14.0,
) -> None:
    """Detecting and scoring as a share of transcription."""
    settings = load_settings()
    files = sorted((folder or settings.data / "demo" / "calls").glob("*.json"))
    if not files:
        raise InputError("no transcripts to measure with; give --folder")
    figures = measure_scoring(files, settings)
    typer.echo(
        f"{figures.n_calls} calls, {figures.sound_s / 60:.0f} min: reading and masking"
        f" {figures.masking_and_reading_s:.2f} s, detecting and scoring {figures.scoring_s:.2f} s,"
        f" {figures.share_of(1 / speed):.1%} of transcription at {speed:.0f} times real time"
    )


@bench.command("behaviours")
def behaviours_command(
    calls: Annotated[int, typer.Option(min=1, help="How many labelled calls.")] = 60,
) -> None:
    """Finding behaviours: calls a second, and against plain tokens and one pass of the encoder."""
    settings = load_settings()
    if not labels_there(settings):
        raise InputError(
            f"{settings.data / 'labels'}: no labelled calls to measure with; run it in the project"
        )
    figures = measure_behaviours(settings, most=calls)
    detecting, reading = figures.detecting, figures.reading
    typer.echo(
        f"{figures.n_calls} calls, {figures.n_turns} turns: {detecting.wall_s:.2f} s"
        f" ({detecting.cpu_s:.2f} s of processor), {figures.calls_per_s:.1f} calls of 30 turns a second"
        f" (target: 20)\n"
        f"spaCy tokens and one pass of the encoder over the same turns: {reading.wall_s:.2f} s"
        f" ({reading.cpu_s:.2f} s of processor), ratio {figures.ratio:.2f}"
    )
