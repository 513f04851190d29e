"""Sentences and the normal form."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from qa.text import normalise, sentences, words_of


def parts(text: str) -> list[str]:
    return [text[a:b] for a, b in sentences(text)]


def test_sentences_end_at_stops_but_not_at_titles_or_decimals() -> None:
    assert parts("Well, Mr. Tran. It is 4.50 a month... Yes? no") == [
        "Well, Mr. Tran.",
        "It is 4.50 a month...",
        "Yes?",
        "no",
    ]


def test_a_long_run_without_punctuation_is_cut_where_a_clause_begins() -> None:
    text = (
        "so i rang them on tuesday and they said it would be here by friday but then nothing came "
        "and i waited in all day for it to turn up so what do i do now"
    )
    assert len(parts(text)) >= 3
    assert all(len(p.split()) >= 3 for p in parts(text))


def test_a_short_run_stays_whole() -> None:
    assert parts("i rang them and nobody came") == ["i rang them and nobody came"]


@given(st.text(max_size=200))
def test_the_normal_form_keeps_every_place(text: str) -> None:
    assert len(normalise(text)) == len(text)


@given(st.text(max_size=200))
def test_sentences_lie_in_order_and_lose_nothing_but_blanks(text: str) -> None:
    spans = sentences(text)
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    kept = "".join(text[a:b] for a, b in spans)
    assert "".join(kept.split()) == "".join(text.split())


def test_words_come_in_lower_case_without_punctuation() -> None:
    assert words_of("Don’t, PLEASE!")[-1] == "please"
