"""``qa models``: the speech models on this machine, and fetching one."""

from __future__ import annotations

from typing import Annotated

import typer

from qa.learn.versions import roll_back, use_version, version_in_use, versions
from qa.minilm import fetch_minilm
from qa.models import WHISPER_NAMES, check_model, fetch_whisper, list_models
from qa.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Speech models: which are here, and fetching one.")
    group.command(name="list")(show)
    group.command(name="fetch")(fetch)
    group.command(name="versions")(show_versions)
    group.command(name="use")(use)
    group.command(name="rollback")(rollback)
    app.add_typer(group, name="models")


def show(
    check: Annotated[bool, typer.Option("--check", help="Compare every file with its hash.")] = False,
) -> None:
    """List the models that lie on this machine."""
    rows = list_models(load_settings())
    if not rows:
        typer.echo("no speech model is here; fetch one with: qa models fetch small.en", err=True)
        return
    for row in rows:
        wrong = check_model(row.path) if check else ()
        origin = f"sha256 {row.digest[:12]}" if row.digest else "not fetched by this program"
        typer.echo(f"{row.name:<20} {row.size_bytes / 1e6:8.0f} MB  {origin}  {row.path}")
        for fault in wrong:
            typer.echo(f"  ✕ {fault}")
        if wrong:
            raise typer.Exit(1)


def fetch(
    name: Annotated[
        str,
        typer.Argument(
            help=f"One of {', '.join(WHISPER_NAMES)}; small.en suits a laptop. minilm: only for training."
        ),
    ],
) -> None:
    """Fetch a model once, into the models folder. This is the only command that uses the network."""
    typer.echo(f"fetching {name} ...", err=True)
    settings = load_settings()
    folder = fetch_minilm(settings.models / "minilm") if name == "minilm" else fetch_whisper(settings, name)
    typer.echo(str(folder))


def show_versions() -> None:
    """List the versions of the behaviours' classifier: the shipped one and the firm's own."""
    settings = load_settings()
    for version in versions(settings):
        typer.echo(f"{'*' if version == version_in_use(settings) else ' '} {version}")


def use(version: Annotated[str, typer.Argument(help="One of `qa models versions`.")]) -> None:
    """Put a version of the classifier in force; programs that run take it up when they start anew."""
    use_version(load_settings(), version)
    typer.echo(f"in force: {version}", err=True)


def rollback() -> None:
    """Put the version of the classifier before this one back in force."""
    typer.echo(f"in force: {roll_back(load_settings())}", err=True)
