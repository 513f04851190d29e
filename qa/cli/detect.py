"""`qa detect`: transcripts to findings, without a database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from qa.behaviours import Cards, TurnClassifier, detect_all, load_cards
from qa.errors import InputError, QaError
from qa.formats import read_transcript
from qa.learn.benchmarks import judge_rows, utterance_call
from qa.learn.versions import classifier_in_use
from qa.settings import load_settings
from qa.turns import spread_words
from qa.values import Call, Finding

BATCH = 40
"""Calls judged together: enough to fill the encoder's batches."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("detect")(detect_command)


def detect_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Transcripts (any known format) or folders.", metavar="FILE..."),
    ] = None,
    min_probability: Annotated[
        float | None,
        typer.Option(help="Leave out findings below this. Default: each behaviour's own threshold."),
    ] = None,
    utterances: Annotated[
        Path | None,
        typer.Option(
            help='JSON lines {"id","context":[{"speaker","text"}],"text"}, the text said by an agent: '
            "prints every text-judged behaviour with its probability, one row each."
        ),
    ] = None,
) -> None:
    """Find behaviours in transcripts and print them as JSON lines; no database is touched."""
    settings = load_settings()
    cards = load_cards(settings.data / "behaviours")
    classifier = classifier_in_use(settings, cards)
    if utterances is not None:
        for row in judge_utterances(utterances, cards, classifier):
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    if not files:
        raise typer.BadParameter("name at least one transcript, or give --utterances FILE")
    failed = False
    for part in _batches(_transcripts(files), BATCH):
        calls = []
        for file in part:
            try:
                calls.append(_with_words(read_transcript(file)))
            except QaError as err:
                failed = True
                typer.echo(f"{file}: {err}", err=True)
        for found in detect_all(calls, cards, classifier):
            for f in found.findings:
                least = classifier.threshold(f.behaviour) if min_probability is None else min_probability
                if f.probability >= least:
                    typer.echo(json.dumps(finding_row(f), ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


def finding_row(f: Finding) -> dict[str, Any]:
    """A finding as the contract has it."""
    return {
        "call": f.call,
        "turn": f.turn,
        "behaviour": f.behaviour,
        "speaker": f.speaker,
        "start": f.start,
        "end": f.end,
        "quote": f.quote,
        "probability": f.probability,
        "reason": f.reason,
    }


def _with_words(call: Call) -> Call:
    return replace(call, turns=tuple(spread_words(turn) for turn in call.turns))


def _transcripts(paths: list[Path]) -> list[Path]:
    """Files as given; folders give the files in them."""
    found: list[Path] = []
    for path in paths:
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return found


def _batches(items: list[Path], size: int) -> Iterator[list[Path]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def judge_utterances(file: Path, cards: Cards, classifier: TurnClassifier) -> Iterator[dict[str, Any]]:
    """Rows ``{"id","behaviours"}`` for the agent's text-judged behaviours.

    Raises
    ------
    InputError
        A line that is no JSON object with a ``text``.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{file} can't be read: {err}") from err
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            utterance_call(row, str(number))
            rows.append({"id": number, **row})
        except (ValueError, KeyError, TypeError, AttributeError) as err:
            raise InputError(
                f'{file}:{number}: each line needs {{"id","context","text"}} as JSON ({type(err).__name__})'
            ) from err
    for row, behaviours in zip(rows, judge_rows(rows, cards, classifier), strict=True):
        yield {"id": row.get("id"), "behaviours": behaviours}
