"""Forms: every mistake is named by file and line, and the forms that ship hold together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from made_scoring import HEAD, made_form
from typer.testing import CliRunner

from qa.cli.form import register
from qa.errors import SettingsError
from qa.scoring import check_form, diff_forms, form_hash, forms, load_form, parse_form
from qa.scoring.form import (
    Absence,
    AppliesWhen,
    Band,
    Bands,
    Form,
    Manual,
    PerEvent,
    PerOpportunity,
    Presence,
    Section,
)

FORMS = Path(__file__).parent.parent / "data" / "forms"

IDS = """interruption floor_yielded backchannel rushing repeat_question dead_air venting_room empathy validation
apology calm_down dismissal open_question outcome_question paraphrase understanding_check reason_for_question
solution_offer options_offer acceptance_check immediate_action positive_wording refusal policy_citing
over_promise commitment expectation_set goodwill_gesture problem_loop ownership hold_request hold_return
transfer deflection direct_contact arguing condescension blame hostility boundary raised_voice
escalation_offer escalation_missed greeting name_use recap resolution_check follow_up thanks invite_back
closing customer_problem customer_frustration customer_repeat_contact customer_escalation_request
customer_rejects customer_accepts customer_confirms customer_corrects customer_abuse customer_thanks"""
CODEBOOK = frozenset(IDS.split())

GOOD = """id: made.v1
title: Made
about: For a test.
pass_mark: 70
sections:
  - id: one
    title: One
    criteria:
      - id: sorry
        question: Did the agent say sorry?
        answered_by: presence
        behaviours: [apology]
        weight: 2
