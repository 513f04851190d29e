"""Words to turns, spread times, overlaps and gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.turns import (
    Overlap,
    gap_before_s,
    gaps_between,
    join_neighbours,
    overlap_s,
    overlaps,
    spans_of_words,
    spread_words,
    turns_from_words,
)
from qa.values import Span, Turn, Word


def words(text: str, start: float, *, each_s: float = 0.3) -> list[Word]:
    return [Word(word, start + i * each_s, start + (i + 1) * each_s) for i, word in enumerate(text.split())]


def test_turns_follow_each_other() -> None:
    turns = turns_from_words(words("hello there", 0) + words("of course", 3), words("my bill is wrong", 1))
    assert [(turn.speaker, turn.text) for turn in turns] == [
        ("agent", "hello there"),
        ("customer", "my bill is wrong"),
        ("agent", "of course"),
    ]
    assert (turns[1].start, turns[1].end) == pytest.approx((1, 2.2))


def test_a_backchannel_does_not_cut_the_sentence() -> None:
    turns = turns_from_words(words("mm-hm", 1.5), words("so I paid it in May and again in June", 0))
    assert [turn.speaker for turn in turns] == ["customer", "agent"]
    assert turns[0].text == "so I paid it in May and again in June"


def test_a_short_pause_stays_one_turn_and_a_long_one_begins_a_new() -> None:
    assert len(turns_from_words(words("one moment", 0) + words("here it is", 2.5), [])) == 1
    assert len(turns_from_words(words("one moment", 0) + words("here it is", 30), [])) == 2


def test_no_words_give_no_turns() -> None:
    assert turns_from_words([], []) == ()


spoken = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0.05, 1.0)).map(
        lambda pair: Word("w", pair[0], pair[0] + pair[1])
    ),
    max_size=40,
)


@given(spoken, spoken)
def test_every_word_is_in_exactly_one_turn_of_its_speaker(agent: list[Word], customer: list[Word]) -> None:
    turns = turns_from_words(agent, customer)
    for speaker, given_words in (("agent", agent), ("customer", customer)):
        found = [word for turn in turns if turn.speaker == speaker for word in turn.words]
        assert sorted(found, key=repr) == sorted(given_words, key=repr)
    assert [turn.start for turn in turns] == sorted(turn.start for turn in turns)


def test_words_are_spread_over_a_turn_without_word_times() -> None:
    turn = spread_words(Turn("agent", 10.0, 14.0, "I am extraordinarily sorry"))
    assert [word.word for word in turn.words] == ["I", "am", "extraordinarily", "sorry"]
    assert turn.words[0].start == 10.0
    assert turn.words[-1].end == 14.0
    assert turn.words[2].end - turn.words[2].start > turn.words[0].end - turn.words[0].start


def test_words_with_times_are_left_alone() -> None:
    turn = Turn("agent", 0, 1, "hello", tuple(words("hello", 0.2)))
    assert spread_words(turn) is turn


@given(st.text(), st.floats(0, 1000), st.floats(0, 100))
def test_spread_words_stay_within_the_turn_and_in_order(text: str, start: float, length: float) -> None:
    turn = spread_words(Turn("customer", start, start + length, text))
    for before, after in zip(turn.words, turn.words[1:], strict=False):
        assert before.end == after.start
    for word in turn.words:
        assert turn.start <= word.start <= word.end <= turn.end


def test_neighbours_of_one_speaker_are_joined_but_not_over_a_hold() -> None:
    turns = [
        Turn("agent", 0, 1, "Hello."),
        Turn("agent", 1.2, 2, "How can I help?"),
        Turn("customer", 2, 3, "My bill."),
        Turn("customer", 60, 61, "Still there?"),
    ]
    assert [turn.text for turn in join_neighbours(turns)] == [
        "Hello. How can I help?",
        "My bill.",
        "Still there?",
    ]


def test_overlaps_name_who_came_in_later() -> None:
    # agent    |----0-4----|      |-6-7-|
    # customer        |--3-5--| |---5.5-8---|
    found = overlaps([Span(0, 4), Span(6, 7)], [Span(3, 5), Span(5.5, 8)])
    assert found == (Overlap(Span(3, 4), "customer"), Overlap(Span(6, 7), "agent"))
    assert overlap_s([Span(0, 4)], [Span(3, 5)]) == 1


def test_gaps_cover_the_ends_and_ignore_short_ones() -> None:
    assert gaps_between([Span(1, 2), Span(2.2, 4), Span(3, 3.5)], 6, at_least_s=0.5) == (
        Span(0, 1),
        Span(4, 6),
    )
    assert gaps_between([], 3, at_least_s=0.5) == (Span(0, 3),)


def test_the_gap_before_a_turn_is_negative_when_it_overlaps() -> None:
    turns = [Turn("agent", 0, 5, "a"), Turn("customer", 2, 3, "b"), Turn("agent", 4.5, 6, "c")]
    assert gap_before_s(turns, 0) is None
    assert gap_before_s(turns, 2) == -0.5


def test_spans_of_words_join_close_words() -> None:
    turns = [Turn("agent", 0, 9, "", (Word("a", 0, 1), Word("b", 1.4, 2), Word("c", 4, 5)))]
    assert spans_of_words(turns, "agent") == (Span(0, 2), Span(4, 5))
    assert spans_of_words(turns, "customer") == ()
