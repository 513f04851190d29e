"""``qa form check FILE...`` and ``qa form diff OLD NEW``: a form before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa.errors import QaError
from qa.scoring import check_form, diff_forms, form_hash, load_form
from qa.settings import load_settings

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


def known_behaviours(folder: Path) -> frozenset[str] | None:
    """The ids of the behaviour cards; None where there are no cards to check against."""
    return frozenset(p.stem for p in folder.glob("*.yaml")) or None
