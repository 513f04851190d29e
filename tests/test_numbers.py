"""Numbers in speech and writing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.numbers import numbers

_DIGIT_WORDS = ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def digits(text: str) -> list[str]:
    return [n.digits for n in numbers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("double-seven four, one nine, zero three B", ["7741903"]),
        ("four hundred and eighty pounds", ["480"]),
        ("two thousand three hundred and five", ["2305"]),
        ("twenty one", ["21"]),
        ("nineteen eighty four", ["1984"]),
        ("triple nine", ["999"]),
        ("order 774 19", ["77419"]),
        ("it was twelve. four of them", ["12", "4"]),
        ("four five six and seven", ["4567"]),
    ],
)
def test_spoken_and_written_numbers_give_the_same_digits(text: str, expected: list[str]) -> None:
    assert digits(text) == expected


@pytest.mark.parametrize("text", ["oh no", "one of them", "no numbers here", "", "and and and"])
def test_exclamations_and_a_lone_one_are_no_numbers(text: str) -> None:
    assert digits(text) == []


@given(st.lists(st.integers(0, 9), min_size=2, max_size=12))
def test_digits_read_one_by_one_come_back_as_they_were(values: list[int]) -> None:
    spoken = " ".join(_DIGIT_WORDS[v] for v in values)
    assert digits(spoken) == ["".join(map(str, values))]


@given(st.text(max_size=80))
def test_every_span_lies_in_the_text(text: str) -> None:
    for n in numbers(text):
        assert 0 <= n.start < n.end <= len(text)
        assert n.digits.isdigit()