"""


@pytest.mark.parametrize(
    ("wrong", "right", "line", "says"),
    [
        ("weight: 2", "wieght: 2", 13, "unknown key 'wieght'; did you mean 'weight'"),
        ("        weight: 2\n", "", 9, "sorry: 'weight' is missing; add it"),
        ("weight: 2", "weight: heavy", 13, "'weight': .*got 'heavy'"),
        ("weight: 2", "weight: 0", 13, "'weight': .*greater than 0"),
        ("behaviours: [apology]", "behaviours: []", 12, "'behaviours'"),
        ("behaviours: [apology]", "behaviours: [apologie]", 9, "is called 'apologie'; did you mean 'apology'"),
        ("answered_by: presence", "answered_by: magic", 9, "presence, absence, per_event"),
        ("sorry?", "sorry", 10, "does not end in '\\?'"),
        ("pass_mark: 70", "pass_mark: 170", 4, "'pass_mark': .*less than or equal to 100"),
        ("id: made.v1", "id: made", 1, "'id'"),
        ("about: For a test.", "about: For a test.\nauto_fail: cap:101", 4, "the cap is over 100"),
        ("about: For a test.", "about: For a test.\ntitle: Again", 4, "'title' stands here twice"),
        ("title: One", "title: [One", 8, "not valid YAML"),
        ("weight: 2", "weight: 2\n        bonus: true", 5, "every criterion is a bonus"),
        ("weight: 2", "weight: 2\n        applies_when: {only_after: true}", 14, "names no behaviour"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_form_is_named_by_its_line(
    tmp_path: Path, wrong: str, right: str, line: int, says: str
) -> None:
    path = tmp_path / "made.v1.yaml"
    path.write_text(GOOD.replace(wrong, right), encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        load_form(path, behaviours=CODEBOOK)
    assert check_form(path, behaviours=CODEBOOK)[0].line == line


@pytest.mark.parametrize(
    "written",
    [
        "\ufeff".encode() + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.encode() + b"\n\n# the end",
    ],
    ids=["byte order mark", "windows line ends", "comment at the end"],
)
def test_a_form_reads_the_same_however_the_editor_saved_it(tmp_path: Path, written: bytes) -> None:
    path = tmp_path / "made.v1.yaml"
    path.write_bytes(written)
    assert form_hash(load_form(path)) == form_hash(parse_form(GOOD))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("  - id: one", "\t- id: one"), "made:6: .*a tab stands in the indentation; use spaces"),
        (GOOD + "\n---\n" + GOOD, "a second form begins here"),
        ("id: &a [*a]", "made:1: repeats itself by aliases"),
        ("id: &a\n  title: *a\n", "repeats itself by aliases"),
        (
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
            "repeats itself by aliases",
        ),
        ("id: " + "[" * 5000, "nested too deeply|not valid YAML"),
    ],
    ids=["tab", "two documents", "endless list", "endless mapping", "billion laughs", "brackets"],
)  # fmt: skip
def test_a_file_that_yaml_chokes_on_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_form(text, file="made")


def test_every_mistake_is_reported_not_only_the_first(tmp_path: Path) -> None:
    path = tmp_path / "made.v1.yaml"
    path.write_text(GOOD.replace("weight: 2", "wieght: 2").replace("70", "seventy"), encoding="utf-8")
    assert [m.line for m in check_form(path)] == [4, 13]
    with pytest.raises(SettingsError, match="and 1 more: qa form check"):
        load_form(path)


@pytest.mark.parametrize(
    ("criterion", "says"),
    [
        ("answered_by: per_event\nbehaviours: [refusal]\noff_each: 3", "more than its weight"),
        ("answered_by: per_event\nbehaviours: [refusal]\noff_each: 1\nfloor: 2", "leaves nothing to lose"),
        ("answered_by: bands\nbehaviours: [refusal]\nbands: [{share: 1}, {up_to: 3, share: 0}]", "the last band"),
        (
            "answered_by: bands\nbehaviours: [blame]\nbands: [{up_to: 2, share: 1}, {up_to: 1, share: 1}, {share: 0}]",
            "bands must rise",
        ),
        ("answered_by: per_opportunity\nopportunities: [apology]\nbehaviours: [apology]", "opportunity for itself"),
        ("answered_by: presence\nbehaviours: [apology]\nbonus: true\nfails: section", "a bonus can't fail"),
    ],
)  # fmt: skip
def test_a_criterion_that_contradicts_itself_is_refused(criterion: str, says: str) -> None:
    body = "\n  ".join(f"- id: a\nquestion: So?\nweight: 2\n{criterion}".splitlines())
    other = "- id: b\n  question: So?\n  weight: 2\n  answered_by: absence\n  behaviours: [refusal]"
    with pytest.raises(SettingsError, match=says):
        made_form(f"{body}\n{other}")


def test_two_criteria_of_one_id_are_refused() -> None:
    one = '- {id: a, question: "So?", weight: 1, answered_by: absence, behaviours: [refusal]}'
    with pytest.raises(SettingsError, match="'a' is there twice"):
        made_form(f"{one}\n{one}")


def test_a_form_whose_id_is_not_its_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.v1.yaml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"other.v1.yaml:1: the id 'made.v1' is not the file's name"):
        load_form(path)


@pytest.mark.parametrize("text", ["", "[]", "just words", "- a\n- b"])
def test_a_file_that_holds_no_form_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="holds no form"):
        parse_form(text)


def test_a_missing_or_unreadable_form_is_refused_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such form"):
        load_form(tmp_path / "none.v1.yaml")
    broken = tmp_path / "broken.v1.yaml"
    broken.write_bytes(b"id: \xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_form(broken)


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.yaml")), ids=lambda p: p.stem)
def test_the_forms_that_ship_name_only_behaviours_of_the_codebook(path: Path) -> None:
    assert check_form(path, behaviours=CODEBOOK) == ()


def test_the_default_form_asks_for_nearly_all_that_an_agent_does() -> None:
    agent = {b for b in CODEBOOK if not b.startswith("customer_")}
    # a commitment is neither good nor bad in itself: the ledger of promises follows it up
    assert agent - forms(FORMS).get("default").behaviours() == {"commitment"}


def test_the_newest_form_of_a_name_is_taken_and_the_queue_chooses(tmp_path: Path) -> None:
    for name, queues in (("made.v1", "[]"), ("made.v2", "[]"), ("made.v10", "[]"), ("sales.v1", "[Sales]")):
        text = GOOD.replace("made.v1", name).replace("pass_mark", f"queues: {queues}\npass_mark")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    library = forms(tmp_path)
    assert library.get("made").id == "made.v10"
    assert library.get("made.v2").version == 2
    assert library.for_queue("SALES", default="made").id == "sales.v1"
    assert library.for_queue(None, default="made").id == "made.v10"
    with pytest.raises(SettingsError, match=r"there is no form 'nope'.*made\.v10"):
        library.get("nope")


def test_two_forms_for_one_queue_are_refused(tmp_path: Path) -> None:
    for name in ("one.v1", "two.v1"):
        text = GOOD.replace("made.v1", name).replace("pass_mark", "queues: [sales]\npass_mark")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="both name the queue 'sales'"):
        forms(tmp_path).for_queue("sales", default="one")


def test_the_hash_follows_what_a_form_says_not_how_it_is_laid_out() -> None:
    form = parse_form(GOOD)
    assert form_hash(
        parse_form("# a comment\n" + GOOD.replace("[apology]", "\n          - apology"))
    ) == form_hash(form)
    assert form_hash(parse_form(GOOD.replace("weight: 2", "weight: 3"))) != form_hash(form)


def test_a_sections_own_weight_is_shared_by_its_criteria_and_a_bonus_keeps_its_points() -> None:
    form = parse_form(
        f"""{HEAD}
