"""The people of the demo at work: reviews, disputes in every state, a calibration round, a sample, and so on.

Conventions: what they do is in ``data/demo/people.yaml``. Nothing is drawn from the clock: chances are read from
a hash of names, so that the same calls give the same demo. Where the detectors no longer find what a dispute is
about, it is about the first answer that was missed instead, so that every state can always be seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from qa.errors import QaError
from qa.review.course import withdraw_dispute
from qa.review.deciding import confirm_answers, label_finding, review_answer
from qa.review.disputing import decide_dispute, open_dispute
from qa.review.ledger import refresh_ledger
from qa.review.rescoring import Judge
from qa.review.rounds import rate_call
from qa.review.sampling import draw_sample
from qa.settings import Settings
from qa.store import CallFilter, list_calls, load_call
from qa.store.acknowledgements import acknowledge
from qa.store.acting import acting_as
from qa.store.bulk import heard_calls
from qa.store.calibrations import close_round, new_round
from qa.store.calls import load_machine_call
from qa.store.engine import Store
from qa.store.promises import list_promises, mark_promise
from qa.store.samples import end_sample, list_samples
from qa.store.scope import SYSTEM
from qa.values import Outcome, Principal


@dataclass(frozen=True)
class Stage:
    """The demo's store, what scores, and who acts."""

    store: Store
    judge: Judge
    settings: Settings

    def who(self, login: str) -> Principal:
        return acting_as(self.store, login)


def play(store: Store, judge: Judge, settings: Settings) -> dict[str, int]:
    """Do all that ``people.yaml`` says; how many of each were done."""
    script = read_script(settings.data / "demo" / "people.yaml")
    stage = Stage(store, judge, settings)
    done = {"acknowledged": _acknowledge(stage, script["acknowledged"])}
    done["reviews"] = _review(stage, script["reviews"], script["agree"])
    done["disputes"] = _dispute(stage, script["disputes"])
    done["labels"] = _label(stage, script["labels"])
    done["ratings"] = _calibrate(stage, script["calibration"])
    done["sampled"] = _sample(stage, script["sample"])
    done["promises"] = _promises(stage, script["promises"])
    return done


def read_script(file: Path) -> dict[str, Any]:
    """What the people of the demo do; nothing where the file is missing."""
    made: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return made


def chance(*names: object) -> float:
    """A number from 0 to 1 that depends on the names alone."""
    digest = hashlib.sha256(" ".join(map(str, names)).encode()).hexdigest()
    return int(digest[:8], 16) / 0xFFFFFFFF


def _review(stage: Stage, reviews: list[dict[str, Any]], agree: Mapping[str, list[str]]) -> int:
    for row in reviews:
        review_answer(
            stage.store,
            stage.who(row["by"]),
            stage.judge,
            row["call"],
            criterion=row["criterion"],
            outcome=row["outcome"],
            share=row.get("share"),
            reason=row["reason"],
        )
    for login, calls in agree.items():
        for call in calls:
            confirm_answers(stage.store, stage.who(login), stage.judge, call)
    return len(reviews) + sum(map(len, agree.values()))


def _dispute(stage: Stage, rows: list[dict[str, Any]]) -> int:
    for row in rows:
        agent = stage.who(row["by"])
        opened, _ = open_dispute(
            stage.store,
            agent,
            stage.judge,
            row["call"],
            ground=row["ground"],
            text=row["text"],
            settings=stage.settings,
            **_about(stage, row),
        )
        if "withdraw" in row:
            withdraw_dispute(stage.store, agent, opened.dispute, text=row["withdraw"])
        decision = row.get("decide")
        if decision is not None:
            decide_dispute(
                stage.store,
                stage.who(decision["by"]),
                stage.judge,
                opened.dispute,
                state=decision["state"],
                text=decision["text"],
                share=decision.get("share"),
            )
    return len(rows)


def _about(stage: Stage, row: Mapping[str, Any]) -> dict[str, Any]:
    """The finding or answer that a dispute is about."""
    if "criterion" in row:
        return {"criterion": row["criterion"]}
    stored = load_call(stage.store, SYSTEM, row["call"])
    named = zip(stored.finding_ids, stored.detections.findings, strict=True)
    found = [name for name, finding in named if finding.behaviour == row["behaviour"]]
    if found:
        return {"finding": found[0]}
    missed = [a.criterion for a in stored.evaluation.answers if a.outcome == "missed"]
    return {"criterion": missed[0] if missed else stored.evaluation.answers[0].criterion}


def _label(stage: Stage, script: Mapping[str, Any]) -> int:
    """Judge findings of past calls one by one; of each call the one that the hash puts first."""
    done = 0
    disputed = {"d02", "d04", "d08", "d09", "d18"}
    for call, detections in heard_calls(stage.store, SYSTEM):
        if done == script["most"] or call.call_id in disputed or not detections.findings:
            continue
        if chance("label", call.call_id) > 0.4:
            continue
        stored = load_call(stage.store, SYSTEM, call.call_id)
        named = list(zip(stored.finding_ids, stored.detections.findings, strict=True))
        rare = [pair for pair in named if pair[1].behaviour in script["taken_back"]]
        name, found = min(rare or named, key=lambda pair: chance("pick", call.call_id, pair[1].start))
        often = script["taken_back"].get(found.behaviour, script["otherwise"])
        present = chance("so", call.call_id, found.behaviour, found.start) >= often
        label_finding(
            stage.store,
            stage.who(script["by"][done % len(script["by"])]),
            stage.judge,
            call.call_id,
            present=present,
            finding=name,
            reason=script["reasons"]["right" if present else "wrong"],
        )
        done += 1
    return done


