"""``qa sample``: a random, stratified choice of calls for people to review, and what it says about all calls."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.cli.review import AS, desk
from qa.review.sampling import draw_sample, sample_result
from qa.store.rows import CallFilter
from qa.store.samples import end_sample, list_samples


class ByChoice(StrEnum):
    """What strata are made of."""

    AGENT = "agent"
    TEAM = "team"
    QUEUE = "queue"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="A random choice of calls for people to review.")
    for name, command in (("draw", draw), ("show", show), ("done", done), ("skip", skip), ("result", result)):
        group.command(name=name)(command)
    app.add_typer(group, name="sample")


def draw(
    name: Annotated[str, typer.Argument(help="A name for the sample, such as 2026-w47.")],
    by: Annotated[
        ByChoice, typer.Option(help="Draw from each agent, team or queue, or from all.")
    ] = ByChoice.AGENT,
    n: Annotated[int, typer.Option("--each", min=0, help="Calls of each.")] = 3,
    doubtful: Annotated[
        int, typer.Option(min=0, help="On top: calls of which the program is least sure.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="The same seed and calls give the same sample.")] = 0,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Calls from this day on.")
    ] = None,
    reviewer: Annotated[list[str] | None, typer.Option(help="A login; give it once per reviewer.")] = None,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Draw a sample and keep it with the chance that each call had."""
    which = CallFilter(since=None if since is None else since.replace(tzinfo=UTC))
    with desk(login) as d:
        made = draw_sample(
            d.store, d.who,
            round_name=name, which=which, by=by.value, per_stratum=n, doubtful=doubtful, seed=seed,
            reviewers=tuple(reviewer or ()),
        )  # fmt: skip
    for s in made:
        chance = "chosen" if s.probability is None else f"{s.probability:.3f}"
        typer.echo(f"{s.call_id:<16} {s.stratum:<20} {chance:>7}  {s.assigned_to or ''}")
    typer.echo(f"{len(made)} calls", err=True)


def show(
    name: Annotated[str | None, typer.Argument()] = None, login: Annotated[str | None, AS] = None
) -> None:
    """List the calls of a sample, or of all, and how far they are."""
    with desk(login) as d:
        rows = list_samples(d.store, d.who, round_name=name)
    table = Table(
        "sample", "call", "agent", "stratum", "chance", "for", "state", "program", "in force", box=None
    )
    for row in rows:
        table.add_row(
            row.round,
            row.call_id,
            row.agent or "",
            row.stratum,
            "chosen" if row.probability is None else f"{row.probability:.3f}",
            row.assigned_to or "",
            row.state,
            "–" if row.program_score is None else f"{row.program_score:.1f}",
            "–" if row.score is None else f"{row.score:.1f}",
        )
    Console().print(table)


def done(name: str, call: str, login: Annotated[str | None, AS] = None) -> None:
    """Mark a sampled call as reviewed."""
    with desk(login) as d:
        end_sample(d.store, d.who, name, call, state="done")


def skip(name: str, call: str, login: Annotated[str | None, AS] = None) -> None:
    """Leave a sampled call out."""
    with desk(login) as d:
        end_sample(d.store, d.who, name, call, state="skipped")


def result(name: str, login: Annotated[str | None, AS] = None) -> None:
    """Say what the reviewed calls of a sample mean for all calls, each weighed by those it stands for."""
    with desk(login) as d:
        found = sample_result(list_samples(d.store, d.who, round_name=name))
    names = {"score": "score after review", "program": "the program's own", "moved": "moved by people"}
    for key, mean in found.items():
        if mean.mean is None:
            typer.echo(f"{names[key]}: no call of the sample is reviewed yet")
            continue
        between = "" if mean.low is None else f" ({mean.low:.1f} to {mean.high:.1f})"
        typer.echo(f"{names[key]}: {mean.mean:.1f}{between}, {mean.n} calls stand for {mean.of:.0f}")
