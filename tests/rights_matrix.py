"""Who may ask what: every function of the program that takes a store and a principal, once.

``roles`` are those let in; everybody else is refused, whatever it is about. ``about`` says that it names a thing (a
call, a dispute, ...): then what is somebody else's must be answered exactly like what does not exist. ``pooled``
marks figures that are computed from everybody's calls on purpose, and given back for those one may know of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from made_rights import Things, World

from qa import batch, report
from qa.batch import verify
from qa.hearing import find_inputs
from qa.report import levels as report_levels
from qa.review import (
    course,
    deciding,
    disputing,
    fairness,
    learning,
    ledger,
    overturns,
    patterns,
    replaying,
    retraining,
    rounds,
    sampling,
)
from qa.review.rescoring import Change
from qa.scoring import load_form
from qa.store import (
    CallFilter,
    accounts,
    acknowledgements,
    audit,
    bulk,
    calibrations,
    calls,
    choice,
    colleagues,
    disputes,
    erasure,
    facts,
    identities,
    jobs,
    levels,
    overview,
    progress,
    promises,
    records,
    reviews,
    samples,
    saved_filters,
    scores,
    sessions,
    signs,
    staff,
    webhooks,
)
from qa.store.calibrations import NewRating
from qa.store.samples import NewSample
from qa.values import Principal
from qa.web import intake

EVERY = frozenset({"admin", "lead", "reviewer", "supervisor", "agent"})
OVERSEES = EVERY - {"agent"}
QA = frozenset({"admin", "lead", "reviewer"})
LEADS = frozenset({"admin", "lead"})
ADMIN = frozenset({"admin"})
AGENT = frozenset({"agent"})
OPENERS = EVERY - {"reviewer"}

Do = Callable[[World, Principal, Things], Any]


@dataclass(frozen=True)
class Ask:
    """How to ask a function, and who may."""

    do: Do
    roles: frozenset[str] = EVERY
    about: bool = False
    changes: bool = False
    pooled: bool = False
    own_only: bool = False
    """Not even the own team's: only what is one's own, or an admin's."""


def read(do: Do, roles: frozenset[str] = EVERY, **more: bool) -> Ask:
    return Ask(do, roles, **more)


def of(do: Do, roles: frozenset[str] = EVERY, **more: bool) -> Ask:
    return Ask(do, roles, about=True, **more)


def change(do: Do, roles: frozenset[str] = EVERY, **more: bool) -> Ask:
    return Ask(do, roles, changes=True, **more)


def change_of(do: Do, roles: frozenset[str] = EVERY, **more: bool) -> Ask:
    return Ask(do, roles, about=True, changes=True, **more)


def form_of(w: World) -> Any:
    return load_form(w.settings.data / "forms" / "default.v1.yaml")


def retrained(w: World, p: Principal) -> Any:
    """Let in, and then there is no model here to begin from: learning itself takes minutes."""
    try:
        return retraining.retrain(w.store, p, w.settings, say=nothing)
    except OSError as err:
        return err


def nothing(*_: Any) -> None:
    """Keeps nothing."""


SINCE = datetime(2025, 1, 1, tzinfo=UTC)

