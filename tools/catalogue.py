"""The behaviour catalogue, ``docs/behaviours.md``, written from the cards.

``python -m tools.catalogue`` writes it; ``--check`` only says whether the committed file is up to date.

Conventions: one heading per section and card, cards by name within a section; patterns stay in the card's
file. A few examples of each kind are shown, those of the card first in its file first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from qa.behaviours.cards import Card, Cards, Example, Section, load_cards

ROOT = Path(__file__).resolve().parents[1]
CARDS = ROOT / "data" / "behaviours"
TARGET = ROOT / "docs" / "behaviours.md"

TEXTS_SHOWN = 4
CALLS_SHOWN = 2
"""A reader takes a definition from a few examples; the rest are for the tests."""

SECTIONS: dict[Section, tuple[str, str]] = {
    "listen": ("Listen", "The customer speaks, the agent hears them out."),
    "acknowledge": ("Acknowledge", "Feelings first."),
    "clarify": ("Clarify", "Understand before answering."),
    "respond": ("Respond", "Act, and promise only what will happen."),
    "ownership": ("Take ownership", "Hold, transfer, hand over, stay reachable."),
    "conduct": ("Conduct", "Calm, respectful, professional."),
    "escalate": ("Escalate", "Know when to bring somebody in."),
    "open_close": ("Open and close", "The first words and the last ones."),
    "customer": ("What the customer does", "No marks are given for it: it decides what the rest applies to."),
}
POLARITY = {"+": "to do", "-": "to avoid", "=": "a fact"}
NEEDS = {
    "text": "any transcript",
    "turn_times": "a transcript with the times of the turns",
    "word_times": "word times, or a recording with a channel for each speaker",
    "sound": "a recording with a channel for each speaker",
}
DETECTORS = {
    "phrase": "from what is said",
    "context": "from what is said and the turns around it",
    "timing": "from who speaks when",
}
INTRO = """\
# Behaviours

What the program looks for in a call, in the order of a conversation. Each behaviour is one file in
`data/behaviours`; this page is written from those files by `python -m tools.catalogue`, so change the files
and not the page. The exact rules by which people and the program label a call are in [codebook.md](codebook.md).

In the examples **A** is the agent and **C** the customer. In a small call the number is the pause in seconds
before the turn, negative where the turn starts before the other has finished, and `cut` marks a turn that is
broken off.
"""


def catalogue(cards: Cards) -> str:
    """The whole page as Markdown."""
    parts = [INTRO, *_overview(cards)]
    for section in SECTIONS:
        title, about = SECTIONS[section]
        parts.append(f"## {title}\n\n{about}\n")
        parts.extend(_card(card, cards) for card in _of(cards, section))
    return "\n".join(parts)


def _of(cards: Iterable[Card], section: Section) -> list[Card]:
    return sorted((c for c in cards if c.section == section), key=lambda c: c.name)


def _overview(cards: Cards) -> Iterator[str]:
    yield "| | behaviour | id | |\n|---|---|---|---|"
    for section, (title, _) in SECTIONS.items():
        for i, card in enumerate(_of(cards, section)):
            yield (
                f"| {title if i == 0 else ''} | [{card.name}](#{card.id}) | `{card.id}` "
                f"| {POLARITY[card.polarity]} |"
            )
    yield ""


def _card(card: Card, cards: Cards) -> str:
    lines = [
        f'<a id="{card.id}"></a>\n\n### {card.name}\n',
        f"*{card.question}* (`{card.id}`, {POLARITY[card.polarity]})\n",
        f"{card.meaning}\n",
        f"- **Counts:** {card.counts}",
    ]
    if card.does_not_count:
        lines.append(f"- **Does not count:** {card.does_not_count}")
    if card.applies_when:
        names = " or ".join(f"[{cards[b].name}](#{b})" for b in card.applies_when)
        lines.append(f"- **Applies:** only in calls with: {names}.")
    once = "; at most once a call" if card.once_a_call else ""
    lines.append(f"- **Found:** {DETECTORS[card.detector]}; needs {NEEDS[card.needs]}{once}.")
    lines.extend(
        f"- **Setting** `{name}` = {setting.value:g}: {setting.source}."
        for name, setting in card.settings.items()
    )
    lines.append(f"- **Source:** {'; '.join(_source(s) for s in card.sources)}.\n")
    lines.append(f"> **Tip.** {card.tip}\n")
    lines.append(f"{_examples('Is one', card.fires, card)}\n")
    lines.append(f"{_examples('Is none', card.silent, card)}\n")
    return "\n".join(lines)


def _source(source: str) -> str:
    """``S1 9 tips`` as a title in italics, ``practice`` as it is."""
    number, _, title = source.partition(" ")
    return f"*{title}*" if number.startswith("S") and title else source


def _examples(heading: str, examples: tuple[Example, ...], card: Card) -> str:
    texts = [e for e in examples if e.text][:TEXTS_SHOWN]
    calls = [e for e in examples if e.call][: CALLS_SHOWN if not texts else 1]
    lines = [f"{heading}:\n"]
    lines.extend(f"- {_said(e, card)}" for e in texts)
    if texts and calls:
        lines.append("")
    lines.append("\n\n".join(f"```text\n{e.call.rstrip()}\n```" for e in calls))
    return "\n".join(lines).rstrip()


def _said(example: Example, card: Card) -> str:
    """The text, after the turns before it in brackets where there are any."""
    who = "A" if card.speaker == "agent" else "C"
    before = "".join(f"{_plain(turn)} / " for turn in example.context)
    return f"{before}**{who}: {_plain(example.text)}**" if before else _plain(example.text)


def _plain(text: str) -> str:
    """Characters that Markdown would take for its own, escaped."""
    return "".join(f"\\{c}" if c in "*_`<>[]" else c for c in text.strip())


def main(arguments: list[str] | None = None) -> int:
    """Writes the page, or with ``--check`` compares it; exit status 1 where it is out of date."""
    parser = argparse.ArgumentParser(prog="python -m tools.catalogue", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare only")
    options = parser.parse_args(arguments)
    page = catalogue(load_cards(CARDS))
    if not options.check:
        TARGET.write_text(page, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page:
        return 0
    print(f"{TARGET.name} is not what the cards say; run: python -m tools.catalogue", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
