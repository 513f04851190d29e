"""How a call is laid before the encoder."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from qa.behaviours.windows import (
    AFTER_TOKENS,
    BEFORE_TOKENS,
    TURN_TOKENS,
    WINDOW_TOKENS,
    Pieces,
    windows_of,
)


def turn(*ids: int, speaker: int = 7) -> Pieces:
    return Pieces((speaker, 8), ids, tuple(0 if k < 3 else 1 for k in range(len(ids))))


TURNS = st.lists(st.integers(0, 220).map(lambda n: turn(*range(1000, 1000 + n))), max_size=30)


@settings(deadline=None)
@given(TURNS, st.integers(40, WINDOW_TOKENS))
def test_every_turn_is_judged_in_exactly_one_window(turns: list[Pieces], first_tokens: int) -> None:
    windows = windows_of(turns, first_tokens=first_tokens)
    assert [i for one in windows for i in one.turns] == list(range(len(turns)))


@settings(deadline=None)
@given(TURNS)
def test_a_window_of_several_turns_never_outgrows_its_room(turns: list[Pieces]) -> None:
    room = 1 + BEFORE_TOKENS + WINDOW_TOKENS + 2 + AFTER_TOKENS + 1
    assert all(len(one.ids) <= room for one in windows_of(turns))


@settings(deadline=None)
@given(TURNS)
def test_each_judged_word_is_in_a_sentence_of_its_own_turn(turns: list[Pieces]) -> None:
    for one in windows_of(turns):
        judged = [s for s in one.sentence if s >= 0]
        assert len(one.ids) == len(one.types) == len(one.sentence)
        assert len(judged) == sum(min(TURN_TOKENS, len(turns[i].ids)) for i in one.turns)
        for i, (begin, count) in zip(one.turns, one.spans, strict=True):
            mine = sum(begin <= s < begin + count for s in judged)
            assert mine == min(TURN_TOKENS, len(turns[i].ids))


def test_words_around_a_window_help_and_are_not_judged() -> None:
    turns = [turn(*range(1000, 1150)), turn(*range(2000, 2100), speaker=9), turn(*range(3000, 3150))]
    first, middle, last = windows_of(turns)
    assert first.turns == (0,)
    assert middle.turns == (1,)
    assert last.turns == (2,)
    inside = [i for i, kind in zip(middle.ids, middle.types, strict=True) if kind == 0]
    around = [i for i, kind in zip(middle.ids, middle.types, strict=True) if kind == 1]
    assert inside == [101, 9, 8, *range(2000, 2100), 102]
    assert around == [*range(1111, 1150), 102, 7, 8, *range(3000, 3016), 102]


def test_a_short_exchange_is_one_window_with_nothing_around_it() -> None:
    (only,) = windows_of([turn(1000, 1001), turn(2000, 2001, 2002, 2003, speaker=9)])
    assert only.ids == (101, 7, 8, 1000, 1001, 102, 9, 8, 2000, 2001, 2002, 2003, 102)
    assert only.sentence == (-1, -1, -1, 0, 0, -1, -1, -1, 1, 1, 1, 2, -1)
    assert only.spans == ((0, 1), (1, 2))


def test_no_turns_make_no_window() -> None:
    assert windows_of([]) == []
