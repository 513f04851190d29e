"""``qa dispute``: objections to a finding or an answer, from opening to decision."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from qa.cli.review import AS, desk, tell
from qa.review.course import assign_dispute, withdraw_dispute
from qa.review.disputing import decide_dispute, open_dispute, preview_dispute
from qa.store.disputes import Correction, dispute_events, list_disputes, load_dispute


class GroundChoice(StrEnum):
    """Why something is disputed."""

    WRONG_WORDS = "wrong_words"
    WRONG_SPEAKER = "wrong_speaker"
    NOT_THAT = "not_that"
    DID_NOT_APPLY = "did_not_apply"
    POLICY_FORCED = "policy_forced"
    OTHER = "other"


class Ending(StrEnum):
    """How a dispute can be decided."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"


class StateChoice(StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Objections to a finding or an answer.")
    for name, command in (
        ("open", open_one),
        ("list", show_all),
        ("show", show),
        ("assign", assign),
        ("decide", decide),
        ("withdraw", withdraw),
    ):
        group.command(name=name)(command)
    app.add_typer(group, name="dispute")


def open_one(
    call: str,
    ground: Annotated[GroundChoice, typer.Option(help="What is wrong.")],
    text: Annotated[str, typer.Option(help="In the agent's own words.")] = "",
    finding: Annotated[str | None, typer.Option(help="Id of the finding; else --criterion.")] = None,
    criterion: Annotated[str | None, typer.Option(help="The question; else --finding.")] = None,
    turn: Annotated[int | None, typer.Option(help="The turn that is wrong, or where it was done.")] = None,
    said: Annotated[str | None, typer.Option(help="What was really said in that turn.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Who really said it: agent or customer.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what it would change.")] = False,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Dispute a finding or an answer, and show what upholding it would change."""
    if speaker not in (None, "agent", "customer"):
        raise typer.BadParameter("a speaker is agent or customer", param_hint="--speaker")
    corrections = ()
    if turn is not None and (said or speaker):
        corrections = (Correction(turn, said, speaker),)  # type: ignore[assignment,arg-type]
    about: dict[str, Any] = {
        "ground": ground.value,
        "criterion": criterion,
        "finding": finding,
        "corrections": corrections,
        "at_turn": None if corrections else turn,
    }
    with desk(login) as d:
        if preview:
            tell(preview_dispute(d.store, d.who, d.judge, call, **about))
            return
        row, seen = open_dispute(d.store, d.who, d.judge, call, text=text, settings=d.settings, **about)
    typer.echo(f"dispute {row.dispute}, to be decided by {row.due_at:%d %b %Y}; upheld it would mean:")
    tell(seen)


def show_all(
    state: Annotated[StateChoice | None, typer.Option(help="Only these.")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those that should have been decided.")
    ] = False,
    login: Annotated[str | None, AS] = None,
) -> None:
    """List disputes: open ones first, the one due soonest at the top."""
    with desk(login) as d:
        rows = list_disputes(
            d.store, d.who, state=None if state is None else state.value, overdue_only=overdue
        )
    table = Table("dispute", "call", "agent", "about", "ground", "state", "due", "decided by", box=None)
    for row in rows:
        late = " late" if row.overdue(datetime.now(UTC)) else ""
        due = f"{row.due_at:%d %b}{late}" if row.state == "open" and row.due_at else ""
        about = row.criterion or row.finding or ""
        table.add_row(
            row.dispute, row.call_id, row.agent or "", about, row.ground, row.state, due, row.decided_by or ""
        )
    Console().print(table)


def show(dispute: str, login: Annotated[str | None, AS] = None) -> None:
    """Show one dispute with its course and, while it is open, what upholding it would change."""
    with desk(login) as d:
        row = load_dispute(d.store, d.who, dispute)
        typer.echo(f"{row.call_id}, {row.criterion or row.finding}, {row.ground}: {row.text}")
        for event in dispute_events(d.store, d.who, dispute):
            typer.echo(f"  {event.at:%d %b %Y %H:%M}  {event.event} by {event.by}  {event.text}")
        if row.state == "open":
            tell(
                preview_dispute(
                    d.store, d.who, d.judge, row.call_id,
                    ground=row.ground, criterion=row.criterion, finding=row.finding,
                    corrections=row.corrections, at_turn=row.at_turn,
                )
            )  # fmt: skip


def assign(dispute: str, to: str, login: Annotated[str | None, AS] = None) -> None:
    """Give a dispute to a lead or admin who has had no part in it."""
    with desk(login) as d:
        row = assign_dispute(d.store, d.who, dispute, to)
    typer.echo(f"{dispute}: to be decided by {row.assigned_to}")


def decide(
    dispute: str,
    ending: Ending,
    text: Annotated[str, typer.Option(help="Why; the agent reads it.")],
    share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Partly upheld: part of the points.")
    ] = None,
    criterion: Annotated[str | None, typer.Option(help="Partly upheld, of a finding: the question.")] = None,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Decide a dispute; what it changes is in force at once."""
    with desk(login) as d:
        row, decided = decide_dispute(
            d.store, d.who, d.judge, dispute, state=ending.value, text=text, share=share, criterion=criterion
        )
    typer.echo(f"{dispute}: {row.state}")
    tell(decided)


def withdraw(
    dispute: str,
    text: Annotated[str, typer.Option(help="Why.")] = "",
    login: Annotated[str | None, AS] = None,
) -> None:
    """Take a dispute back."""
    with desk(login) as d:
        row = withdraw_dispute(d.store, d.who, dispute, text=text)
    typer.echo(f"{dispute}: {row.state}")
