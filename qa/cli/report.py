"""``qa report``: the agents' scorecards, to read, to hand out or for another program."""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.batch import Pipeline
from qa.errors import InputError
from qa.report import coaching_of, team_scorecards, to_csv, to_json
from qa.scorecard import Scorecard
from qa.scoring import Form
from qa.settings import Settings, load_settings
from qa.store import SYSTEM, CallFilter, Store, open_store
from qa.store.records import NOBODY, scorecard_records


class Format(StrEnum):
    """What ``--format`` may be."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="report")(report)


def report(
    agent: Annotated[str | None, typer.Option(help="Only this agent.")] = None,
    team: Annotated[str | None, typer.Option(help="Only this team.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only calls of this queue.")] = None,
    form: Annotated[
        str | None, typer.Option(help="Only calls scored by this form, such as default.v1.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Only calls from this day on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only calls before this day.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to give it out.")] = Format.TABLE,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write (PDF: a folder, one file per agent).")
    ] = None,
) -> None:
    """Show the scorecards: how many calls, the score, and the range in which an agent's level lies (90 %).

    With few calls an agent's score is drawn towards the team's and its range is wide. Agents whose ranges
    overlap can't be told apart, so nobody is ranked. JSON has one object per agent: agent, n_calls, score,
    low, high, sections.
    """
    settings = load_settings()
    store = open_store(settings)
    try:
        which = CallFilter(agent=agent, team=team, queue=queue, form=form, since=since, until=until)
        cards = team_scorecards(store, SYSTEM, which, min_calls_to_compare=settings.min_calls_to_compare)
        if not cards:
            asked = any(given is not None for given in (agent, team, queue, form, since, until))
            none = "none of the scored calls is so; ask for a longer period or for less"
            typer.echo(none if asked else "no calls are scored yet; run: qa score FOLDER", err=True)
        if format_ is Format.PDF:
            write_pdfs(store, settings, which, cards, out or Path("scorecards"))
            return
    finally:
        store.close()
    give_out(cards, format_, out)


def give_out(cards: tuple[Scorecard, ...], format_: Format, out: Path | None) -> None:
    """Write the cards to standard output or to a file."""
    if format_ is Format.XLSX:
        from qa.report.spreadsheet import to_xlsx

        _write(out or Path("scorecards.xlsx"), to_xlsx(cards))
    elif format_ is Format.TABLE:
        print_table(cards)
    else:
        text = to_json(cards) if format_ is Format.JSON else to_csv(cards)
        if out is None:
            sys.stdout.write(text)
        else:
            _write(out, text.encode())


def write_pdfs(
    store: Store, settings: Settings, which: CallFilter, cards: tuple[Scorecard, ...], folder: Path
) -> None:
    """One PDF per agent into a folder."""
    from qa.report.pdf import Wording, to_pdf

    pipeline = Pipeline(settings)
    tips = {card.id: card.tip for card in pipeline.cards}
    known = [form for form in pipeline.forms.all if which.form in (None, form.id)]
    sections = {s.id: s.title for form in known for s in form.sections}
    questions = {c.id: c.question for form in known for _, c in form.criteria()}
    wording = Wording(sections, datetime.now().astimezone().date(), _period(which), questions)
    for card in cards:
        themes = None
        if card.agent != NOBODY:
            form = _form_of(store, replace(which, agent=card.agent), pipeline, settings.form)
            themes = coaching_of(store, SYSTEM, card.agent, form=form, tips=tips, which=which)
        _write(folder / f"{file_name(card.agent)}.pdf", to_pdf(card, themes, wording))


def _form_of(store: Store, which: CallFilter, pipeline: Pipeline, default: str) -> Form:
    """The form by which most of an agent's calls were scored: what to work on is told by it."""
    used = Counter(record.evaluation.form for record in scorecard_records(store, SYSTEM, which))
    there = {form.id: form for form in pipeline.forms.all}
    return next((there[name] for name, _ in used.most_common() if name in there), pipeline.forms.get(default))


def _period(which: CallFilter) -> str:
    days = [moment.date().isoformat() if moment else None for moment in (which.since, which.until)]
    if days == [None, None]:
        return "All calls so far"
    told = [f"{word} {day}" for word, day in zip(("from", "before"), days, strict=True) if day]
    return f"Calls {' '.join(told)}"


def file_name(agent: str) -> str:
    """A name that every file system takes, still readable; different agents never share one."""
    plain = re.sub(r"[^\w.-]+", "-", agent).strip("-.")[:80]
    changed = plain != agent.replace(" ", "-")
    mark = f"-{hashlib.sha256(agent.encode()).hexdigest()[:6]}" if changed or not plain else ""
    return f"{plain or 'agent'}{mark}"


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as err:
        raise InputError(f"{path}: can't be written ({err.strerror or err}); choose another place") from err
    typer.echo(f"wrote {path}", err=True)


def print_table(cards: tuple[Scorecard, ...]) -> None:
    """The cards as a table for a person."""
    if not cards:
        return
    sections = list(dict.fromkeys(section.section for card in cards for section in card.sections))
    table = Table("Agent", box=None, header_style="bold", pad_edge=False)
    for name in ("Calls", "Score", "Range 90 %", *(_short(section) for section in sections)):
        table.add_column(name, justify="right")
    table.add_column("Beside the team")
    for card in cards:
        by_name = {section.section: f"{section.score:.0f}" for section in card.sections}
        table.add_row(
            card.agent,
            str(card.n_calls),
            "–" if card.score is None else f"{card.score:.1f}",
            "–" if card.low is None or card.high is None else f"{card.low:.0f}–{card.high:.0f}",
            *(by_name.get(section, "–") for section in sections),
            card.comparison.verdict,
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    without = sum(card.n_without_score for card in cards)
    if without:
        told = "1 call has" if without == 1 else f"{without} calls have"
        typer.echo(f"{told} no total: too short, or too little of the form could be measured.")


def _short(section: str) -> str:
    return section.replace("_", " ").capitalize()