sections:
  - id: one
    title: One
    weight: 30
    criteria:
      - {{id: a, question: "So?", weight: 1, answered_by: absence, behaviours: [refusal]}}
      - {{id: b, question: "So?", weight: 2, answered_by: absence, behaviours: [blame]}}
      - {{id: c, question: "So?", weight: 5, answered_by: presence, behaviours: [apology], bonus: true}}
"""
    )
    assert form.points() == {"a": 10.0, "b": 20.0, "c": 5.0}


def test_a_diff_says_what_changed_and_nothing_else() -> None:
    old = parse_form(GOOD)
    assert diff_forms(old, old) == ()
    new = parse_form(
        GOOD.replace("weight: 2", "weight: 3").replace("70", "75")
        + '      - {id: b, question: "So?", weight: 1, answered_by: absence, behaviours: [blame]}\n'
    )
    assert [str(d) for d in diff_forms(old, new)] == [
        "form: pass_mark was 70, is 75",
        "sorry: weight was 2, is 3",
        "sorry: worth 100.0 of 100, now 75.0",
        "b: new in one, worth 25.0 of 100",
    ]
    assert "b: removed; it was worth 25.0 of 100" in [str(d) for d in diff_forms(new, old)]


def test_what_only_follows_from_another_weight_is_one_line_of_a_diff() -> None:
    old = load_form(FORMS / "default.v1.yaml")
    new = parse_form(
        (FORMS / "default.v1.yaml").read_text(encoding="utf-8").replace("weight: 5", "weight: 2")
    )
    told = [str(d) for d in diff_forms(old, new)]
    assert "offers_a_solution: weight was 5, is 2" in told
    assert len(told) == 5
    assert re.fullmatch(
        r"form: \d\d criteria that stayed as they were .* by \+0\.1 to \+0\.2 of 100", told[-1]
    )


def test_the_commands_check_and_diff_say_what_is_wrong_and_what_changed(tmp_path: Path) -> None:
    app, runner = typer.Typer(), CliRunner()
    register(app)
    good, bad = tmp_path / "made.v1.yaml", tmp_path / "made.v2.yaml"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(GOOD.replace("made.v1", "made.v2").replace("weight: 2", "weight: x"), encoding="utf-8")
    empty = {"QA_DATA": str(tmp_path)}
    fine = runner.invoke(app, ["form", "check", str(good)], env=empty)
    assert fine.exit_code == 0
    assert "made.v1 can be used: 1 questions" in fine.output
    wrong = runner.invoke(app, ["form", "check", str(good), str(bad)], env=empty)
    assert wrong.exit_code == 1
    assert f"{bad}:13: sorry: 'weight'" in wrong.output
    same = runner.invoke(app, ["form", "diff", str(good), str(good)])
    assert same.output.strip() == "No difference."
    assert runner.invoke(app, ["form", "diff", str(good), str(bad)]).exit_code == 1


def test_every_key_that_a_form_may_have_is_explained() -> None:
    text = (Path(__file__).parent.parent / "docs" / "scoring.md").read_text(encoding="utf-8")
    values = (Form, Section, AppliesWhen, Band, Presence, Absence, PerEvent, Bands, PerOpportunity, Manual)
    keys = {key for value in values for key in value.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in text and f"`{key}:" not in text] == []
