"""``qa score``: recordings and transcripts into the database, one JSON line per call on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from qa.batch import Outcome, Pipeline, enqueue, follow
from qa.batch import score as score_sources
from qa.cli import processes
from qa.errors import InputError, ModelError
from qa.hearing import Source, find_inputs
from qa.settings import load_settings
from qa.store import Store, open_store


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="score")(score)


def score(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Recordings, transcripts, or folders of them.")
    ],
    model: Annotated[
        str | None, typer.Option(help="Speech model: a name or a directory. Needed only without transcripts.")
    ] = None,
    form: Annotated[
        str | None, typer.Option(help="Form for all calls; else each call's queue chooses.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON lines even on a terminal (a pipe always gets them).")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes work at once.")] = 1,
) -> None:
    """Score calls and keep them.

    A recording and a transcript of the same name beside it are one call: the words come from the transcript,
    the timing from the sound. What was scored before, by content, is not scored again. One bad file does not
    stop the others.

    Standard output has one JSON line per call: call_id, status (scored, not_scored, failed), score, range
    (where it lies with 90 % probability) and error. Exit code 0: all went well; 1: some failed; 2: typed wrongly.
    """
    settings = load_settings(model=model)
    as_json = as_json or not sys.stdout.isatty()
    usable, unusable = part(paths)
    if not usable:
        raise InputError("\n".join(why for _, why in unusable))
    for path, why in unusable:
        typer.echo(unusable_line(path, why, as_json=as_json))
        if as_json:
            typer.echo(why, err=True)
    sources = find_inputs(usable)
    pipeline = Pipeline(settings, form)
    check(pipeline)
    store = open_store(settings)
    try:
        outcomes = run(store, pipeline, sources, workers=workers)
        failed = tell(outcomes, n=len(sources), as_json=as_json)
    finally:
        store.close()
    if failed or unusable:
        raise typer.Exit(1)


def part(paths: list[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Paths that hold calls, and those that hold none with the reason: one bad path stops nothing."""
    usable: list[Path] = []
    unusable: list[tuple[Path, str]] = []
    for path in paths:
        try:
            find_inputs([path])
        except InputError as err:
            unusable.append((path, str(err)))
        else:
            usable.append(path)
    return usable, unusable


def unusable_line(path: Path, why: str, *, as_json: bool) -> str:
    """A path without calls, in the form of a call that failed."""
    if not as_json:
        return f"✕ {why}"
    row = {"call_id": path.stem, "status": "failed", "score": None, "range": None, "error": why}
    return json.dumps(row, ensure_ascii=False)


def check(pipeline: Pipeline) -> None:
    """Fail now, with one line, where cards or forms are wrong, rather than once per call.

    Raises
    ------
    SettingsError
        A card or a form can't be used.
    """
    if pipeline.form is not None:
        pipeline.forms.get(pipeline.form)
    pipeline.forms.get(pipeline.settings.form)


def run(
    store: Store, pipeline: Pipeline, sources: tuple[Source, ...], *, workers: int = 1
) -> Iterator[Outcome]:
    """Score in this process, or queue and let several processes work."""
    label = _label(sources)
    if workers == 1:
        yield from score_sources(sources, store=store, pipeline=pipeline, label=label)
        return
    batch = enqueue(sources, store=store, pipeline=pipeline, label=label)
    with processes.workers(workers, settings=pipeline.settings, store=store, batch=batch) as team:
        yield from follow(store, batch, meanwhile=team.look_after)


def _label(sources: tuple[Source, ...]) -> str:
    folder = sources[0].path.resolve().parent.name
    return folder if len(sources) > 1 else sources[0].path.name


def tell(outcomes: Iterator[Outcome], *, n: int, as_json: bool) -> int:
    """Print what became of each call as it ends, and a line at the end; how many failed."""
    failed, without_model, not_scored = 0, "", 0
    console = Console(stderr=True, highlight=False)
    with _progress(console) as progress:
        task = progress.add_task("scoring", total=n)
        for outcome in outcomes:
            typer.echo(json_line(outcome) if as_json else plain_line(outcome))
            progress.advance(task)
            not_scored += outcome.status == "not_scored"
            if outcome.status != "failed":
                continue
            failed += 1
            if outcome.error_kind == ModelError.__name__:
                without_model = outcome.error or ""
            elif as_json:
                progress.console.print(outcome.error, markup=False, soft_wrap=True)
    told = f"{n - failed - not_scored} of {n} calls scored"
    if not_scored:
        told += f", {not_scored} without a total"
    console.print(told + (f", {failed} failed" if failed else ""), markup=False, soft_wrap=True)
    if without_model:
        console.print(without_model, markup=False, soft_wrap=True)
    return failed


def json_line(outcome: Outcome) -> str:
    """The contract's line for one call."""
    between = None if outcome.low is None or outcome.high is None else [outcome.low, outcome.high]
    return json.dumps(
        {
            "call_id": outcome.call_id,
            "status": outcome.status,
            "score": outcome.score,
            "range": between,
            "error": outcome.error,
        },
        ensure_ascii=False,
    )


def plain_line(outcome: Outcome) -> str:
    """One call for a person."""
    if outcome.status == "failed":
        return f"✕ {outcome.call_id}  {outcome.error}"
    if outcome.score is None:
        return f"∅ {outcome.call_id}  {outcome.why_no_score}"
    between = (
        "" if outcome.low is None or outcome.high is None else f" ({outcome.low:.0f}–{outcome.high:.0f})"
    )
    again = "  same content as an earlier file" if outcome.duplicate else ""
    return f"✓ {outcome.call_id}  {outcome.score:.1f}{between}{again}"


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
