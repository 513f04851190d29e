"""Text that nobody said is recognised by its signs; what people really say is left alone."""

from __future__ import annotations

import pytest

from qa.doubt import is_doubtful, is_phantom, loops, mark_doubtful, phantoms_marked
from qa.values import Word


@pytest.mark.parametrize(
    ("text", "logprob", "no_speech", "spoken_s", "doubtful"),
    [
        ("I paid that bill in May and again in June.", -0.3, 0.0, 4.0, False),
        ("I paid that bill in May.", -1.2, 0.0, 3.0, True),
        ("Hello there.", -0.6, 0.8, 1.0, True),
        ("Hello there.", -0.3, 0.8, 1.0, False),
        ("thank you thank you thank you thank you thank you", -0.1, 0.0, 4.0, True),
        ("No no no.", -0.2, 0.0, 1.0, False),
        ("Thanks for watching! Please subscribe.", -0.1, 0.0, 2.0, True),
        ("This sentence is far too long for half a second of sound.", -0.2, 0.0, 0.5, True),
        ("", -3.0, 0.9, 0.0, False),
    ],
)
def test_the_signs_of_text_that_was_not_said(
    text: str, logprob: float, no_speech: float, spoken_s: float, doubtful: bool
) -> None:
    assert is_doubtful(text, logprob, no_speech, spoken_s) is doubtful


def test_loops_and_phantoms() -> None:
    assert loops("and then I and then I and then I and then I said")
    assert not loops("yes, yes, that is right, that is right")
    assert is_phantom("Thank you for watching.")
    assert not is_phantom("Thank you for waiting.")


def test_words_the_model_hardly_believes_are_marked_one_by_one() -> None:
    words = mark_doubtful(
        [Word("yes", 0, 1, 0.9), Word("zorp", 1, 2, 0.05), Word("no", 2, 3)], all_of_it=False
    )
    assert [word.doubtful for word in words] == [False, True, False]


def test_a_phantom_sentence_among_real_ones_is_marked() -> None:
    said = ["I", "paid", "it", "in", "May.", "Thanks", "for", "watching!", "Yes.", "Music."]
    words = phantoms_marked([Word(text, i, i + 0.5, 0.9) for i, text in enumerate(said)])
    assert [word.word for word in words if word.doubtful] == ["Thanks", "for", "watching!"]
