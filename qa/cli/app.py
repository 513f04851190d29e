"""The command line: one typer app, one file per command group.

Conventions: results go to standard output, everything else to standard error; exit code 0 is success, 1 a
failure with one line that says what to do, 2 a command that was typed wrongly.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from qa import __version__
from qa.errors import QaError

FIRST = ("demo", "score", "report", "serve", "worker", "batches", "transcribe", "detect", "verify")
"""The order of the commands in the help; files that are not named here follow by name."""


def command_files() -> tuple[str, ...]:
    """Every file of commands beside this one: a new command is one file with ``register``."""
    there = {module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])}
    there -= {"app", "processes"}
    return (*(name for name in FIRST if name in there), *sorted(there - set(FIRST)))


app = typer.Typer(
    name="qa",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=(
        "Scores call-centre calls: every point opens the seconds of the call that decided it.\n\n"
        "Begin with [bold]qa demo[/bold]. Your own calls: [bold]qa score FOLDER[/bold], then "
        "[bold]qa serve[/bold]."
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    home: Annotated[
        Path | None,
        typer.Option(help="Where the database and the recordings live (QA_HOME, else ./qa-home)."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is being done.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and stop."),
    ] = False,
) -> None:
    """Options that every command has; they come before the command's name."""
    if home is not None:
        os.environ["QA_HOME"] = str(home)
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )


for name in command_files():
    importlib.import_module(f"qa.cli.{name}").register(app)


def main() -> None:
    """Run the command line; an error of the program's own is one line and exit code 1."""
    try:
        app()
    except QaError as err:
        typer.echo(str(err), err=True)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has enough of it; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