def _calibrate(stage: Stage, script: Mapping[str, Any]) -> int:
    lead = stage.who("lead")
    form = load_machine_call(stage.store, SYSTEM, script["calls"][0]).evaluation.form
    calls = [
        call
        for call in script["calls"]
        if load_machine_call(stage.store, SYSTEM, call).evaluation.form == form
    ]
    round_id = new_round(
        stage.store, lead, name=script["name"], form=form, calls=calls, raters=list(script["raters"])
    )
    n = 0
    for call in calls:
        answers = {
            a.criterion: a.outcome for a in load_machine_call(stage.store, SYSTEM, call).evaluation.answers
        }
        for rater, leaning in script["raters"].items():
            given = {
                criterion: (_rated(script, rater, leaning, call, criterion, outcome), None)
                for criterion, outcome in answers.items()
                if outcome != "not_measured"
            }
            rate_call(stage.store, SYSTEM, round_id, call, given, rater=rater)
            n += len(given)
    close_round(stage.store, lead, round_id)
    return n


def _rated(
    script: Mapping[str, Any], rater: str, leaning: float, call: str, criterion: str, outcome: str
) -> Outcome:
    """What a made rater says: the program's answer, but for what they see otherwise."""
    if outcome == "not_applicable":
        # Whether there was an occasion at all is where people differ least.
        return "not_applicable" if chance("na", rater, call, criterion) > 0.04 else "met"
    met = outcome == "met" if outcome != "uncertain" else chance("truth", call, criterion) < 0.5
    otherwise = script["hard_questions"].get(criterion, script["slip"])
    if chance("slip", rater, call, criterion) < otherwise:
        met = not met
    if chance("lean", rater, call, criterion) < abs(leaning):
        met = leaning > 0
    return "met" if met else "missed"


def _sample(stage: Stage, script: Mapping[str, Any]) -> int:
    lead, name = stage.who("lead"), script["name"]
    made = draw_sample(
        stage.store,
        lead,
        round_name=name,
        which=CallFilter(since=datetime.fromisoformat("2026-11-09T00:00:00+00:00")),
        by="agent",
        per_stratum=script["each"],
        doubtful=script["doubtful"],
        seed=script["seed"],
        reviewers=script["reviewers"],
    )
    for row in list_samples(stage.store, lead, round_name=name):
        if chance("done", row.call_id) * 10 < script["done_of_ten"] and row.assigned_to:
            who = stage.who(row.assigned_to)
            if chance("moved", row.call_id) < 0.5:
                _move_one(stage, who, row.call_id)
            confirm_answers(stage.store, who, stage.judge, row.call_id)
            end_sample(stage.store, who, name, row.call_id, state="done")
    return len(made)


def _move_one(stage: Stage, who: Principal, call_id: str) -> None:
    """Answer one question other than the program did: the missed one that the hash puts first."""
    missed = [
        a.criterion
        for a in load_call(stage.store, SYSTEM, call_id).evaluation.answers
        if a.outcome == "missed"
    ]
    if missed:
        criterion = min(missed, key=lambda c: chance("which", call_id, c))
        review_answer(
            stage.store,
            who,
            stage.judge,
            call_id,
            criterion=criterion,
            outcome="met",
            reason="Done, in other words than the program knows.",
        )


def _acknowledge(stage: Stage, script: Mapping[str, Any]) -> int:
    """Agents look at their evaluations; one of them is changed afterwards and asked for again."""
    n, comments = 0, script["comments"]
    for row in list_calls(stage.store, SYSTEM, limit=10_000).rows:
        if row.agent is None:
            continue
        if row.call_id != script["changed_after"] and chance("seen", row.call_id) * 10 >= script["of_ten"]:
            continue
        try:
            who = stage.who(row.agent.split()[0].lower())
        except QaError:
            continue  # an agent without an account acknowledges nothing
        comment = comments[int(chance("says", row.call_id) * len(comments)) % len(comments)]
        acknowledge(stage.store, who, row.call_id, comment=comment)
        n += 1
    return n


def _promises(stage: Stage, script: Mapping[str, Any]) -> int:
    now = datetime.fromisoformat(script["now"])
    refresh_ledger(stage.store, SYSTEM, stage.settings, now=now)
    waiting = [row for row in list_promises(stage.store, SYSTEM, status="open", now=now) if row.due_at]
    for mark in script["marks"]:
        if mark["nth_open"] < len(waiting):
            mark_promise(
                stage.store,
                stage.who(mark["by"]),
                waiting[mark["nth_open"]].promise_id,
                status=mark["status"],
                note=mark["note"],
            )
    return refresh_ledger(stage.store, SYSTEM, stage.settings, now=now)
