"""``qa review``: a person's answers beside the program's, what they teach, and what they show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.batch import Pipeline
from qa.calibration import Estimate
from qa.review.deciding import Decided, confirm_answers, label_finding, review_answer
from qa.review.fairness import fairness
from qa.review.learning import export_labels
from qa.review.overturns import apply_overturns, overturns
from qa.review.patterns import difficult_calls, patterns
from qa.settings import Settings, load_settings
from qa.store import Store, open_store
from qa.store.acknowledgements import acknowledge, acknowledgements_of, to_acknowledge
from qa.store.acting import acting_as
from qa.store.reviews import answers_beside
from qa.values import Principal

AS = typer.Option("--as", metavar="LOGIN", help="Act for this account; else for the command line itself.")


class Answered(StrEnum):
    """What a person can answer."""

    MET = "met"
    MISSED = "missed"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Desk:
    """What every command about people needs."""

    store: Store
    settings: Settings
    who: Principal

    @cached_property
    def judge(self) -> Pipeline:
        return Pipeline(self.settings)


@contextmanager
def desk(login: str | None = None) -> Iterator[Desk]:
    """The open store and who acts."""
    settings = load_settings()
    store = open_store(settings)
    try:
        yield Desk(store, settings, acting_as(store, login))
    finally:
        store.close()


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="People's answers beside the program's.")
    for name, command in (
        ("show", show),
        ("answer", answer),
        ("agree", agree),
        ("finding", finding),
        ("labels", labels),
        ("overturns", show_overturns),
        ("difficult", difficult),
        ("fairness", show_fairness),
        ("acknowledge", acknowledge_call),
        ("waiting", waiting),
    ):
        group.command(name=name)(command)
    app.add_typer(group, name="review")


def show(call: str, login: Annotated[str | None, AS] = None) -> None:
    """Show each answer of the program and, beside it, those of people."""
    with desk(login) as d:
        rows = answers_beside(d.store, d.who, call)
        seen = acknowledgements_of(d.store, d.who, call)
    table = Table("question", "program", "people", "why", box=None)
    for row in rows:
        people = "\n".join(
            f"{r.outcome} ({r.by}{f', dispute {r.dispute}' if r.dispute else ''})" for r in row.people
        )
        table.add_row(row.criterion, row.program, people, "\n".join(r.reason for r in row.people))
    Console().print(table)
    for s in seen:
        typer.echo(
            f"acknowledged by {s.by}{'' if s.in_force else ' before the last change'}: {s.comment or 'no comment'}"
        )


def answer(
    call: str,
    criterion: str,
    outcome: Answered,
    reason: Annotated[str, typer.Option(help="Why; whoever reads the score later reads this.")],
    share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Part of the points, for in between.")
    ] = None,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Answer one question of the form beside the program."""
    with desk(login) as d:
        decided = review_answer(
            d.store,
            d.who,
            d.judge,
            call,
            criterion=criterion,
            outcome=outcome.value,
            reason=reason,
            share=share,
        )
    tell(decided)


def agree(call: str, login: Annotated[str | None, AS] = None) -> None:
    """Agree with every answer that nobody has answered yet: a whole review."""
    with desk(login) as d:
        tell(confirm_answers(d.store, d.who, d.judge, call))


