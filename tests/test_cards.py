"""What must be true of every behaviour card, and of the catalogue written from them."""

from __future__ import annotations

import re
import runpy
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from qa.behaviours import load_cards
from qa.behaviours.cards import MIN_EXAMPLES, Card, Example
from qa.behaviours.engine import detector_of, order
from qa.errors import SettingsError
from qa.labels import parse_call
from qa.values import Speaker
from qa.yaml_file import load_model

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "data" / "behaviours"
FILES = sorted(FOLDER.glob("*.yaml"))
LETTER: dict[Speaker, str] = {"agent": "A", "customer": "C"}
SOURCES = {
    "S0 Five tried and true ways",
    "S1 9 tips",
    "S2 Demanding customer",
    "S3 Managing with ease (Pause, Acknowledge, Clarify, Respond)",
    "S4 How to communicate effectively",
    "practice",
}
# The behaviours that are found within one call, by section; the codebook's names.
BEHAVIOURS = {
    "listen": """interruption floor_yielded backchannel rushing repeat_question dead_air venting_room""",
    "acknowledge": """empathy validation apology calm_down dismissal""",
    "clarify": """open_question outcome_question paraphrase understanding_check reason_for_question""",
    "respond": """solution_offer options_offer acceptance_check immediate_action positive_wording refusal
        policy_citing over_promise commitment expectation_set goodwill_gesture problem_loop""",
    "ownership": """ownership hold_request hold_return transfer deflection direct_contact""",
    "conduct": """arguing condescension blame hostility boundary raised_voice""",
    "escalate": """escalation_offer escalation_missed""",
    "open_close": """greeting name_use recap resolution_check follow_up thanks invite_back closing""",
    "customer": """customer_problem customer_frustration customer_repeat_contact customer_escalation_request
        customer_rejects customer_accepts customer_confirms customer_corrects customer_abuse customer_thanks""",
}
SECTION_OF = {behaviour: section for section, ids in BEHAVIOURS.items() for behaviour in ids.split()}
TO_AVOID_IDS = """interruption rushing repeat_question dead_air calm_down dismissal refusal policy_citing over_promise
    problem_loop deflection arguing condescension blame hostility raised_voice escalation_missed"""
TO_AVOID = set(TO_AVOID_IDS.split())
FACTS = {"commitment", "hold_request", "transfer"}
ONCE_A_CALL = {"venting_room", "escalation_missed", "problem_loop"}
LEAST_PATTERNS = 5


@cache
def read(file: Path) -> Card:
    return load_model(file, Card)


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def card(request: pytest.FixtureRequest) -> Card:
    return read(request.param)


def all_cards() -> list[Card]:
    return [read(file) for file in FILES]


def said(example: Example) -> str:
    """What tells one example from another: the words, without case and blanks, and the turns before them."""
    text = " / ".join((*example.context, example.text)) if example.text else example.call
    return re.sub(r"\W+", " ", text).strip().lower()


def test_every_behaviour_of_the_codebook_has_a_card() -> None:
    missing = sorted(set(SECTION_OF) - {file.stem for file in FILES})
    assert not missing, f"no card for: {', '.join(missing)}; write data/behaviours/<id>.yaml"


def test_no_card_is_of_a_behaviour_that_the_codebook_does_not_name() -> None:
    unknown = sorted({file.stem for file in FILES} - set(SECTION_OF))
    assert not unknown, (
        f"cards of no known behaviour: {', '.join(unknown)}; name them in the codebook and here"
    )


def test_the_folder_loads_as_a_whole_and_the_detectors_can_be_put_in_order() -> None:
    cards = load_cards(FOLDER)
    assert len(order(cards)) == len(cards) == len(FILES)


def test_a_card_has_enough_firing_and_silent_examples(card: Card) -> None:
    lacking = [
        f"{MIN_EXAMPLES - len(examples)} more under '{kind}'"
        for kind, examples in (("fires", card.fires), ("silent", card.silent))
        if len(examples) < MIN_EXAMPLES
    ]
    assert not lacking, f"card {card.id} needs {' and '.join(lacking)} (at least {MIN_EXAMPLES} of each)"


def test_no_example_is_given_twice_in_a_card(card: Card) -> None:
    given = [said(example) for example in (*card.fires, *card.silent)]
    twice = sorted({text for text in given if given.count(text) > 1})
    assert not twice, f"card {card.id} gives these twice: {twice}"


def test_a_card_is_named_as_its_file(card: Card, request: pytest.FixtureRequest) -> None:
    assert f"[{card.id}]" in request.node.name


def test_applies_when_names_cards(card: Card) -> None:
    unknown = [b for b in card.applies_when if not (FOLDER / f"{b}.yaml").is_file()]
    assert not unknown, f"card {card.id} applies when {unknown}, and there is no such card"
    assert card.id not in card.applies_when, f"card {card.id} waits for itself"


def test_section_speaker_and_polarity_go_together(card: Card) -> None:
    expected = "-" if card.id in TO_AVOID else "=" if card.id in FACTS or card.section == "customer" else "+"
    assert card.section == SECTION_OF[card.id], f"card {card.id} belongs to section {SECTION_OF[card.id]}"
    assert card.polarity == expected, f"card {card.id}: polarity {card.polarity}, by the codebook {expected}"
    assert (card.speaker == "customer") == (card.section == "customer") == card.id.startswith("customer_")
    assert card.once_a_call == (card.id in ONCE_A_CALL), f"card {card.id}: once_a_call is {card.once_a_call}"


