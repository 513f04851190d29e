"""Detectors of timing and context, on small calls whose times decide."""

from dataclasses import replace
from pathlib import Path

import pytest

from qa.behaviours import Judgement, detect, load_cards
from qa.behaviours.engine import order, why_not_measured
from qa.behaviours.entries import is_listening, openness
from qa.behaviours.odds import any_of, at_least
from qa.behaviours.scope import scopes
from qa.labels import parse_call
from qa.values import Call, Finding, Silence, Span, Timing, Turn, Word

CARDS = load_cards(Path(__file__).parent.parent / "data" / "behaviours")


def call_of(text: str) -> Call:
    return parse_call(text, file=Path("t.txt")).as_call()


class Says:
    """A classifier that says what a test needs: behaviour and turn to probability."""

    sha256 = "test"

    def __init__(self, **said: dict[int, float]) -> None:
        self.said = said

    def judge(self, calls, texts):
        out = []
        for call, text in zip(calls, texts, strict=True):
            rows = {c.id: [0.0] * len(call.turns) for c in CARDS}
            quotes = {}
            for behaviour, turns in self.said.items():
                for turn, p in turns.items():
                    rows[behaviour][turn] = p
                    quotes[behaviour, turn] = text[turn].sentences[0]
            out.append(Judgement({b: tuple(r) for b, r in rows.items()}, quotes))
        return tuple(out)


def found(call: Call, behaviour: str, least: float = 0.5, **said: dict[int, float]) -> list[Finding]:
    return [f for f in detect(call, CARDS, Says(**said)).of(behaviour) if f.probability >= least]


def test_coming_in_on_an_open_clause_is_an_interruption() -> None:
    call = call_of(
        "C 0.0: So I paid it on Monday and the\nA -0.6: Right, account number?\nC 0.3: I was talking."
    )
    (f,) = found(call, "interruption")
    assert f.turn == 1
    assert dict(f.details)["overlap_ms"] == "600"
    assert dict(f.details)["interrupted_turn"] == "0"
    assert "middle of a clause" in f.reason


@pytest.mark.parametrize(
    "call",
    [
        "C 0.0: So I paid it on Monday and the\nA -0.4: Mm-hm.\nC 0.1: bank never took it.",
        "C 0.0: So I paid it on Monday.\nA -0.4: Right, account number?",
        "C 0.0: Can you hear me?\nA -0.3: Yes, loud and clear.",
        "C 0.0: So I paid it on Monday.\nA 0.5: Right, account number?",
        "A 0.0: Let me just look at the\nC -0.6: I said Monday!",
    ],
)
def test_listening_early_answers_and_the_customers_own_entries_are_no_interruption(call: str) -> None:
    assert found(call_of(call), "interruption") == []


def test_both_starting_together_is_no_interruption() -> None:
    turns = (
        Turn("customer", 5.0, 7.0, "And the other thing is the"),
        Turn("agent", 5.1, 7.2, "So what I can"),
    )
    call = Call("c", turns, timing=Timing(source="turns"), duration=8.0)
    assert found(call, "interruption") == []


def test_a_sign_of_listening_while_the_customer_goes_on_is_a_backchannel() -> None:
    call = call_of("C 0.0: It came broken,\nA -0.3: Oh no.\nC 0.1: right down the side.")
    (f,) = found(call, "backchannel")
    assert f.turn == 1


def test_silence_is_dead_air_unless_a_hold_was_announced() -> None:
    call = call_of("C 0.0: It is order nine.\nA 7.0: Right, I see it.\nC 0.3: Good.")
    (f,) = found(call, "dead_air")
    assert f.turn == 1
    assert dict(f.details)["silence_s"] == "7.0"
    held = call_of("A 0.0: I'll pop you on hold.\nC 0.3: Fine.\nA 9.0: Thanks for waiting.\nC 0.4: Okay.")
    assert found(held, "dead_air", hold_request={0: 0.95}) == []


def test_masked_time_and_hold_music_are_not_dead_air() -> None:
    turns = (Turn("customer", 0.0, 2.0, "Here is my card."), Turn("agent", 12.0, 14.0, "Thank you."))
    for kind, expected in (("masked", 0), ("music", 0), ("silence", 1)):
        timing = Timing(
            "sound",
            (Span(12.0, 14.0),),
            (Span(0.0, 2.0),),
            (Silence(2.0, 12.0, kind),),  # type: ignore[arg-type]
        )
        call = Call("c", turns, timing=timing, duration=14.0)
        assert len(found(call, "dead_air")) == expected, kind


