"""``qa form check``, ``diff`` and ``replay``: a form before it is used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from qa.batch import Pipeline
from qa.errors import InputError, QaError
from qa.review.replaying import replay_form
from qa.scorecard import Replay
from qa.scoring import check_form, diff_forms, form_hash, load_form
from qa.settings import load_settings
from qa.store import SYSTEM, CallFilter, open_store

group = typer.Typer(no_args_is_help=True, help="Evaluation forms: check them, compare two versions.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.add_typer(group, name="form")


@group.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Forms: <name>.v<N>.yaml")],
) -> None:
    """Name every mistake of a form by file and line; exit 1 where there is one."""
    wrong = False
    try:
        known = known_behaviours(load_settings().data / "behaviours")
        for file in files:
            mistakes = check_form(file, behaviours=known)
            wrong = wrong or bool(mistakes)
            for mistake in mistakes:
                typer.echo(str(mistake))
            if not mistakes:
                form = load_form(file, behaviours=known)
                count = len(list(form.criteria()))
                typer.echo(f"{file}: {form.id} can be used: {count} questions, {form_hash(form)[:12]}")
    except QaError as err:
        typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    if wrong:
        raise typer.Exit(1)


@group.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The version in use.")],
    new: Annotated[Path, typer.Argument(help="The version to publish.")],
) -> None:
    """Say what is different between two versions of a form."""
    try:
        differences = diff_forms(load_form(old), load_form(new))
    except QaError as err:
        typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    for difference in differences:
        typer.echo(str(difference))
    if not differences:
        typer.echo("No difference.")


@group.command(name="replay")
def replay_past(
    file: Annotated[Path, typer.Argument(help="The version to publish.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Calls from this day on.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many calls to list.")] = 10,
) -> None:
    """Say what a new version would do to past calls: who gains, who loses, what would fail. Nothing is kept."""
    settings = load_settings()
    form = load_form(file, behaviours=known_behaviours(settings.data / "behaviours"))
    which = CallFilter(since=None if since is None else since.replace(tzinfo=UTC))
    store = open_store(settings)
    try:
        found = replay_form(store, SYSTEM, Pipeline(settings), form, which)
    finally:
        store.close()
    if not found.n_calls:
        raise InputError(f"no past call was scored by a form named '{form.name}'; choose an earlier day")
    tell_replay(found, form.id, most=most)


def tell_replay(found: Replay, form: str, *, most: int) -> None:
    """A replay in words and tables."""
    before, after = (("–" if v is None else f"{v:.1f}") for v in (found.mean_before, found.mean_after))
    typer.echo(
        f"{found.n_compared} of {found.n_calls} calls have a total under both; mean {before} → {after} ({form})"
    )
    for what, calls in (
        ("would newly fail", found.newly_failing),
        ("would newly pass", found.newly_passing),
        ("would lose their total", found.lost_total),
    ):
        named = ", ".join(c.call_id for c in calls[:most]) + (" and more" if len(calls) > most else "")
        typer.echo(f"{len(calls)} {what}{': ' + named if calls else ''}")
    for agent in found.agents:
        typer.echo(
            f"  {agent.agent:<20} {agent.before:6.1f} → {agent.after:6.1f}  over {agent.n_calls} calls"
        )
    for criterion, was, now, n in found.answers[:most]:
        typer.echo(f"  {criterion}: {was} → {now} in {n} calls")


def known_behaviours(folder: Path) -> frozenset[str] | None:
    """The ids of the behaviour cards; None where there are no cards to check against."""
    return frozenset(p.stem for p in folder.glob("*.yaml")) or None