STORE: dict[str, Ask] = {
    "qa.store.accounts.add_account": change(
        lambda w, p, t: accounts.add_account(w.store, p, login="new", role="lead"), ADMIN
    ),
    "qa.store.accounts.list_accounts": read(lambda w, p, t: accounts.list_accounts(w.store, p), ADMIN),
    "qa.store.accounts.set_password": change_of(
        lambda w, p, t: accounts.set_password(w.store, p, t.login, "correct horse"), own_only=True
    ),
    "qa.store.accounts.set_active": change(
        lambda w, p, t: accounts.set_active(w.store, p, t.login, active=False), ADMIN
    ),
    "qa.store.accounts.set_role": change(
        lambda w, p, t: accounts.set_role(w.store, p, t.login, role="lead"), ADMIN
    ),
    "qa.store.acknowledgements.acknowledge": change_of(
        lambda w, p, t: acknowledgements.acknowledge(w.store, p, t.call), AGENT
    ),
    "qa.store.acknowledgements.acknowledgements_of": of(
        lambda w, p, t: acknowledgements.acknowledgements_of(w.store, p, t.call)
    ),
    "qa.store.acknowledgements.to_acknowledge": read(
        lambda w, p, t: acknowledgements.to_acknowledge(w.store, p)
    ),
    # What is written there was done already: whoever calls it has checked.
    "qa.store.audit.record": change(lambda w, p, t: audit.record(w.store, p, "x", object="y", object_id="z")),
    "qa.store.audit.list_audit": read(lambda w, p, t: audit.list_audit(w.store, p), LEADS),
    "qa.store.bulk.heard_calls": read(lambda w, p, t: bulk.heard_calls(w.store, p)),
    "qa.store.calibrations.new_round": change(
        lambda w, p, t: calibrations.new_round(
            w.store, p, name="n", form="default.v1", calls=[t.call], raters=["rita", "rob"]
        ),
        LEADS,
    ),
    "qa.store.calibrations.list_rounds": read(lambda w, p, t: calibrations.list_rounds(w.store, p)),
    "qa.store.calibrations.load_round": of(lambda w, p, t: calibrations.load_round(w.store, p, t.round), QA),
    "qa.store.calibrations.rate": change_of(
        lambda w, p, t: calibrations.rate(
            w.store, p, t.round, t.call, [NewRating(criterion="acknowledges", outcome="met")]
        ),
        frozenset({"reviewer"}),
    ),
    "qa.store.calibrations.close_round": change_of(
        lambda w, p, t: calibrations.close_round(w.store, p, t.round), LEADS
    ),
    "qa.store.calibrations.ratings_of": of(lambda w, p, t: calibrations.ratings_of(w.store, p, t.round), QA),
    "qa.store.calibrations.may_see_the_program": of(
        lambda w, p, t: calibrations.may_see_the_program(w.store, p, t.call)
    ),
    "qa.store.calls.list_calls": read(lambda w, p, t: calls.list_calls(w.store, p)),
    "qa.store.calls.count_calls": read(lambda w, p, t: calls.count_calls(w.store, p)),
    "qa.store.calls.load_call": of(lambda w, p, t: calls.load_call(w.store, p, t.call)),
    "qa.store.calls.load_machine_call": of(lambda w, p, t: calls.load_machine_call(w.store, p, t.call)),
    "qa.store.choice.matching": of(
        lambda w, p, t: len(choice.matching(w.store, p, CallFilter(agent=t.agent, text=t.login)))
    ),
    "qa.store.colleagues.colleagues": read(
        lambda w, p, t: colleagues.colleagues(w.store, p, ("lead",)), LEADS
    ),
    "qa.store.colleagues.own_login": read(lambda w, p, t: colleagues.own_login(w.store, p)),
    "qa.store.disputes.list_disputes": read(lambda w, p, t: disputes.list_disputes(w.store, p)),
    "qa.store.disputes.load_dispute": of(lambda w, p, t: disputes.load_dispute(w.store, p, t.dispute)),
    "qa.store.disputes.dispute_events": of(lambda w, p, t: disputes.dispute_events(w.store, p, t.dispute)),
    "qa.store.erasure.erase": change_of(
        lambda w, p, t: erasure.erase(w.store, p, reason="asked", call_id=t.call), ADMIN
    ),
    "qa.store.erasure.purge_sound": change(
        lambda w, p, t: erasure.purge_sound(w.store, p, keep_days=1), ADMIN
    ),
    "qa.store.facts.source_of_call": of(lambda w, p, t: facts.source_of_call(w.store, p, t.call)),
    "qa.store.facts.evaluations_of": of(lambda w, p, t: facts.evaluations_of(w.store, p, t.call)),
    "qa.store.facts.listening_copy": of(
        # Where it lies on this machine is not what is compared.
        lambda w, p, t: (facts.listening_copy(w.store, p, t.call) or w.scratch).name
    ),
    "qa.store.facts.queues": read(lambda w, p, t: facts.queues(w.store, p)),
    "qa.store.facts.forms_used": read(lambda w, p, t: facts.forms_used(w.store, p)),
    "qa.store.identities.link_identity": change(
        lambda w, p, t: identities.link_identity(w.store, p, t.login, iss="https://i", sub="s"), ADMIN
    ),
    "qa.store.identities.unlink_identity": change(
        lambda w, p, t: identities.unlink_identity(w.store, p, t.login), ADMIN
    ),
    "qa.store.jobs.new_batch": change(lambda w, p, t: jobs.new_batch(w.store, p, label="x"), QA),
    "qa.store.jobs.add_items": change(
        lambda w, p, t: jobs.add_items(w.store, p, t.batch, [jobs.NewItem("x", error="y")]), QA
    ),
    "qa.store.overview.attention": read(lambda w, p, t: overview.attention(w.store, p)),
    "qa.store.overview.matters": of(lambda w, p, t: overview.matters(w.store, p, [t.call])),
    "qa.store.overview.known_contents": of(
        lambda w, p, t: overview.known_contents(w.store, p, [t.content]), QA
    ),
    "qa.store.overview.newest_call_at": read(lambda w, p, t: overview.newest_call_at(w.store, p)),
    "qa.store.progress.list_batches": read(lambda w, p, t: progress.list_batches(w.store, p), QA),
    "qa.store.progress.batch_progress": read(
        lambda w, p, t: progress.batch_progress(w.store, p, t.batch), QA
    ),
    "qa.store.progress.batch_items": read(lambda w, p, t: progress.batch_items(w.store, p, t.batch), QA),
    "qa.store.progress.retry_failed": change(lambda w, p, t: progress.retry_failed(w.store, p), QA),
    "qa.store.promises.list_promises": read(lambda w, p, t: promises.list_promises(w.store, p)),
    "qa.store.promises.keep_ledger": change(lambda w, p, t: promises.keep_ledger(w.store, p, []), LEADS),
    "qa.store.promises.mark_promise": change_of(
        lambda w, p, t: promises.mark_promise(w.store, p, t.promise, status="kept", note="it was")
    ),
    "qa.store.promises.marks_of": of(lambda w, p, t: promises.marks_of(w.store, p, t.promise)),
    "qa.store.promises.keep_follow_ups": change(
        lambda w, p, t: promises.keep_follow_ups(w.store, p, []), LEADS
    ),
    "qa.store.promises.follow_ups": read(lambda w, p, t: promises.follow_ups(w.store, p), LEADS),
    "qa.store.promises.promise_groups": read(lambda w, p, t: promises.promise_groups(w.store, p)),
    "qa.store.promises.promise_counts": read(lambda w, p, t: promises.promise_counts(w.store, p)),
    "qa.store.records.scorecard_records": read(
        lambda w, p, t: records.scorecard_records(w.store, p, with_evidence=True)
    ),
    "qa.store.levels.level_rows": read(lambda w, p, t: levels.level_rows(w.store, p)),
    "qa.store.levels.level_records": read(lambda w, p, t: levels.level_records(w.store, p)),
    "qa.store.levels.tallies": read(lambda w, p, t: levels.tallies(w.store, p)),
    "qa.store.reviews.list_reviews": read(lambda w, p, t: reviews.list_reviews(w.store, p)),
    "qa.store.reviews.list_labels": read(lambda w, p, t: reviews.list_labels(w.store, p), QA),
    "qa.store.reviews.answers_beside": of(lambda w, p, t: reviews.answers_beside(w.store, p, t.call)),
    "qa.store.samples.candidates": read(lambda w, p, t: samples.candidates(w.store, p), LEADS),
    "qa.store.samples.keep_sample": change(
        lambda w, p, t: samples.keep_sample(
            w.store, p, round_name="x", seed=1, samples=[NewSample(t.call, "s", 1.0)]
        ),
        LEADS,
    ),
    "qa.store.samples.list_samples": read(lambda w, p, t: samples.list_samples(w.store, p), QA),
    "qa.store.samples.end_sample": change_of(
        lambda w, p, t: samples.end_sample(w.store, p, t.sample, t.call, state="done"), QA
    ),
    # Everybody's own choices, whatever the role: there is no way to name another's.
    "qa.store.saved_filters.saved_filters": read(lambda w, p, t: saved_filters.saved_filters(w.store, p)),
    "qa.store.saved_filters.keep_filter": change(
        lambda w, p, t: saved_filters.keep_filter(w.store, p, name="x", choice={"q": "y"})
    ),
    "qa.store.saved_filters.make_default": change(
        lambda w, p, t: saved_filters.make_default(w.store, p, None)
    ),
    "qa.store.saved_filters.delete_filter": change(
        lambda w, p, t: (
            saved_filters.keep_filter(w.store, p, name="x", choice={}),
            saved_filters.delete_filter(w.store, p, "x"),
        )
    ),
    "qa.store.signs.signed_calls": read(
        lambda w, p, t: signs.signed_calls(
            w.store, p, behaviours=("empathy",), min_probability=0.0, without_too=True
        )
    ),
    "qa.store.signs.newest_ids": read(lambda w, p, t: signs.newest_ids(w.store, p, most=100)),
    # By row ids, which only those of one's own calls are known by; the rights are asked again all the same.
    "qa.store.signs.last_of_customer": read(
        lambda w, p, t: signs.last_of_customer(w.store, p, range(1, 100), min_probability=0.0)
    ),
    "qa.store.signs.words_of_customer": read(
        lambda w, p, t: signs.words_of_customer(w.store, p, range(1, 100))
    ),
    "qa.store.signs.behaviours_of_agent": read(
        lambda w, p, t: signs.behaviours_of_agent(w.store, p, range(1, 100), min_probability=0.0)
    ),
    "qa.store.scores.scored_calls": read(lambda w, p, t: scores.scored_calls(w.store, p)),
    "qa.store.scores.criterion_counts": read(lambda w, p, t: scores.criterion_counts(w.store, p)),
    "qa.store.scores.agents": read(lambda w, p, t: scores.agents(w.store, p)),
    "qa.store.sessions.create_session": change(lambda w, p, t: len(sessions.create_session(w.store, p))),
    "qa.store.sessions.revoke_session": change_of(
        lambda w, p, t: sessions.revoke_session(w.store, p, int(t.session)), own_only=True
    ),
    "qa.store.sessions.list_sessions": read(lambda w, p, t: sessions.list_sessions(w.store, p)),
    "qa.store.staff.list_staff": read(lambda w, p, t: staff.list_staff(w.store, p)),
    "qa.store.staff.keep_staff": change(lambda w, p, t: staff.keep_staff(w.store, p, []), LEADS),
    "qa.store.webhooks.list_deliveries": read(lambda w, p, t: webhooks.list_deliveries(w.store, p), ADMIN),
    "qa.store.webhooks.list_endpoints": read(lambda w, p, t: webhooks.list_endpoints(w.store, p), ADMIN),
    "qa.store.webhooks.replay": change(lambda w, p, t: webhooks.replay(w.store, p), ADMIN),
    "qa.store.webhooks.announce_test": change(lambda w, p, t: webhooks.announce_test(w.store, p), ADMIN),
}

