"""`qa evaluate` and `qa train`: how well behaviours are found, and learning them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.behaviours import load_cards
from qa.cli.review import AS, desk
from qa.learn.benchmarks import measure, meetings_f1
from qa.learn.evaluate import by_error_rate, calls_a_second, held_back_calls, mistakes, report
from qa.learn.metrics import Counts, Row
from qa.learn.train import train
from qa.learn.versions import classifier_in_use
from qa.review.retraining import Retrained, retrain
from qa.settings import load_settings


def register(app: typer.Typer) -> None:
    """Adds both commands."""
    app.command("evaluate")(evaluate_command)
    app.command("train")(train_command)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _line(row: Row) -> tuple[str, ...]:
    c: Counts = row.counts
    interval = "-" if row.low is None else f"{row.low:.2f}-{row.high:.2f}"
    labels = f"{c.hit + c.miss:.0f}"
    return (row.name, labels, _number(c.precision), _number(c.recall), _number(c.f1), interval)


def evaluate_command(
    benchmarks: Annotated[
        Path | None,
        typer.Option(help="Folder of external benchmarks. Default: $QA_SHARED/benchmarks where that is set."),
    ] = None,
    show: Annotated[int, typer.Option(help="How many of the worst mistakes to print.", min=0)] = 20,
) -> None:
    """How well behaviours are found: on the held-back calls, by word error rate, on external benchmarks."""
    settings = load_settings()
    cards = load_cards(settings.data / "behaviours")
    classifier = classifier_in_use(settings, cards)
    calls = held_back_calls(settings.data / "labels")
    console = Console(width=110)
    table = Table(title=f"{len(calls)} held-back calls, per turn", title_justify="left")
    for name in ("behaviour", "labels", "precision", "recall", "F1", "90 %"):
        table.add_column(name, justify="left" if name == "behaviour" else "right")
    for row in report(calls, cards, classifier):
        table.add_row(*_line(row))
    console.print(table)
    for rate, counts in by_error_rate(calls, cards, classifier):
        console.print(f"word error rate {rate:4.0%}: micro F1 {_number(counts.f1)}")
    folder = benchmarks or (
        Path(os.environ["QA_SHARED"]) / "benchmarks" if os.environ.get("QA_SHARED") else None
    )
    if folder is not None and folder.is_dir():
        outside = Table(title="External benchmarks, not trained on", title_justify="left")
        for name in ("task", "source", "rows", "precision", "recall", "F1", "best possible"):
            outside.add_column(name, justify="left" if name in {"task", "source"} else "right")
        for r in measure(folder, cards, classifier):
            c = r.counts
            figures = (_number(c.precision), _number(c.recall), _number(c.f1), _number(r.best))
            outside.add_row(r.task, r.source, str(r.rows), *figures)
        console.print(outside)
        console.print(f"turns_overlap, interrupted: F1 {_number(meetings_f1(folder, cards))}")
    else:
        console.print("external benchmarks: not measured (set QA_SHARED)")
    speed = calls_a_second([c.as_call() for c in calls], cards, classifier)
    console.print(f"speed: {speed:.1f} calls a second")
    for m in mistakes(calls, cards, classifier, most=show):
        console.print(
            f"{m.kind:11} {m.behaviour:22} p={m.probability:.2f} {m.call_id}:{m.turn} {m.text[:120]!r}"
        )


def train_command(
    labels_only: Annotated[
        bool,
        typer.Option(
            "--labels-only",
            help="From data/labels alone, into models/behaviours: the project's own training.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --labels-only: where to write the heads instead.")
    ] = None,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Train the classifier anew with what people decided; it replaces the one in force only if it is not worse.

    Both are judged on the same held-back calls. `qa models rollback` brings the one before back.
    """
    if labels_only:
        settings = load_settings()
        cards = load_cards(settings.data / "behaviours")
        card = train(settings.data / "labels", settings.models / "behaviours", cards, out=out, say=typer.echo)
        figure = card["cross_validation"]["micro_f1"]
        typer.echo(f"heads {card['heads_sha256'][:12]}, micro F1 {figure} by cross-validation")
        return
    if out is not None:
        raise typer.BadParameter("--out goes with --labels-only", param_hint="--out")
    with desk(login) as d:
        result = retrain(d.store, d.who, d.settings, say=typer.echo)
    _print_promotion(result)


def _print_promotion(result: Retrained) -> None:
    table = Table("", "labels", "in force", "new", "difference (90 %)", "", box=None)
    for row in result.promotion.rows:
        between = "-" if row.low is None or row.high is None else f"{row.low:+.3f} to {row.high:+.3f}"
        verdict = ("✓" if row.holds else f"✕ may lose {row.max_loss}") if row.enough else "too few to tell"
        table.add_row(row.name, f"{row.n_positive:.0f}", _number(row.old), _number(row.new), between, verdict)
    Console(width=110).print(table)
    if result.version is not None:
        typer.echo(f"in force from now on: {result.version}; back with: qa models rollback")
    else:
        against = ", ".join(row.name for row in result.promotion.against)
        typer.echo(f"not replaced: the new one may be worse on {against}")