def test_a_boundary_counts_only_after_abuse() -> None:
    call = call_of("C 0.0: You idiot.\nA 0.5: Let's keep it respectful.\nC 0.4: Fine.")
    assert found(call, "boundary", boundary={1: 0.9}) == []
    (f,) = found(call, "boundary", boundary={1: 0.9}, customer_abuse={0: 0.95})
    assert "follows abuse" in f.reason


def test_a_refusal_with_a_way_out_in_the_next_turn_is_none() -> None:
    call = call_of("C 0.0: Can you?\nA 0.4: We can't do that.\nC 0.4: Oh.\nA 0.4: I could send a new one.")
    assert found(call, "refusal", refusal={1: 0.9})
    assert found(call, "refusal", refusal={1: 0.9}, solution_offer={3: 0.9}) == []


def test_a_supervisor_asked_for_and_never_offered_is_an_escalation_missed() -> None:
    call = call_of(
        "C 0.0: Get me your manager.\nA 0.4: She's out.\nC 0.4: Then who?\nA 0.4: Nobody.\nC 0.3: Right.\nA 0.3: Bye."
    )
    (f,) = found(call, "escalation_missed", customer_escalation_request={0: 0.95})
    assert f.turn == 0
    offered = {"customer_escalation_request": {0: 0.95}, "escalation_offer": {3: 0.95}}
    assert found(call, "escalation_missed", **offered) == []


def test_a_threat_to_leave_alone_asks_for_no_supervisor() -> None:
    call = call_of("C 0.0: I'll be cancelling then.\nA 0.4: Up to you.\nC 0.2: Right.\nA 0.2: Bye.")
    assert found(call, "escalation_missed", customer_escalation_request={0: 0.95}) == []


def test_the_first_account_heard_out_is_venting_room() -> None:
    call = call_of(
        "A 0.0: Hello?\nC 0.4: My boiler died.\nA -0.2: Oh no.\nC 0.1: Since Friday.\nA 0.5: I see, where are you?"
    )
    (f,) = found(call, "venting_room", customer_problem={1: 0.9})
    assert f.turn == 1
    assert f.end >= call.turns[3].end - 0.01


def test_an_account_cut_off_had_no_room() -> None:
    call = call_of("C 0.4: My boiler died and the\nA -0.6: What's the postcode?\nC 0.5: Never mind.")
    assert found(call, "venting_room", customer_problem={0: 0.95}) == []


def test_the_same_obstacle_three_times_is_a_loop_on_the_third() -> None:
    call = call_of(
        "C 0.0: Where is it?\nA 0.4: It's with the depot.\nC 0.3: And?\nA 0.4: It's with the depot, madam.\n"
        "C 0.3: So?\nA 0.4: As I said, it's with the depot.\nC 0.2: Great."
    )
    said = {"refusal": {1: 0.9, 3: 0.9, 5: 0.9}, "problem_loop": {3: 0.1, 5: 0.6}}
    (f,) = found(call, "problem_loop", **said)
    assert f.turn == 5
    assert len(f.details[0][1].split(",")) == 3


def test_a_new_solution_begins_the_count_anew() -> None:
    call = call_of(
        "A 0.4: It's with the depot.\nC 0.3: And?\nA 0.4: I could send another.\nC 0.3: No.\n"
        "A 0.4: It's with the depot.\nC 0.2: So?\nA 0.4: It's with the depot."
    )
    said = {"refusal": {0: 0.9, 4: 0.9, 6: 0.9}, "problem_loop": {6: 0.3}}
    (without,) = found(call, "problem_loop", **said)
    (broken,) = found(call, "problem_loop", solution_offer={2: 0.9}, **said)
    assert dict(without.details)["stated_in_turns"] == "0,4,6"
    assert dict(broken.details)["stated_in_turns"] == "4,6", "what stood in the way before it does not count"
    assert broken.probability < without.probability
    twice = {"refusal": {6: 0.9}, "problem_loop": {6: 0.3}}
    assert found(call, "problem_loop", 0.05, **twice) == []


def test_asking_again_for_what_was_given_is_seen_from_the_facts() -> None:
    call = call_of(
        "A 0.0: What's your account number?\nC 0.4: It's four five double nine.\nA 0.4: Thanks.\nC 0.3: So?\n"
        "A 0.4: And what was the account number again?"
    )
    (f,) = found(call, "repeat_question")
    assert f.turn == 4
    assert dict(f.details)["given_in_turn"] == "1"