ABOVE: dict[str, Ask] = {
    "qa.review.course.withdraw_dispute": change_of(
        lambda w, p, t: course.withdraw_dispute(w.store, p, t.dispute), AGENT
    ),
    "qa.review.course.assign_dispute": change_of(
        lambda w, p, t: course.assign_dispute(w.store, p, t.dispute, "leo"), LEADS
    ),
    "qa.review.course.who_may_decide": of(
        lambda w, p, t: course.who_may_decide(w.store, p, t.dispute), LEADS
    ),
    "qa.review.course.comment": change_of(lambda w, p, t: course.comment(w.store, p, t.dispute, "well")),
    "qa.review.deciding.load_case": of(lambda w, p, t: deciding.load_case(w.store, p, t.call)),
    "qa.review.deciding.review_answer": change_of(
        lambda w, p, t: deciding.review_answer(
            w.store, p, w.pipeline, t.call, criterion=t.criterion, outcome="met", reason="it is"
        ),
        QA,
    ),
    "qa.review.deciding.confirm_answers": change_of(
        lambda w, p, t: deciding.confirm_answers(w.store, p, w.pipeline, t.call), QA
    ),
    "qa.review.deciding.label_finding": change_of(
        lambda w, p, t: deciding.label_finding(
            w.store, p, w.pipeline, t.call, present=False, reason="it is not", finding=t.finding
        ),
        QA,
    ),
    # The part that review and dispute share: who may is asked by them, what may be seen by itself.
    "qa.review.deciding.decide": change_of(
        lambda w, p, t: deciding.decide(w.store, p, w.pipeline, t.call, Change(), nothing, origin="review")
    ),
    "qa.review.disputing.preview_dispute": of(
        lambda w, p, t: disputing.preview_dispute(
            w.store, p, w.pipeline, t.call, ground="other", criterion=t.criterion
        )
    ),
    "qa.review.disputing.open_dispute": change_of(
        lambda w, p, t: disputing.open_dispute(
            w.store,
            p,
            w.pipeline,
            t.call,
            ground="other",
            text="not so",
            settings=w.settings,
            criterion="acknowledges",
        ),
        OPENERS,
    ),
    "qa.review.disputing.decide_dispute": change_of(
        lambda w, p, t: disputing.decide_dispute(
            w.store, p, w.pipeline, t.dispute, state="rejected", text="listened again"
        ),
        LEADS,
    ),
    "qa.review.fairness.fairness": read(lambda w, p, t: fairness.fairness(w.store, p, draws=20), LEADS),
    "qa.review.fairness.hidden_groups": read(lambda w, p, t: fairness.hidden_groups(w.store, p), LEADS),
    "qa.review.learning.learning_rows": read(lambda w, p, t: learning.learning_rows(w.store, p), LEADS),
    "qa.review.learning.export_labels": change(
        lambda w, p, t: learning.export_labels(w.store, p, w.scratch / "labels"), LEADS
    ),
    "qa.review.ledger.refresh_ledger": change(
        lambda w, p, t: ledger.refresh_ledger(w.store, p, w.settings), LEADS
    ),
    "qa.review.overturns.overturns": read(lambda w, p, t: overturns.overturns(w.store, p, w.settings), QA),
    "qa.review.overturns.apply_overturns": change(
        lambda w, p, t: overturns.apply_overturns(w.store, p, w.settings), LEADS
    ),
    "qa.review.patterns.difficult_calls": read(
        lambda w, p, t: patterns.difficult_calls(w.store, p, least=0.0)
    ),
    "qa.review.patterns.survey": read(lambda w, p, t: patterns.survey(w.store, p, least=0.0, min_calls=1)),
    "qa.review.patterns.patterns": read(
        lambda w, p, t: patterns.patterns(w.store, p, least=0.0, min_calls=1)
    ),
    "qa.review.replaying.replay_form": read(
        lambda w, p, t: replaying.replay_form(w.store, p, w.pipeline, form_of(w)), LEADS
    ),
    "qa.review.retraining.retrain": change(lambda w, p, t: retrained(w, p), LEADS),
    "qa.review.rounds.round_result": of(
        lambda w, p, t: rounds.round_result(w.store, p, w.pipeline, t.round, draws=10), QA
    ),
    "qa.review.rounds.rate_call": change_of(
        lambda w, p, t: rounds.rate_call(w.store, p, t.round, t.call, {"acknowledges": ("met", None)}),
        frozenset({"reviewer"}),
    ),
    "qa.review.rounds.questions": of(
        lambda w, p, t: rounds.questions(w.store, p, calibrations.load_round(w.store, p, t.round)), QA
    ),
    "qa.review.sampling.draw_sample": change(
        lambda w, p, t: sampling.draw_sample(w.store, p, round_name="x", which=CallFilter()), LEADS
    ),
    "qa.report.team_scorecards": read(lambda w, p, t: report.team_scorecards(w.store, p), pooled=True),
    "qa.report.levels.cards_seen_by": read(
        lambda w, p, t: report_levels.cards_seen_by(
            w.store, p, CallFilter(), report_levels.everybodys_cards(w.store, CallFilter())
        ),
        pooled=True,
    ),
    "qa.report.coaching_of": of(
        lambda w, p, t: report.coaching_of(w.store, p, t.agent, form=form_of(w), tips={}), pooled=True
    ),
    "qa.report.progress_of": of(
        lambda w, p, t: report.progress_of(w.store, p, t.agent, form=form_of(w), since=SINCE)
    ),
    "qa.batch.enqueue": change(
        lambda w, p, t: batch.enqueue(
            find_inputs([w.settings.data.parent / "calls"]), store=w.store, pipeline=w.pipeline, principal=p
        ),
        QA,
    ),
    "qa.batch.score": change(
        lambda w, p, t: batch.score(
            find_inputs([w.settings.data.parent / "calls"]), store=w.store, pipeline=w.pipeline, principal=p
        ),
        QA,
    ),
    "qa.batch.follow": read(lambda w, p, t: batch.follow(w.store, t.batch, principal=p), QA),
    "qa.batch.verify.verify": of(
        lambda w, p, t: verify.verify(w.store, p, [t.call], pipeline=w.pipeline, sound=False)
    ),
    "qa.web.intake.look": read(
        lambda w, p, t: intake.look(w.store, p, w.settings, w.settings.data.parent / "calls"), QA
    ),
    "qa.web.intake.hand_in": change(
        lambda w, p, t: intake.hand_in(
            w.store, p, w.settings, w.settings.data.parent / "calls", label="x", names=()
        ),
        QA,
    ),
}

MATRIX = {**STORE, **ABOVE}
