"""``qa calibrate``: several people score the same calls blind; how far they, and the program, agree."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from qa.calibration import Calibration
from qa.cli.review import AS, desk, shown
from qa.errors import InputError
from qa.review.rounds import questions, rate_call, round_result
from qa.store.calibrations import close_round, list_rounds, load_round, new_round

SHOWN_CALLS = 3
COLUMNS = ("call_id", "criterion", "outcome", "share", "note")


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(
        no_args_is_help=True, help="Rounds in which several people score the same calls blind."
    )
    for name, command in (
        ("new", new),
        ("list", show_all),
        ("sheet", sheet),
        ("rate", rate),
        ("close", close),
        ("show", show),
    ):
        group.command(name=name)(command)
    app.add_typer(group, name="calibrate")


def new(
    name: str,
    call: Annotated[list[str], typer.Option(help="A call; give it once per call.")],
    rater: Annotated[list[str], typer.Option(help="A login; give it once per rater.")],
    form: Annotated[
        str, typer.Option(help="The form that scored the calls, such as default.v1.")
    ] = "default.v1",
    login: Annotated[str | None, AS] = None,
) -> None:
    """Begin a round over some calls."""
    with desk(login) as d:
        typer.echo(new_round(d.store, d.who, name=name, form=form, calls=call, raters=rater))


def show_all(login: Annotated[str | None, AS] = None) -> None:
    """List the rounds."""
    with desk(login) as d:
        for row in list_rounds(d.store, d.who):
            done = ", ".join(f"{r} {row.done.get(r, 0)}/{len(row.calls)}" for r in row.raters)
            typer.echo(f"{row.round}  {row.name}  {row.form}  {row.state}  {done}")


def sheet(
    round_id: Annotated[str, typer.Argument(metavar="ROUND")], login: Annotated[str | None, AS] = None
) -> None:
    """Print an empty sheet (CSV) of a round, to be filled in and handed to `qa calibrate rate`."""
    with desk(login) as d:
        row = load_round(d.store, d.who, round_id)
        form = questions(d.store, d.who, row)
    typer.echo(",".join(COLUMNS))
    for call in row.calls:
        for _, criterion in form.criteria():
            typer.echo(f"{call},{criterion.id},,,")


def rate(
    round_id: Annotated[str, typer.Argument(metavar="ROUND")],
    file: Annotated[Path, typer.Argument(help="A filled sheet (CSV); rows without an outcome are left out.")],
    rater: Annotated[str | None, typer.Option(help="On the command line: the login rated for.")] = None,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Hand in one rater's answers."""
    sheets = read_sheet(file)
    with desk(login) as d:
        for call, answers in sheets.items():
            given = {criterion: (outcome, share) for criterion, (outcome, share, _) in answers.items()}
            notes = {criterion: note for criterion, (_, _, note) in answers.items()}
            rate_call(d.store, d.who, round_id, call, given, notes=notes, rater=rater)
    typer.echo(f"{sum(map(len, sheets.values()))} answers about {len(sheets)} calls", err=True)


def read_sheet(file: Path) -> dict[str, dict[str, tuple[Any, float | None, str]]]:
    """Answers by call and question: outcome, share, note.

    Raises
    ------
    InputError
        The file or one of its rows can't be used.
    """
    try:
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"{file}: can't be read as CSV in UTF-8 ({err})") from err
    made: dict[str, dict[str, tuple[Any, float | None, str]]] = defaultdict(dict)
    for number, row in enumerate(rows, start=2):
        outcome = (row.get("outcome") or "").strip()
        if not outcome:
            continue
        if not row.get("call_id") or not row.get("criterion"):
            raise InputError(f"{file}:{number}: needs the columns {', '.join(COLUMNS)}")
        share = (row.get("share") or "").strip()
        try:
            part = float(share) if share else None
        except ValueError as err:
            raise InputError(f"{file}:{number}: share '{share}' is no number from 0 to 1") from err
        made[row["call_id"]][row["criterion"]] = (outcome, part, row.get("note") or "")
    return made


def close(
    round_id: Annotated[str, typer.Argument(metavar="ROUND")], login: Annotated[str | None, AS] = None
) -> None:
    """Close a round: its raters see one another's answers from now on."""
    with desk(login) as d:
        close_round(d.store, d.who, round_id)
    typer.echo(f"{round_id}: closed", err=True)


def show(
    round_id: Annotated[str, typer.Argument(metavar="ROUND")], login: Annotated[str | None, AS] = None
) -> None:
    """Show agreement per question, the worst first, and who is strict or lenient; the program is a rater too."""
    with desk(login) as d:
        print_result(round_result(d.store, d.who, d.judge, round_id))


def print_result(found: Calibration) -> None:
    """A round as tables."""
    typer.echo(f"{len(found.calls)} calls, {len(found.raters)} raters: {', '.join(found.raters)}")
    typer.echo(f"agreement {shown(found.agreement)}, Krippendorff's alpha {shown(found.alpha)}")
    typer.echo(f"total scores, ICC(2,1) {shown(found.scores_icc)}\n")
    console = Console()
    table = Table("question", "agree", "alpha", "kappa", "weighted", "differ most on", box=None)
    for row in found.criteria:
        table.add_row(
            row.criterion,
            shown(row.agreement),
            shown(row.alpha),
            shown(row.kappa),
            shown(row.weighted_kappa),
            ", ".join(row.disputed[:SHOWN_CALLS]),
        )
    console.print(table)
    people = Table(
        "rater", "answers", "gives more (or less) than the others", "with the majority", "", box=None
    )
    for lean in found.leanings:
        people.add_row(
            lean.rater, str(lean.n_ratings), shown(lean.leaning, "+.2f"), shown(lean.agreement), lean.verdict
        )
    console.print(people)
