"""E-mail addresses, postcodes and IBANs: written, spoken and spelled.

Conventions: letters are spelled one by one, by the telephone alphabet ("sierra"), or as in "S for sugar". What
is spelled right beside an e-mail address belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.redact.chunks import REPEATS, TENS, UNITS, Token, digits_of, tokens_of
from qa.redact.places import Contexts, Sensitive
from qa.redact.rules import Rules
from qa.text import normalise
from qa.values import Turn

EMAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_DOMAIN = r"(?:[\w'-]+\s+){1,4}?"
_ENDING = (
    r"(?:com|co(?:\s+dot|\.)?\s*(?:uk|nz|za|in|u k)|org|net|ie|uk|u k|edu|gov|info|eu|au|ca|de|fr|io|me|us|scot"
    r"|c o m|c o dot u k|co)"
)
SPOKEN_EMAIL = re.compile(rf"(?:\bat\b|@)\s+(?P<domain>{_DOMAIN})(?:dot|\.)\s*{_ENDING}\b(?:\s+dot\s+\w+)*")
HALF_SPOKEN_EMAIL = re.compile(rf"\bat\s+[\w-]+(?:\.[\w-]+)*\.\s?{_ENDING}\b")
_BEFORE_MAILBOX = "is it's its that's email e-mail mail address to my me i'm use be was on under"
_ANSWERS = "yeah yes sure okay so um uh er"
BEFORE_MAILBOX = frozenset((*_BEFORE_MAILBOX.split(), *_ANSWERS.split()))
_MAILBOX_JOINTS = "dot point underscore dash hyphen minus plus full stop all one word number"
_CASES = "lower case lowercase small capital"
MAILBOX_JOINTS = frozenset((*_MAILBOX_JOINTS.split(), *_CASES.split()))
MAX_MAILBOX_TOKENS = 14
MAX_PLAIN_MAILBOX_TOKENS = 3  # without spelling: "jane smith at ..."
UK_POSTCODE = re.compile(r"^(?:GIR0AA|[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2})$")
WRITTEN_UK_POSTCODE = re.compile(r"\b[A-Za-z]{1,2}\d[A-Za-z\d]?\s?\d[A-Za-z]{2}\b")
WRITTEN_EIRCODE = re.compile(r"\b[AC-FHKNPRTV-Y]\d[\dW]\s?[\dAC-FHKNPRTV-Y]{4}\b")
ZIP = re.compile(r"\b\d{5}(?:-\d{4})?\b")
WRITTEN_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){2,8}\b")
_ALPHABET = (
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar "
    "papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
)
NATO = {word: word[0].upper() for word in _ALPHABET.split()}
SPELLING_GLUE = frozenset(("um", "uh", "er", "and", "then", "space", "capital"))
MIN_SPELLED = 4


@dataclass(frozen=True, slots=True)
class Spelled:
    """Letters and digits that were spelled one by one: ``text[start:end]``."""

    characters: str
    start: int
    end: int


def spelled_runs(text: str) -> tuple[Spelled, ...]:
    """Runs of single letters, alphabet words and digits."""
    tokens = tokens_of(text)
    runs: list[list[tuple[str, Token]]] = [[]]
    i = 0
    while i < len(tokens):
        token = tokens[i]
        character = _character(token)
        gap = text[runs[-1][-1][1].end : token.start] if runs[-1] else ""
        if character and not re.search(r"[.?!;:]\s", gap):
            runs[-1].append((character, token))
            i = _after_as_in(tokens, i)
        elif character:
            runs.append([(character, token)])
            i = _after_as_in(tokens, i)
        else:
            if runs[-1] and token.text not in SPELLING_GLUE:
                runs.append([])
            i += 1
    return tuple(_spelled(run) for run in runs if run)


def _spelled(run: Sequence[tuple[str, Token]]) -> Spelled:
    characters, words = "", []
    for character, token in run:
        if character == "#":
            words.append(token.text)
            continue
        characters, words = characters + digits_of(words) + character, []
    return Spelled(characters + digits_of(words), run[0][1].start, run[-1][1].end)


def _character(token: Token) -> str:
    """The letter that a token spells, "#" for a part of a number, nothing for a word."""
    if token.text in NATO:
        return NATO[token.text]
    if len(token.text) == 1 and token.text.isalpha():
        return token.text.upper()
    return (
        "#"
        if token.text.isdigit() or token.text in UNITS or token.text in TENS or token.text in REPEATS
        else ""
    )


def _after_as_in(tokens: Sequence[Token], i: int) -> int:
    """The index after "S for sugar" or "S as in sugar", else the next one."""
    if len(tokens[i].text) == 1:
        for joint in (("for",), ("as", "in"), ("like",)):
            after = [t.text for t in tokens[i + 1 : i + 2 + len(joint)]]
            word = after[-1] if len(after) == len(joint) + 1 else ""
            if tuple(after[:-1]) == joint and len(word) > 1 and word.startswith(tokens[i].text):
                return i + len(joint) + 2
    return i + 1


def find_letters(turns: Sequence[Turn], contexts: Contexts, rules: Rules) -> tuple[Sensitive, ...]:
    """E-mail addresses, postcodes and IBANs of the call."""
    found: list[Sensitive] = []
    for number, turn in enumerate(turns):
        found += _emails(number, turn.text, contexts, rules)
        found += _ibans(number, turn.text, contexts)
        found += _postcodes(number, turn.text, contexts)
    return tuple(found + _spelled_beside(turns, found, contexts))


def _emails(number: int, text: str, contexts: Contexts, rules: Rules) -> list[Sensitive]:
    found = [Sensitive(number, m.start(), m.end(), "email") for m in EMAIL.finditer(text)]
    plain = normalise(text)
    asked = any(c.kind == "email" for n in range(max(0, number - 4), number + 1) for c in contexts.of_turn[n])
    for pattern in (SPOKEN_EMAIL, HALF_SPOKEN_EMAIL):
        for match in pattern.finditer(plain):
            if any(s.start < match.end() and s.end > match.start() for s in found):
                continue
            start = _mailbox_start(plain, match.start(), rules, asked=asked)
            if start is not None:
                found.append(Sensitive(number, start, match.end(), "email"))
    return found


def _mailbox_start(plain: str, at: int, rules: Rules, *, asked: bool) -> int | None:
    """Where the mailbox before "at" begins; None where a place on the web is spoken of."""
    tokens = tokens_of(plain[:at])[-MAX_MAILBOX_TOKENS:]
    if not tokens:
        return at if asked else None
    if tokens[-1].text in rules.settings.not_a_mailbox and not asked:
        return None
    start, plain_words = at, 0
    for i in range(len(tokens) - 1, -1, -1):
        token = tokens[i]
        joins = bool(_character(token)) or token.text in MAILBOX_JOINTS
        joined = i + 1 < len(tokens) and tokens[i + 1].text in MAILBOX_JOINTS
        if token.text in BEFORE_MAILBOX and not joined:
            break
        if start < at and re.search(r"[.?!]\s|:", plain[token.end : start]):
            break
        if not joins and not joined:
            plain_words += 1
            if plain_words > (MAX_PLAIN_MAILBOX_TOKENS if asked else 1):
                break
        start = token.start
    return start


def _ibans(number: int, text: str, contexts: Contexts) -> list[Sensitive]:
    found = [
        Sensitive(number, m.start(), m.end(), "iban")
        for m in WRITTEN_IBAN.finditer(text)
        if _is_iban(m.group()) or _named(contexts, number, m.start(), m.end(), "iban")
    ]
    for run in spelled_runs(text):
        characters = run.characters
        long_enough = len(characters) >= 10 and any(c.isdigit() for c in characters)
        if long_enough and (
            _is_iban(characters)
            or (characters[:2].isalpha() and _named(contexts, number, run.start, run.end, "iban"))
        ):
            found.append(Sensitive(number, run.start, run.end, "iban"))
    return found


def _is_iban(text: str) -> bool:
    """By the check digits of ISO 13616."""
    plain = re.sub(r"[ -]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _postcodes(number: int, text: str, contexts: Contexts) -> list[Sensitive]:
    spans = [m.span() for p in (WRITTEN_UK_POSTCODE, WRITTEN_EIRCODE) for m in p.finditer(text)]
    for run in spelled_runs(text):
        named = _named(contexts, number, run.start, run.end, "postcode")
        has_both = any(c.isdigit() for c in run.characters) and any(c.isalpha() for c in run.characters)
        if UK_POSTCODE.match(run.characters) or (named and has_both and len(run.characters) >= 3):
            spans.append((run.start, run.end))
    spans += [
        m.span() for m in ZIP.finditer(text) if _named(contexts, number, m.start(), m.end(), "postcode")
    ]
    return [Sensitive(number, start, end, "postcode") for start, end in spans]


def _named(contexts: Contexts, turn: int, start: int, end: int, kind: str) -> bool:
    found = contexts.deciding(turn, start, end, lambda _c: True)
    return found is not None and found.context.kind == kind


def _spelled_beside(turns: Sequence[Turn], found: Sequence[Sensitive], contexts: Contexts) -> list[Sensitive]:
    """Names spelled out around an e-mail address, and where one was asked for."""
    addresses = {s.turn for s in found if s.kind == "email"}
    asked = {i for i, row in enumerate(contexts.of_turn) if any(c.kind == "email" for c in row)}
    near = {turn + step for turn in addresses for step in (-2, -1, 0, 1, 2)}
    near |= {turn + step for turn in asked for step in (0, 1)}
    return [
        Sensitive(i, run.start, run.end, "email")
        for i in sorted(near)
        if 0 <= i < len(turns)
        for run in spelled_runs(turns[i].text)
        if sum(c.isalpha() for c in run.characters) >= MIN_SPELLED
    ]
