"""What a new form version would change, and for whom."""

from __future__ import annotations

from made_scoring import found, made_call, made_form, scored

from qa.scorecard import ScoredCall, replay
from qa.scoring import Form
from qa.values import Finding

LENIENT = """
- {id: sorry, question: "Sorry?", answered_by: presence, behaviours: [apology], weight: 1}
- {id: no_refusal, question: "No bare no?", answered_by: absence, behaviours: [refusal], weight: 3}
"""
STRICT = LENIENT.replace("weight: 3", "weight: 1").replace("[apology]", "[apology], at_least: 2")


def _by(form: Form, calls: dict[str, tuple[str, list[Finding]]]) -> list[ScoredCall]:
    return [
        ScoredCall(agent=agent, evaluation=scored(form, *findings, call=made_call(call_id=call_id)))
        for call_id, (agent, findings) in calls.items()
    ]


CALLS = {
    "one": ("A", [found("apology", 2)]),
    "two": ("A", [found("apology", 2), found("apology", 4)]),
    "three": ("B", []),
    "four": ("B", [found("refusal", 2)]),
}


def test_a_replay_names_the_calls_and_agents_that_a_new_form_changes() -> None:
    seen = replay(_by(made_form(LENIENT), CALLS), _by(made_form(STRICT), CALLS))
    assert (seen.n_calls, seen.mean_before, seen.mean_after) == (4, 68.75, 50.0)
    assert {c.call_id for c in seen.newly_failing} == {"one", "three"}
    assert seen.newly_passing == ()
    assert seen.largest[0].call_id == "one"
    assert [(a.agent, a.before, a.after, a.newly_failing) for a in seen.agents] == [
        ("A", 100.0, 75.0, 1),
        ("B", 37.5, 25.0, 1),
    ]
    assert seen.answers == (("sorry", "met", "missed", 1),)


def test_the_same_form_changes_nothing_and_other_calls_are_left_out() -> None:
    form = made_form(LENIENT)
    once = _by(form, CALLS)
    same = replay(once, once[:2])
    assert (same.n_calls, same.largest, same.newly_failing, same.answers) == (2, (), (), ())
    assert replay([], []).mean_before is None
