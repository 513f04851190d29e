"""What is masked and what is not: a table of how people say and write it, laws, and all forms that are stored."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import SettingsError
from qa.redact import LABELS, find_sensitive, load_rules, muted_spans, redact, without_masks
from qa.redact.chunks import passes_luhn, tokens_of
from qa.settings import load_settings
from qa.turns import spread_words
from qa.values import Call, Silence, Span, Timing, Turn, Word

DATA = load_settings().data
RULES = load_rules(DATA)
ALL = replace(
    RULES, settings=RULES.settings.model_copy(update={"mask": dict.fromkeys(RULES.settings.mask, True)})
)


def turns_of(script: str) -> tuple[Turn, ...]:
    """Turns of lines "A: ..." and "C: ...", two seconds each and a fifth of a second for every word."""
    turns, at = [], 1.0
    for line in script.strip().splitlines():
        who, text = line.strip().split(":", 1)
        end = at + 2.0 + 0.2 * len(text.split())
        turns.append(Turn("agent" if who == "A" else "customer", at, end, text.strip()))
        at = end + 0.3
    return tuple(turns)


def masked_text(script: str, rules=RULES) -> str:  # type: ignore[no-untyped-def]
    call = Call("c", turns_of(script), duration=100.0)
    return "\n".join(f"{t.speaker[0].upper()}: {t.text}" for t in redact(call, rules).turns)


CARD = "[card number]"
MASKED = [
    # card numbers
    ("C: my card is 4929 1234 5678 9012", "C: my card is [card number]"),
    ("C: 4929-1234-5678-9012, got it?", "C: [card number], got it?"),
    ("C: It's 4929123456789012.", "C: It's [card number]."),
    (
        "A: And the long number on the card?\nC: four nine two nine, one two three four, five six seven eight, "
        "nine oh one two",
        "A: And the long number on the card?\nC: [card number]",
    ),
    (
        "A: The card number, please.\nC: Four nine two nine.\nA: Mm-hm.\nC: One two three four.\nA: Yes.\n"
        "C: Double five, double six.\nA: Okay.\nC: Nine oh one two.",
        "A: The card number, please.\nC: [card number].\nA: Mm-hm.\nC: [card number].\nA: Yes.\n"
        "C: [card number].\nA: Okay.\nC: [card number].",
    ),
    (
        "A: Sixteen digits across the front?\nC: forty-nine twenty-nine, um, twelve thirty-four\n"
        "A: forty-nine twenty-nine twelve thirty-four\nC: fifty-six seventy-eight ninety oh twelve",
        "A: Sixteen digits across the front?\nC: [card number]\nA: [card number]\nC: [card number]",
    ),
    ("C: fifty five hundred, zero zero zero zero, zero zero zero zero, double zero oh four", None),
    ("C: 3782 822463 10005 is my amex", "C: [card number] is my amex"),
    ("A: Card number?\nC: 4929 123 567 8901", "A: Card number?\nC: [card number]"),  # a digit lost
    (
        "A: Go ahead with the card.\nC: So it's four, nine, two, nine, for, three, two, won, double seven, treble "
        "eight, one, two, three",
        None,
    ),
    ("C: 4929 1234 5678 9012 09 27 123", "C: [card number]"),
    (
        "C: the number is four five three nine one four eight eight oh three four three six four six seven",
        None,
    ),
    # security codes, PINs and codes of one use
    (
        "A: And the three digits on the back?\nC: Seven eight one.",
        "A: And the three digits on the back?\nC: [security code].",
    ),
    ("C: The CVV is 781", "C: The CVV is [security code]"),
    ("C: security code seven, eight, um, one", "C: security code [security code]"),
    (
        "A: What's the last three on the strip?\nC: it's 7 8 1",
        "A: What's the last three on the strip?\nC: it's [security code]",
    ),
    ("C: my PIN is two five eight oh", "C: my PIN is [security code]"),
    ("A: Read me the one-time code.\nC: 48 29 17", "A: Read me the one-time code.\nC: [security code]"),
    (
        "A: Security code?\nC: 781\nA: Seven eight one, thanks.",
        "A: Security code?\nC: [security code]\nA: [security code], thanks.",
    ),
    # expiry, only beside a card
    (
        "A: The expiry date on the card number?\nC: oh nine twenty-seven",
        "A: The expiry date on the card number?\nC: [expiry date]",
    ),
    ("C: debit card, expires September 27", "C: debit card, expires [expiry date]"),
    # bank accounts
    ("C: sort code 20-45-19", "C: sort code [sort code]"),
    ("C: sort code is twenty, forty-five, nineteen", "C: sort code is [sort code]"),
    ("A: And the account number?\nC: 31926819", "A: And the account number?\nC: [account number]"),
    (
        "A: Sort code and account number?\nC: two oh four five one nine, three one nine two six eight one nine",
        None,
    ),
    (
        "A: Which bank account number shall I refund it into?\nC: three one nine, two six eight one",
        "A: Which bank account number shall I refund it into?\nC: [account number]",
    ),
    ("C: IBAN GB29 NWBK 6016 1331 9268 19", "C: IBAN [IBAN]"),
    ("C: it is DE89 3704 0044 0532 0130 00 okay", "C: it is [IBAN] okay"),
    (
        "A: The IBAN?\nC: G B two nine, N W B K, six oh one six, one three three one, nine two six eight, one nine",
        None,
    ),
    # telephones
    ("C: call me on 07700 900123", "C: call me on [phone number]"),
    ("C: oh double seven double oh, nine hundred one two three", "C: [phone number]"),
    ("C: It's zero seven seven zero zero nine zero zero one two three.", "C: It's [phone number]."),
    ("C: +44 7700 900 123", "C: [phone number]"),
    ("C: (555) 012-3456 is best", "C: [phone number] is best"),
    ("C: you can ring 555-012-3456", "C: you can ring [phone number]"),
    (
        "A: Best number to reach you?\nC: five five five, oh one two, three four five six",
        "A: Best number to reach you?\nC: [phone number]",
    ),
    (
        "A: What's your mobile?\nC: oh seven seven\nA: yeah\nC: double oh nine\nA: yeah\nC: double oh one two three",
        None,
    ),
    (
        "C: oh two oh, seven nine four six, oh nine five eight, that's my landline",
        "C: [phone number], that's my landline",
    ),
    (
        "C: my mobile is 07700 900123\nA: So 900123 at the end?",
        "C: my mobile is [phone number]\nA: So [phone number] at the end?",
    ),
    # e-mail
    ("C: It's jane.smith@example.com thanks", "C: It's [e-mail address] thanks"),
    ("C: it's jane dot smith at gmail dot com", "C: it's [e-mail address]"),
    ("C: my email is j smith 84 at hotmail dot co dot uk", "C: my email is [e-mail address]"),
    (
        "A: And your e-mail?\nC: jane underscore s at my work dot org",
        "A: And your e-mail?\nC: [e-mail address]",
    ),
    ("A: Your email?\nC: Jane Smith at gmail.com.", "A: Your email?\nC: [e-mail address]."),
    (
        "A: Your email?\nC: jane smythe at gmail dot com\nA: How's that spelled?\nC: j a n e s m y t h e",
        "A: Your email?\nC: [e-mail address]\nA: How's that spelled?\nC: [e-mail address]",
    ),
    # dates of birth
    (
        "A: Date of birth?\nC: Fourteenth of March nineteen eighty-two.",
        "A: Date of birth?\nC: [date of birth].",
    ),
    ("A: Your date of birth?\nC: 14/03/1982", "A: Your date of birth?\nC: [date of birth]"),
    ("C: my date of birth is the 3rd of May '71", None),
    ("C: I was born on the twenty second of the third sixty one", "C: I was born on the [date of birth]"),
    (
        "A: Date of birth?\nC: fourteen oh three eighty two\nA: Fourteen oh three eighty two, thank you.",
        "A: Date of birth?\nC: [date of birth]\nA: [date of birth], thank you.",
    ),
    ("A: And your DOB\nC: march fourteen eighty two", "A: And your DOB\nC: [date of birth]"),
]

LEFT_ALONE = [
    "C: my order number is four four seven one, double nine, three two",
    "A: Your reference is HC 44 9137.",
    "C: order 7719 0032 1145",
    "C: the tracking number is 1234 5678 9012 34",
    "A: That comes to four hundred and eighty pounds and twenty pence.",
    "C: I paid £1,299.99 on the 14th of March 2026.",
    "A: It's 12:30 to 14:45, or between two and four.",
    "C: the meter reading is oh four seven one nine",
    "C: my meter readings are 48213 and 51190",
    "A: Between eight and one, and then from two to six.",
    "C: I've called five times in three days, two hours each.",
    "A: You can call us any time on 0800 123 4567.",
    "C: it was model XR 200 4 5",
    "A: I will send it in an email by five today.",
    "C: look at harbour dot com",
    "C: I saw it online at harbour dot co dot uk",
    "A: We close at eight. Dot is on the late shift.",
    "C: one moment, I have two of them, one two",
    "C: the flight was BA 284 at six thirty",
    "A: Your policy number, please?\nC: K L four, double oh, nine",
    "A: Booking reference?\nC: 8830 2214 7",
    "A: The card is free for the first twelve months.",
    "C: I bought it on the fourteenth of March.",
    "C: my contract expires on the ninth of May",
    "C: it's twenty twenty-six and I was there nineteen eighty four times",
    "A: Your account number?\nC: five five oh one",
    "C: reg is EK19 VBT",
    "A: The card ending 9012?",
    "C: I live at twelve Sorrel Court, flat 4",
    "C: it is two to one, three against ten thousand",
]


@pytest.mark.parametrize(("said", "expected"), MASKED)
def test_what_is_secret_is_masked(said: str, expected: str | None) -> None:
    got = masked_text(said)
    if expected is None:  # the form of the rest is open, but no digit may be left where there was one
        secret = said.splitlines()[-1]
        left = [t.text for t in tokens_of(without_masks(got.splitlines()[-1])) if t.text.isdigit()]
        assert "[" in got.splitlines()[-1], got
        assert not left, got
        assert not re.search(r"\b(?:three|seven|eight|nine)\b", got.splitlines()[-1]), (secret, got)
    else:
        assert got == expected


@pytest.mark.parametrize("said", LEFT_ALONE)
def test_what_is_not_secret_stays(said: str) -> None:
    assert masked_text(said) == said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("C: it's SW1A 1AA", "C: it's [postcode]"),
        ("C: B T nine, six F G", "C: [postcode]"),
        ("C: sierra whiskey one alpha, one alpha alpha", "C: [postcode]"),
        ("C: S for sugar, E one, nine, A B", "C: [postcode]"),
        ("A: Your zip code?\nC: 90210", "A: Your zip code?\nC: [postcode]"),
        ("A: The card ending 9012?", "A: The card ending [end of the card number]?"),
    ],
)
def test_kinds_that_are_off_can_be_switched_on(said: str, expected: str) -> None:
    assert masked_text(said, ALL) == expected
    assert masked_text(said) == said


def test_a_kind_that_is_off_is_left_alone() -> None:
    off = RULES.settings.model_copy(update={"mask": {**RULES.settings.mask, "phone_number": False}})
    said = "C: call me on 07700 900123"
    assert masked_text(said, replace(RULES, settings=off)) == said


DIGIT_WORDS = dict(
    zip(
        "0123456789",
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        strict=True,
    )
)


@st.composite
def card_scripts(draw) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """A card number (right by its check digit), and a call in which it is read out in some way."""
    head = draw(st.sampled_from("45")) + draw(st.text("0123456789", min_size=14, max_size=14))
    number = next(head + d for d in "0123456789" if passes_luhn(head + d))
    sizes = draw(st.sampled_from([(4, 4, 4, 4), (16,), (8, 8), (6, 4, 6), (3, 3, 3, 3, 4), (2,) * 8]))
    spoken, over_turns = draw(st.booleans()), draw(st.booleans())
    at, pieces = 0, []
    for size in sizes:
        piece = number[at : at + size]
        oh = draw(st.sampled_from(["oh", "zero"]))
        words = [oh if d == "0" else DIGIT_WORDS[d] for d in piece]
        pieces.append(draw(st.sampled_from([" ", ", "])).join(words) if spoken else piece)
        at += size
    reply = draw(st.sampled_from(["Mm-hm.", "Yes.", "Go on.", "Got that, next please."]))
    lead = draw(st.sampled_from(["", "it's ", "so, um, ", "okay, "]))
    if over_turns:
        body = f"\nA: {reply}\n".join(f"C: {lead if not i else ''}{p}" for i, p in enumerate(pieces))
    else:
        body = "C: " + lead + draw(st.sampled_from([" ", ", ", ", um, ", " then "])).join(pieces)
    asked = "A: Can I take the long card number please?\n"
    return number, asked + body + "\nA: Thank you, that has gone through.\nC: Bye."


@settings(max_examples=150, deadline=None)
@given(card_scripts())
def test_the_digits_of_a_card_never_survive(planted: tuple[str, str]) -> None:
    number, script = planted
    call = Call(
        "c", tuple(spread_words(t) for t in turns_of(script)), duration=200.0, recording="two_channels"
    )
    made = redact(call, RULES)
    for text in (" ".join(t.text for t in made.turns), " ".join(w.word for t in made.turns for w in t.words)):
        customer = re.sub(r"\[[^\]]*\]", "", text)
        left = "".join(
            {**{w: d for d, w in DIGIT_WORDS.items()}, "oh": "0"}.get(
                t.text, t.text if t.text.isdigit() else ""
            )
            for t in tokens_of(customer)
        )
        assert not any(number[i : i + 3] in left for i in range(14)), (script, text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abc 0123456789@.,-£[]'", max_size=40), max_size=5))
def test_whatever_is_said_words_and_text_stay_together(texts: list[str]) -> None:
    turns = tuple(
        spread_words(Turn("agent" if i % 2 else "customer", i * 3.0, i * 3.0 + 2.5, " ".join(t.split())))
        for i, t in enumerate(texts)
    )
    made = redact(Call("c", turns, duration=60.0, recording="mono"), ALL)
    assert len(made.turns) == len(turns)
    for before, after in zip(turns, made.turns, strict=True):
        assert (before.start, before.end, before.speaker) == (after.start, after.end, after.speaker)
        if after.words:
            assert " ".join(w.word for w in after.words) == after.text
            assert after.words[0].start == before.words[0].start
            assert after.words[-1].end == before.words[-1].end


def timed_call() -> Call:
    texts = ["my", "card", "number", "is", "4929", "1234", "5678", "9012", "okay"]
    words = tuple(Word(t, 1.0 + i, 1.8 + i, 0.9) for i, t in enumerate(texts))
    turn = Turn("customer", 1.0, words[-1].end, " ".join(texts), words)
    silences = (Silence(0.0, 0.9, "silence"), Silence(12.0, 20.0, "silence"))
    timing = Timing("sound", (), (turn.span,), silences)
    return Call("c", (turn,), duration=20.0, timing=timing, recording="two_channels")


def test_word_times_are_kept_and_only_the_masked_words_are_muted() -> None:
    made = redact(timed_call(), RULES)
    words = made.turns[0].words
    assert [w.word for w in words] == ["my", "card", "number", "is", CARD, "okay"]
    assert (words[4].start, words[4].end) == (5.0, 8.8)
    assert words[5].start == 9.0
    assert muted_spans(made) == (Span(4.85, 9.05),)


def test_masked_time_is_a_silence_of_its_own_kind_beside_the_others() -> None:
    kinds = [(s.start, s.end, s.kind) for s in redact(timed_call(), RULES).timing.silences]
    assert kinds == [(0.0, 0.9, "silence"), (4.85, 9.05, "masked"), (12.0, 20.0, "silence")]


def test_a_silence_inside_masked_time_is_masked() -> None:
    call = timed_call()
    call = replace(call, timing=replace(call.timing, silences=(Silence(5.85, 6.9, "silence"),)))
    assert [s.kind for s in redact(call, RULES).timing.silences] == ["masked"]


def test_without_word_times_the_whole_turn_is_muted() -> None:
    turn = spread_words(Turn("customer", 10.0, 20.0, "my card number is 4929 1234 5678 9012 okay"))
    call = Call("c", (turn,), duration=30.0, recording="two_channels")
    assert muted_spans(redact(call, RULES)) == (Span(8.85, 21.25),)


def test_without_any_times_everything_is_muted_and_said() -> None:
    turn = Turn("customer", 0.0, 0.0, "my card number is 4929 1234 5678 9012 okay")
    made = redact(Call("c", (turn,), duration=30.0, recording="two_channels"), RULES)
    assert muted_spans(made) == (Span(0.0, 30.0),)
    assert "all of it is muted" in made.notes[-1]


def test_the_note_names_kinds_and_counts_only() -> None:
    assert redact(timed_call(), RULES).notes == ("Masked in text and sound: card number.",)


def test_a_call_without_secrets_is_the_same_call() -> None:
    call = Call("c", turns_of("A: Hello.\nC: My order is 4471."))
    assert redact(call, RULES) is call


def test_found_places_are_in_order_and_do_not_overlap() -> None:
    found = find_sensitive(
        turns_of("C: card 4929 1234 5678 9012 and ring me on 07700 900123, a@b.com"), RULES
    )
    assert [s.kind for s in found] == ["card_number", "phone_number", "email"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_a_kind_missing_from_the_settings_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    text = (DATA / "settings" / "redaction.yaml").read_text().replace("  iban: true\n", "", 1)
    (tmp_path / "settings" / "redaction.yaml").write_text(text)
    with pytest.raises(SettingsError, match="'iban' is missing"):
        load_rules(tmp_path)


def test_a_broken_pattern_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    text = (DATA / "settings" / "redaction.yaml").read_text().replace(r"'\biban\b'", r"'\b(iban'", 1)
    (tmp_path / "settings" / "redaction.yaml").write_text(text)
    with pytest.raises(SettingsError, match="correct the pattern"):
        load_rules(tmp_path)


def test_labels_are_blanked_for_patterns_at_the_same_length() -> None:
    text = f"so {LABELS['phone_number']} then"
    assert without_masks(text) == "so " + " " * len(LABELS["phone_number"]) + " then"