def test_a_warm_transfer_is_told_from_a_cold_one() -> None:
    warm = call_of(
        "A 0.0: I'll put you through to Jo in billing and I'll explain it all to her first.\nC 0.2: Thanks."
    )
    cold = call_of("A 0.0: Transferring you now.\nC 0.2: Wait.")
    assert dict(found(warm, "transfer", transfer={0: 0.9})[0].details)["kind"] == "warm"
    assert dict(found(cold, "transfer", transfer={0: 0.9})[0].details)["kind"] == "cold"


def test_a_promise_that_the_firm_allows_is_no_over_promise() -> None:
    call = call_of("A 0.0: You have a fourteen day cooling-off period, I promise.\nC 0.2: Good.")
    assert found(call, "over_promise", over_promise={0: 0.95}) == []


def test_doubtful_words_lower_a_finding_and_its_reason_says_so() -> None:
    words = (Word("so", 0.0, 0.3, 0.2), Word("sorry", 0.3, 0.8, 0.2))
    turns = (Turn("agent", 0.0, 0.8, "so sorry", words), Turn("customer", 1.0, 2.0, "Okay."))
    sure = Call("c", (replace(turns[0], words=()), turns[1]), timing=Timing(source="turns"))
    unsure = Call("c", turns, timing=Timing(source="words"))
    high = found(sure, "apology", 0.0, apology={0: 0.9})[0]
    low = found(unsure, "apology", 0.0, apology={0: 0.9})[0]
    assert low.probability < 0.5 < high.probability
    assert "unsure of these words" in low.reason


def test_what_a_call_cannot_show_is_said_and_not_counted_as_absent() -> None:
    call = Call("c", (Turn("agent", 0.0, 0.0, "Hello, Dan here."), Turn("customer", 0.0, 0.0, "Hi.")))
    detections = detect(call, CARDS, Says())
    assert "no times" in (detections.why_not_measured("dead_air") or "")
    assert "separate channels" in (detections.why_not_measured("raised_voice") or "")
    assert why_not_measured(CARDS["apology"], call) is None


def test_each_behaviour_is_judged_after_those_it_builds_on() -> None:
    places = {card.id: k for k, card in enumerate(order(CARDS))}
    assert len(places) == len(CARDS)
    assert places["venting_room"] > max(places["interruption"], places["rushing"], places["customer_problem"])
    assert places["dead_air"] > places["hold_request"]


@pytest.mark.parametrize(
    ("sentence", "word", "scope"),
    [
        ("i can't promise that", "promise", "negated"),
        ("my supervisor promised you a refund, he said he'd apologise", "apologise", "reported"),
        ("did they apologise?", "apologise", "asked"),
        ("if you like i could refund it", "refund", "conditional"),
    ],
)
def test_words_in_another_scope_are_not_the_speakers_act(sentence: str, word: str, scope: str) -> None:
    assert scope in scopes(sentence, sentence.index(word))


@pytest.mark.parametrize("text", ["Mm-hm.", "Oh no.", "I see, right.", "yeah yeah", "Oh dear, goodness."])
def test_signs_of_listening_are_known(text: str) -> None:
    assert is_listening(text)


@pytest.mark.parametrize("text", ["Okay, account number?", "I see your order.", "", "No problem at all"])
def test_a_turn_that_says_more_is_no_sign_of_listening(text: str) -> None:
    assert not is_listening(text)


def test_where_full_stops_are_set_a_turn_without_one_was_cut_off() -> None:
    call = call_of("C 0.0: Hello there.\nA 0.4: Hi.\nC 0.4: I paid it on Monday\nA -0.6: And the number?")
    (f,) = found(call, "interruption")
    assert f.turn == 3


def test_how_open_a_clause_is_follows_its_end() -> None:
    assert openness("I paid it on Monday.") == 0.0
    assert openness("I paid it and the") >= 0.85
    assert openness("I paid it on Mon--") == 1.0
    assert 0.0 < openness("i paid it on monday") < 0.85


def test_probabilities_are_put_together_as_independent_signs() -> None:
    assert any_of([0.5, 0.5]) == pytest.approx(0.75)
    assert at_least([0.5, 0.5], 2) == pytest.approx(0.25)
    assert at_least([1.0, 1.0, 1.0], 3) == pytest.approx(1.0)
    assert at_least([0.9], 2) == pytest.approx(0.0)
