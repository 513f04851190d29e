"""Who binds themself and to how much, read from a promise's own words."""

from __future__ import annotations

import re
from typing import Literal

from qa.promises.grammar import NUMBER, number, plain_text

_CODES = {
    "gbp": "£", "eur": "€", "usd": "$", "us$": "$", "aud": "A$", "cad": "C$", "nzd": "NZ$", "inr": "₹",
    "rs.": "₹", "rs": "₹", "ngn": "₦", "zar": "R",
}  # fmt: skip
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
_FIGURES = r"\d[\d,]*(?:\.\d{1,2}(?!\d))?"
_TIMES = {"hundred": 100, "thousand": 1000, "grand": 1000, "k": 1000, "million": 1_000_000, "m": 1_000_000}
_MORE = r"(?: ?(?P<times>k|m|grand|thousand|million)\b)?"
# "two thousand five hundred", "a hundred and twenty", "fifteen hundred"
_ANY_NUMBER = rf"(?:hundred|thousand|million|{NUMBER})"
_SPELT_NUMBER = rf"(?!(?:an?|another) {NUMBER}\b){_ANY_NUMBER}(?:[ -](?:and )?{_ANY_NUMBER}){{0,8}}"
_SIGNED = re.compile(
    rf"(?:(?P<sign>[£$€₦₹])|(?<!\w)(?P<code>{'|'.join(map(re.escape, _CODES))})) ?"
    rf"(?P<n>\d[\d,]*(?:\.\d+)?){_MORE}"
)
_CODED = re.compile(rf"(?<![\w.,])(?P<n>{_FIGURES}) ?(?P<code>gbp|eur|usd|aud|cad|nzd|inr|ngn|zar)\b")
_SPELT = re.compile(
    rf"(?<![\w'.,])(?P<n>{_FIGURES}|{_SPELT_NUMBER}){_MORE}[ -]"
    rf"(?P<unit>{'|'.join(_WORDS)})s?\b(?: (?:and )?(?P<cents>{NUMBER})(?= pence| p\b| cents|[.,]|$))?"
)
_PENCE = re.compile(rf"(?<![\w'.,])(?P<n>{NUMBER})(?: ?p\b(?!\.? ?m\b)| pence\b)")
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
    """The sum or percentage that a text names: ``£30``, ``$45.50``, ``£2500``, ``10%``; None where it names none."""
    lowered = plain_text(text)
    if signed := _SIGNED.search(lowered):
        sign = signed["sign"] or _CODES[signed["code"]]
        return f"{sign}{_figures(signed['n'], signed['times'])}"
    if coded := _CODED.search(lowered):
        return f"{_CODES[coded['code']]}{_figures(coded['n'], None)}"
    spelt = _SPELT.search(lowered)
    if spelt and not re.search(r"\b(?:another|few|several)\b", spelt["n"]):
        cents = f".{int(number(spelt['cents'])):02d}" if spelt["cents"] else ""
        return f"{_WORDS[spelt['unit']]}{_figures(spelt['n'], spelt['times'])}{cents}"
    percent = _PERCENT.search(lowered)
    if percent:
        return f"{number(percent['n']):g}%"
    pence = _PENCE.search(lowered)
    return f"£{number(pence['n']) / 100:.2f}" if pence else None


def _figures(said: str, times: str | None) -> str:
    """A sum in figures: ``1250``, ``45.50``; what was written with pence keeps them."""
    plain = said.replace(",", "")
    written = re.fullmatch(r"\d+(?:\.\d+)?", plain) is not None
    value = float(plain) if written else _spelt(plain)
    value *= _TIMES[times] if times else 1
    in_cents = value != int(value) or (written and "." in plain and not times)
    return f"{value:.2f}" if in_cents else f"{value:.0f}"


def _spelt(text: str) -> float:
    """``two thousand five hundred``, ``a hundred and twenty``: what stands before hundred or thousand multiplies."""
    total, group = 0.0, 0.0
    for part in re.findall(rf"\b{_ANY_NUMBER}\b", text):
        if part in ("thousand", "million"):
            total, group = total + (group or 1) * _TIMES[part], 0.0
        elif part == "hundred":
            group = (group or 1) * 100
        else:
            group += number(part)
    return total + group
