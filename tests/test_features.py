"""Facts about a turn that the classifier weighs: what had been said before, and who points that out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qa.behaviours.features import NAMES, turn_features
from qa.values import Call, Speaker, Turn


def call(*said: str) -> Call:
    """Agent and customer in turns, the agent first."""
    speakers: tuple[Speaker, Speaker] = ("agent", "customer")
    return Call("c", tuple(Turn(speakers[i % 2], float(i), i + 0.9, text) for i, text in enumerate(said)))


def features(made: Call, turn: int) -> dict[str, float]:
    return dict(zip(NAMES, turn_features(made, turn), strict=True))


def test_an_answer_that_had_been_given_is_seen_at_the_question() -> None:
    made = call(
        "Morning.",
        "My bin at fourteen Tannahill Crescent was missed.",
        "Right.",
        "Twice now.",
        "What was the address again?",
        "Fourteen Tannahill Crescent. Same as it was two minutes ago.",
    )
    asked = features(made, 4)
    assert asked["asks_for_what_was_given"] >= 0.5
    assert asked["asks_what_was_said"] == 1.0
    assert features(made, 2)["asks_for_what_was_given"] == 0.0


def test_confirming_what_the_agent_reads_back_is_no_repetition() -> None:
    made = call("Hi.", "It's order five five one.", "Was that five five one?", "Yes, five five one.")
    assert features(made, 2)["answer_given_before"] == 0.0


def test_a_first_answer_was_not_given_before() -> None:
    made = call("Hi.", "My bin was missed.", "What is the address?", "Fourteen Tannahill Crescent.")
    assert features(made, 2)["answer_given_before"] == 0.0
    assert features(made, 2)["asks_what_was_said"] == 0.0


def test_saying_the_same_a_third_time_shows() -> None:
    made = call(
        "The depot has it.", "And?", "Well, the depot has it.", "So?", "As I said, the depot has it.", "Hm."
    )
    assert features(made, 2)["repeats_own_twice"] == 0.0
    assert features(made, 4)["repeats_own_twice"] > 0.5
    assert features(made, 4)["says_said"] == 1.0


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_any_call_gives_as_many_numbers_as_names(said: list[str]) -> None:
    made = call(*said)
    for turn in range(len(said)):
        values = turn_features(made, turn)
        assert len(values) == len(NAMES)
        assert all(-50 < v < 50 for v in values)
