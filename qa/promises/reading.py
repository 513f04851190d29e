"""Who binds themself and to how much, read from a promise's own words."""

from __future__ import annotations

import re
from typing import Literal

from qa.promises.grammar import NUMBER, number, plain_text

_SIGNS = {"£": "£", "$": "$", "€": "€"}
_WORDS = {
    "pound": "£",
    "quid": "£",
    "dollar": "$",
    "buck": "$",
    "euro": "€",
    "rupee": "₹",
    "naira": "₦",
    "rand": "R",
}
_SIGNED = re.compile(r"(?P<sign>[£$€]) ?(?P<n>\d[\d,]*(?:\.\d\d)?)")
_SPELT = re.compile(
    rf"(?<![\w'])(?P<n>\d[\d,]*(?:\.\d\d)?|(?:{NUMBER} hundred(?: and)?(?: {NUMBER})?)|{NUMBER})[ -]"
    rf"(?P<unit>{'|'.join(_WORDS)})s?\b(?: (?:and )?(?P<cents>{NUMBER})(?= pence| p\b| cents|[.,]|$))?"
)
_PERCENT = re.compile(rf"(?<![\w'])(?P<n>{NUMBER}) ?(?:%|per ?cent)")
_PERSON = re.compile(
    r"\b(?P<agent>i|i'll|i'm|i've|me|myself|agent|personally)\b|\b(?P<company>we|we'll|we're|us|company)\b"
    r"|\b(?P<colleague>he|he'll|she|she'll|they|they'll|someone|somebody|colleague|manager|supervisor|engineer)\b"
)


def who_in(text: str) -> Literal["agent", "company", "colleague"]:
    """Who will do it, by the first person named; the company where nobody is."""
    found = _PERSON.search(plain_text(text))
    if found is None:
        return "company"
    if found.group("agent"):
        return "agent"
    return "company" if found.group("company") else "colleague"


def amount_in(text: str) -> str | None:
    """The sum or percentage that a text names: ``£30``, ``$45.50``, ``10%``; None where it names none."""
    lowered = plain_text(text)
    signed = _SIGNED.search(lowered)
    if signed:
        return f"{signed['sign']}{signed['n'].replace(',', '')}"
    spelt = _SPELT.search(lowered)
    if spelt and spelt["n"] not in ("another", "a few", "several"):
        whole = _whole(spelt["n"])
        cents = f".{int(number(spelt['cents'])):02d}" if spelt["cents"] else ""
        return f"{_WORDS[spelt['unit']]}{whole}{cents}"
    percent = _PERCENT.search(lowered)
    return f"{number(percent['n']):g}%" if percent else None


def _whole(text: str) -> str:
    text = text.replace(",", "")
    if " hundred" not in text:
        return f"{number(text):.2f}".removesuffix(".00") if "." in text else f"{number(text):g}"
    hundreds, _, rest = text.partition(" hundred")
    rest = rest.removeprefix(" and").strip()
    return f"{100 * number(hundreds) + (number(rest) if rest else 0):g}"
