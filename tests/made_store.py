"""Calls made for the tests of the store and of what is built on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qa.settings import Settings
from qa.store import Store, open_store, save_scored
from qa.store.codec import fingerprint
from qa.store.rows import Origin, Prints, Scored, SourceFacts
from qa.store.saving import Saved
from qa.values import Answer, Call, Detections, Evaluation, Finding, Span, Step, Timing, Turn, Word

MONDAY = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


def new_store(home: Path) -> Store:
    """An empty store in a folder."""
    return open_store(Settings(home=home))


def made_call(
    call_id: str = "c1",
    *,
    agent: str | None = "Priya Nair",
    text: str = "I am so sorry to hear that.",
    queue: str = "deliveries",
    days: int = 0,
) -> Call:
    """A short call with one word timed and one silence."""
    return Call(
        call_id=call_id,
        turns=(
            Turn("customer", 0.0, 2.5, "My parcel never came.", (Word("My", 0.0, 0.213, 0.91, True),)),
            Turn("agent", 2.75, 5.125, text, confidence=0.75),
        ),
        agent=agent,
        customer="C-17",
        queue=queue,
        direction="inbound",
        started_at=MONDAY + timedelta(days=days),
        language="en",
        duration=61.5,
        timing=Timing("sound", (Span(2.75, 5.125),), (Span(0.0, 2.5),), (), (("agent", 2.75, -18.25),)),
        recording="two_channels",
        words_from="tiny.en",
        notes=("The words come from a transcript.",),
    )


def made_scored(
    call: Call,
    *,
    score: float | None = 80.0,
    team: str | None = "North",
    form: str = "default.v1",
    origin: Origin = "machine",
    account_id: int | None = None,
    key: str = "",
) -> Scored:
    """The call with one finding, two answers and a waterfall."""
    found = Finding(
        call=call.call_id,
        turn=1,
        behaviour="empathy",
        speaker="agent",
        start=2.75,
        end=4.0,
        quote="so sorry",
        probability=0.9,
        reason="names the feeling",
        char_start=5,
        char_end=13,
        details=(("feeling", "sorrow"),),
    )
    answers = (
        Answer("empathy", "listen", "met", 10.0, 10.0, 0.9, "said so", (found,), (), None, 9.0),
        Answer("recap", "clarify", "missed", 0.0, 5.0, 0.8, "not said", (), (found,), Span(0.0, 61.5), 1.0),
    )
    evaluation = Evaluation(
        call_id=call.call_id,
        form=form,
        score=score,
        low=None if score is None else score - 5,
        high=None if score is None else score + 5,
        expected=score,
        measured_share=0.9,
        answers=answers,
        waterfall=(Step("start", "base", 100.0), Step("recap", "criterion", -20.0, "recap")),
        sections=(("listen", 100.0), ("clarify", None)),
        why_no_score=None if score is not None else "too short",
    )
    return Scored(
        call=call,
        detections=Detections(call.call_id, (found,), (("dead_air", "one channel"),)),
        evaluation=evaluation,
        source=SourceFacts(fingerprint([call.call_id, key]), f"{call.call_id}.wav"),
        prints=Prints("h", "d", fingerprint([form, score, origin])),
        manifest={"form": form},
        form_sha256=fingerprint(form),
        form_yaml="id: default",
        team=team,
        origin=origin,
        account_id=account_id,
    )


def keep(store: Store, scored: Scored) -> Saved:
    """Save in a transaction of its own."""
    with store.writing() as connection:
        return save_scored(connection, scored)


def keep_call(
    store: Store, call_id: str, *, score: float | None = 80.0, team: str | None = "North", **call: object
) -> Saved:
    """Save a made call."""
    return keep(store, made_scored(made_call(call_id, **call), score=score, team=team))  # type: ignore[arg-type]


def renamed(call: Call, call_id: str) -> Call:
    """The same call under another id."""
    return replace(call, call_id=call_id)