def test_what_is_measured_on_sound_or_times_says_so(card: Card) -> None:
    if card.detector == "timing":
        assert card.needs != "text", f"card {card.id} is about timing but needs only text"
    if card.needs == "sound":
        assert card.detector == "timing", f"card {card.id} needs sound, which only a timing detector hears"


def test_a_card_has_its_detector(card: Card) -> None:
    assert callable(detector_of(card))


def detector_source(card: Card) -> str:
    """The text of the card's own detector; empty for the one that all phrase cards share."""
    module = ROOT / "qa" / "behaviours" / card.detector / f"{card.id}.py"
    return module.read_text(encoding="utf-8") if module.is_file() else ""


def test_a_detector_finds_every_setting_it_reads_in_the_card(card: Card) -> None:
    read_there = set(re.findall(r"""\bsetting\(\s*["'](\w+)["']""", detector_source(card)))
    missing = sorted(read_there - set(card.settings))
    assert not missing, f"card {card.id} lacks {missing} under 'settings', which its detector reads"


def test_every_setting_of_a_card_is_read_by_its_detector(card: Card) -> None:
    """A number that changes nothing would mislead whoever edits it."""
    source = detector_source(card)
    unread = [name for name in card.settings if f'"{name}"' not in source]
    assert not unread, f"card {card.id} sets {unread}, which its detector does not read"


def test_every_setting_says_where_its_number_comes_from(card: Card) -> None:
    bare = [name for name, setting in card.settings.items() if len(setting.source.split()) < 3]
    assert not bare, f"card {card.id}: say more of the source of {bare}"


def test_what_is_judged_from_words_has_patterns(card: Card) -> None:
    if card.detector == "phrase":
        n = len(card.patterns)
        assert n >= LEAST_PATTERNS, f"card {card.id} has {n} patterns of {LEAST_PATTERNS} at least"


def test_patterns_are_in_normal_form(card: Card) -> None:
    """Capitals and curly quotes would never match a normal form."""
    bad = re.compile(r"(?<!\\)[A-Z]|[‘’“”–—]")
    wrong = [p for p in (*card.patterns, *card.never) if bad.search(p)]
    assert not wrong, f"card {card.id}: lower case and plain quotes only: {wrong}"


def test_sources_are_given(card: Card) -> None:
    assert card.sources, f"card {card.id} names no source; 'practice' is one"
    unknown = set(card.sources) - SOURCES
    assert not unknown, f"card {card.id}: unknown sources {sorted(unknown)}; known: {sorted(SOURCES)}"


def test_the_texts_of_a_card_can_be_shown(card: Card) -> None:
    assert card.question.endswith("?"), f"card {card.id}: the question has no question mark"
    assert card.because[0].isupper(), f"card {card.id}: 'because' begins a sentence"
    assert not card.because.endswith("."), f"card {card.id}: 'because' is a clause without a full stop"
    assert len(card.name) <= 40, f"card {card.id}: the name is too long for a table"
    for text in (card.meaning, card.counts, card.tip):
        assert text.endswith((".", "!", "?", '"', ")")), f"card {card.id}: not a sentence: {text!r}"
    assert len(card.tip.split()) >= 15, f"card {card.id}: the tip gives too little to act on"


def test_small_calls_and_contexts_are_well_formed(card: Card) -> None:
    for example in (*card.fires, *card.silent):
        assert all(re.match(r"^[AC]: \S", turn) for turn in example.context), f"{card.id}: {example.context}"
        if not example.call:
            continue
        call = parse_call(example.call, file=FOLDER / f"{card.id}.yaml")
        assert len(call.turns) >= 2, f"card {card.id}: a call of one turn shows nothing: {example.call!r}"
        assert card.speaker in {turn.speaker for turn in call.turns}


def test_no_two_cards_share_a_firing_text() -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for card in all_cards():
        for example in card.fires:
            owners[said(example)].append(card.id)
    shared = {text: ids for text, ids in owners.items() if len(ids) > 1}
    assert not shared, f"each card shows its own examples: {shared}"


def test_no_two_cards_bear_the_same_name() -> None:
    names = [card.name.lower() for card in all_cards()]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


def test_a_card_under_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closing.yaml").write_bytes((FOLDER / "greeting.yaml").read_bytes())
    with pytest.raises(SettingsError, match=r"the card's id is 'greeting'; name the file greeting\.yaml"):
        load_cards(tmp_path)


def test_a_card_that_waits_for_no_card_is_refused(tmp_path: Path) -> None:
    (tmp_path / "boundary.yaml").write_bytes((FOLDER / "boundary.yaml").read_bytes())
    with pytest.raises(SettingsError, match="applies_when names no card: customer_abuse"):
        load_cards(tmp_path)


def test_a_broken_pattern_is_refused_with_its_line(tmp_path: Path) -> None:
    text = (
        (FOLDER / "closing.yaml")
        .read_text(encoding="utf-8")
        .replace("patterns:\n", "patterns:\n  - '(bye'\n")
    )
    (tmp_path / "closing.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"closing\.yaml:\d+: .*is no regular expression"):
        load_cards(tmp_path)


def test_an_empty_folder_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set QA_DATA"):
        load_cards(tmp_path)


def test_the_catalogue_in_the_docs_is_what_the_cards_say() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "catalogue.py"))
    committed = (ROOT / "docs" / "behaviours.md").read_text(encoding="utf-8")
    assert committed == tool["catalogue"](load_cards(FOLDER)), "run: python -m tools.catalogue"


def test_the_catalogue_shows_every_card_with_its_tip() -> None:
    page = (ROOT / "docs" / "behaviours.md").read_text(encoding="utf-8")
    for card in all_cards():
        assert f'<a id="{card.id}"></a>' in page
        assert card.tip in page
