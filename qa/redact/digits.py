"""Cards, codes, accounts and telephones: which chunks of digits are which.

Conventions: a card is told by its check digit, by its length, or by being asked for; a number that was named as
something else (an order, a meter reading) is left alone unless it is a card by check digit and length. Whatever
was found is looked for again in the whole call: numbers are read back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.redact.chunks import Chunk, chunks_of, groups_of, passes_luhn
from qa.redact.places import Contexts, Found, Sensitive
from qa.redact.rules import Context, Kind, Rules
from qa.values import Turn

CARD_LENGTHS = (16, 15, 19, 18, 17, 14, 13)
CARD_FIRST = "23456"
MIN_ASKED_CARD = 8  # digits of a card that was asked for and not heard whole
MIN_READ_BACK = 3
READ_BACK_TURNS = 6  # short codes are anybody's digits later on
WRITTEN_PHONE = re.compile(
    r"(?<![\d+])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\d)|\+\d[\d ()-]{7,17}\d"
)
UK_PHONE = re.compile(r"^(?:0[1237]\d{8,9}|(?:00)?44(?:0?[1237])\d{8,9})$")


def find_numbers(turns: Sequence[Turn], contexts: Contexts, rules: Rules) -> tuple[Sensitive, ...]:
    """Every card, code, account and telephone number of the call, those read back too."""
    chunks = [chunk for i, turn in enumerate(turns) for chunk in chunks_of(i, turn.text, rules)]
    groups = [part for group in groups_of(turns, chunks) for part in _parted(group, contexts)]
    taken: dict[Chunk, Kind] = {}
    whole: list[tuple[str, Kind, int]] = []
    for group in sorted(groups, key=lambda g: (g[0].turn, g[0].start)):
        kinds = _kinds_of(group, turns, contexts, rules)
        taken.update(kinds)
        if kinds:
            kind = next(iter(kinds.values()))
            whole.append(("".join(c.digits for c in group if kinds.get(c) == kind), kind, group[0].turn))
    taken.update(_read_back(chunks, taken, whole))
    found = [Sensitive(c.turn, c.start, c.end, kind) for c, kind in taken.items()]
    for number, turn in enumerate(turns):
        found += [
            Sensitive(number, match.start(), match.end(), "phone_number")
            for match in WRITTEN_PHONE.finditer(turn.text)
            if not _is_public(re.sub(r"\D", "", match.group()), rules)
            and not any(s.turn == number and s.start < match.end() and s.end > match.start() for s in found)
        ]
    return tuple(found)


def _parted(group: tuple[Chunk, ...], contexts: Contexts) -> list[tuple[Chunk, ...]]:
    """The group, cut where something else is named or asked for between two of its chunks."""
    parts = [[group[0]]]
    for before, after in pairwise(group):
        if _named_between(before, after, contexts):
            parts.append([])
        parts[-1].append(after)
    return [tuple(part) for part in parts]


def _named_between(before: Chunk, after: Chunk, contexts: Contexts) -> bool:
    for turn in range(before.turn, after.turn + 1):
        for context in contexts.of_turn[turn]:
            late_enough = turn > before.turn or context.start >= before.end
            early_enough = turn < after.turn or context.end <= after.start
            if late_enough and early_enough and context.kind != "card_number":
                return True
    return False


def _kinds_of(
    group: tuple[Chunk, ...], turns: Sequence[Turn], contexts: Contexts, rules: Rules
) -> dict[Chunk, Kind]:
    """What each chunk of a group is; chunks that are nothing secret are left out."""
    digits = "".join(chunk.digits for chunk in group)
    first, bank = group[0], contexts.bank_before(group[0].turn)
    end = group[-1].end if group[-1].turn == first.turn else len(turns[first.turn].text)
    found = contexts.deciding(first.turn, first.start, end, lambda c: _fits(c, len(digits), bank=bank))
    named = found.context.kind if found else None
    if named == "other" and len(digits) >= 12 and _card_named_beside(found, contexts):
        named = "card_number"
    card = _card(group, named)
    if card:
        return card
    kind = _by_name(digits, named, speaker=turns[first.turn].speaker, rules=rules)
    if kind is None:
        return {}
    if found is not None and named == kind:
        contexts.answer(found, group[-1].turn)
    return dict.fromkeys(group, kind)


def _card_named_beside(found: Found | None, contexts: Contexts) -> bool:
    return found is not None and any(c.kind == "card_number" for c in contexts.of_turn[found.turn])


def _fits(context: Context, n: int, *, bank: bool) -> bool:
    """Whether so many digits can be what a context names."""
    return {
        "card_number": n >= MIN_ASKED_CARD,
        "card_last_four": n == 4,
        "expiry_date": 2 <= n <= 8,
        "security_code": 3 <= n <= 8,
        "account_number": n == 8 or (bank and 6 <= n <= 17),
        "sort_code": n in (6, 14) or (bank and 5 <= n <= 7),
        "iban": n >= 8,
        "phone_number": 7 <= n <= 15,
        "date_of_birth": 2 <= n <= 8,
        "postcode": n in (5, 9),
    }.get(context.kind, True)


def _by_name(digits: str, named: str | None, *, speaker: str, rules: Rules) -> Kind | None:
    if named in ("expiry_date", "date_of_birth", "email", "other"):
        return None  # dates and addresses are found with their words
    if named == "phone_number" or (named is None and UK_PHONE.match(digits)):
        return None if speaker == "agent" and _is_public(digits, rules) else "phone_number"
    if named is None or (named == "card_number" and len(digits) < MIN_ASKED_CARD):
        return None
    return next(kind for kind in rules.settings.mask if kind == named)


def _is_public(digits: str, rules: Rules) -> bool:
    return digits.startswith(rules.settings.public_prefixes)


def _card(group: tuple[Chunk, ...], named: str | None) -> dict[Chunk, Kind]:
    """The chunks of a payment card, and what was read on after it without a word between."""
    for chunks in (group, tuple(c for c in group if not c.exclaimed)):
        window = _card_window(chunks, named)
        if window is not None:
            first, last = window
            kinds: dict[Chunk, Kind] = dict.fromkeys(chunks[first:last], "card_number")
            if named == "card_number":
                kinds = dict.fromkeys(chunks[:last], "card_number")
            return {**kinds, **{chunk: _after_card(chunk) for chunk in chunks[last:]}}
    return {}


def _after_card(chunk: Chunk) -> Kind:
    return {3: "security_code", 4: "expiry_date"}.get(len(chunk.digits), "card_number")  # type: ignore[return-value]


def _card_window(chunks: Sequence[Chunk], named: str | None) -> tuple[int, int] | None:
    """First and last (exclusive) chunk of what is a card by check digit, by length, or by being asked for."""
    sums = [0]
    for chunk in chunks:
        sums.append(sums[-1] + len(chunk.digits))
    windows = [
        (i, j)
        for length in CARD_LENGTHS
        for i in range(len(chunks))
        for j in range(i + 1, len(chunks) + 1)
        if sums[j] - sums[i] == length
    ]
    for i, j in windows:
        digits = "".join(chunk.digits for chunk in chunks[i:j])
        if passes_luhn(digits) and _may_be_card(digits, named):
            return i, j
    if named == "card_number" and sums[-1] >= MIN_ASKED_CARD:
        return 0, len(chunks)
    for i, j in windows if named is None else ():
        if _looks_like_card(chunks[i:j]):
            return i, j
    if named is None and sums[-1] > max(CARD_LENGTHS):
        return 0, len(chunks)
    return None


def _may_be_card(digits: str, named: str | None) -> bool:
    """A right check digit comes by chance in every tenth number, so a number named otherwise must look more
    like a card."""
    if named in (None, "card_number", "security_code", "expiry_date", "card_last_four"):
        return True
    return len(digits) in (15, 16) and digits[0] in CARD_FIRST


def _looks_like_card(chunks: Sequence[Chunk]) -> bool:
    sizes = [len(chunk.digits) for chunk in chunks]
    first = chunks[0].digits[0]
    if len(chunks) == 1:
        return True  # 13 to 19 digits in a row that nobody named
    return first in CARD_FIRST and (set(sizes) <= {4, 8, 12, 16} or sizes == [4, 6, 5])


def _read_back(
    chunks: Sequence[Chunk], taken: dict[Chunk, Kind], whole: Sequence[tuple[str, Kind, int]]
) -> dict[Chunk, Kind]:
    """Chunks elsewhere in the call that repeat what was found, whole or in part."""
    again: dict[Chunk, Kind] = {}
    for chunk in chunks:
        if chunk in taken or chunk.measured:
            continue
        for digits, kind, turn in whole:
            if _repeats(chunk, digits, kind, turn, taken):
                again[chunk] = kind
                break
    return again


def _repeats(chunk: Chunk, digits: str, kind: Kind, turn: int, taken: dict[Chunk, Kind]) -> bool:
    said = chunk.digits
    if kind == "security_code" or len(digits) < 6:
        return said == digits and abs(chunk.turn - turn) <= READ_BACK_TURNS
    if len(said) >= len(digits):
        return digits in said
    if len(said) >= MIN_READ_BACK:
        return said in digits
    # Pairs and single digits are read back between the pieces of a number, nowhere else.
    turns = [c.turn for c, k in taken.items() if k == kind]
    return said in digits and not chunk.exclaimed and min(turns) < chunk.turn <= max(turns) + 1