def finding(
    call: str,
    reason: Annotated[str, typer.Option(help="Why.")],
    name: Annotated[str | None, typer.Option("--finding", help="Id of one of the call's findings.")] = None,
    behaviour: Annotated[str | None, typer.Option(help="A behaviour that was not found.")] = None,
    turn: Annotated[int | None, typer.Option(help="The turn it is in, from 0.")] = None,
    wrong: Annotated[bool, typer.Option("--wrong", help="The finding is wrong; else it is right.")] = False,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Say that a finding is right or wrong, or that a behaviour is in a turn where nothing was found."""
    with desk(login) as d:
        decided = label_finding(
            d.store, d.who, d.judge, call,
            present=not wrong, reason=reason, finding=name, behaviour=behaviour, turn=turn,
        )  # fmt: skip
    tell(decided)


def labels(
    folder: Annotated[Path, typer.Argument(help="A folder; the rows go to FOLDER/utterances.")],
    login: Annotated[str | None, AS] = None,
) -> None:
    """Write what people decided about findings as rows to train on (they hold what was said: keep them safe)."""
    with desk(login) as d:
        counts = export_labels(d.store, d.who, folder)
    for behaviour, n in counts.items():
        typer.echo(f"{n:5d}  {behaviour}")
    typer.echo(f"{sum(counts.values())} rows in {folder / 'utterances'}", err=True)


def show_overturns(
    apply: Annotated[
        bool, typer.Option("--apply", help="From now on, behaviours above the limit are advice only.")
    ] = False,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Show how often people take back the findings of each behaviour."""
    with desk(login) as d:
        rows = overturns(d.store, d.who, d.settings)
        advice = apply_overturns(d.store, d.who, d.settings) if apply else {}
    table = Table(
        "behaviour", "judged", "taken back", "share", "reviewed", "disputed", "not found", "", box=None
    )
    for row in rows:
        table.add_row(
            row.behaviour,
            str(row.judged),
            str(row.overturned),
            f"{row.share:.0%} ({row.low:.0%}–{row.high:.0%})" if row.judged else "–",
            f"{row.reviewed_overturned}/{row.reviewed}",
            f"{row.disputed_overturned}/{row.disputed}",
            str(row.missed),
            "advice only" if row.advice_only else "",
        )
    Console().print(table)
    if apply:
        typer.echo(f"advice only: {', '.join(sorted(advice)) or 'none'}", err=True)


def difficult(
    most: Annotated[int, typer.Option(min=1, help="How many calls to list.")] = 10,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Rank difficult calls, group them into patterns, and show who handled such calls well and how."""
    with desk(login) as d:
        calls = difficult_calls(d.store, d.who)
        found = patterns(d.store, d.who)
    table = Table("call", "agent", "difficulty", "signs", "score", "well", box=None)
    for row in calls[:most]:
        signs = ", ".join(s.removeprefix("customer_") for s in row.signs)
        score = "–" if row.score is None else f"{row.score:.0f}"
        table.add_row(
            row.call_id, row.agent or "", f"{row.difficulty:g}", signs, score, "✓" if row.handled_well else ""
        )
    Console().print(table)
    for p in found:
        trend = "" if p.trend is None else f", {p.trend:+.2f} calls a week each week"
        typer.echo(f"\n{p.name}: {len(p.calls)} calls{trend}")
        if p.words:
            typer.echo(f"  customers say: {', '.join(p.words)}")
        typer.echo("  handled well: " + ", ".join(f"{h.agent} {h.n_well} of {h.n_calls}" for h in p.handlers))
        if p.did:
            did = ", ".join(f"{b} ({here:.0%} against {there:.0%})" for b, here, there in p.did)
            typer.echo(f"  more often in those: {did}")


def show_fairness(login: Annotated[str | None, AS] = None) -> None:
    """Compare groups that the firm supplies for its agents: score, recogniser's confidence, overturn rate."""
    with desk(login) as d:
        rows = fairness(d.store, d.who)
    if not rows:
        typer.echo("no group with enough agents; give them with: qa agents import FILE", err=True)
        return
    table = Table(
        "group", "agents", "calls", "score", "at equal confidence", "confidence", "overturned", "", box=None
    )
    for row in rows:
        table.add_row(
            f"{row.kind}: {row.group}",
            str(row.n_agents),
            str(row.n_calls),
            shown(row.score, "+.1f"),
            shown(row.score_adjusted, "+.1f"),
            shown(row.confidence, "+.3f"),
            shown(row.overturn, "+.2f"),
            row.says,
        )
    Console().print(table)


def acknowledge_call(
    call: str,
    login: Annotated[str, AS],
    comment: Annotated[str, typer.Option(help="What the agent has to say.")] = "",
) -> None:
    """Note that the agent of a call has seen its evaluation."""
    with desk(login) as d:
        acknowledge(d.store, d.who, call, comment=comment)
    typer.echo(f"{call}: acknowledged", err=True)


def waiting(login: Annotated[str | None, AS] = None) -> None:
    """List calls whose evaluation their agent has not acknowledged."""
    with desk(login) as d:
        rows = to_acknowledge(d.store, d.who)
    for row in rows:
        score = "–" if row.score is None else f"{row.score:.0f}"
        typer.echo(
            f"{row.call_id:<16} {row.agent:<20} {score:>4}  {'again, changed by ' + row.origin if row.again else ''}"
        )
    typer.echo(f"{len(rows)} to acknowledge", err=True)


def tell(decided: Decided) -> None:
    """What a decision changed."""
    for change in decided.changed:
        typer.echo(
            f"{change.criterion}: {change.before} → {change.after} "
            f"({change.points_before:g} → {change.points_after:g} points)"
        )
    before, after = (("–" if s is None else f"{s:.1f}") for s in (decided.before.score, decided.after.score))
    typer.echo(
        f"{decided.call_id}: {before} → {after}{'' if decided.changed else ', every answer as it was'}"
    )


def shown(estimate: Estimate, form: str = ".2f") -> str:
    """A number with its interval."""
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return format(estimate.value, form)
    return f"{format(estimate.value, form)} ({format(estimate.low, form)} to {format(estimate.high, form)})"
