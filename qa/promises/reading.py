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
_AGENT, _COMPANY = r"(?P<agent>i|me|myself|agent|personally)", r"(?P<company>we|us|company)"
_COLLEAGUE = (
    r"(?P<colleague>he|she|they|someone|somebody|one of \w+|(?:\w+ )?(?:colleague|manager|supervisor|engineer|driver|"
    r"technician|team|team leader))"
)
_ANYONE = rf"\b(?:{_AGENT}|{_COMPANY}|{_COLLEAGUE})"
_WILL = re.compile(
    rf"{_ANYONE}(?:(?:'ll| will| shall| can| would|'d| gonna| going to| intend)\b|(?:'m| am|'re| are|'s| is) \w+ing\b|"
    r"(?:'m| am|'re| are|'s| is) gonna\b)"
)
_PERSON = re.compile(rf"{_ANYONE}\b")


def who_in(text: str) -> Literal["agent", "company", "colleague"]:
    """Who will do it: the first person who "will", else the first one named; the company where nobody is."""
    lowered = plain_text(text)
    for clause in (re.sub(r"\bif [^,]*?(?:, |(?=\bi'll\b|\bi will\b))", "", lowered), lowered):
        found = _WILL.search(clause) or _PERSON.search(clause)
        if found:
            break
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
