"""Labelled turns as the classifier is trained on them: each in its small or whole call.

Conventions
-----------
- An utterance becomes a small call of its context and itself; only its last turn is labelled.
- ``group`` keeps apart what must not be split: all turns of one call, an utterance with itself.
- The held-back calls are a fixed list: never trained on, by anything in the project.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.behaviours.cards import Card, Cards
from qa.behaviours.cards import Example as CardExample
from qa.behaviours.reading import TurnText
from qa.labels import LabelledCall, LabelledUtterance, labelled_calls, labelled_utterances
from qa.learn.noise import heard_badly
from qa.values import Call, Speaker, Timing, Turn

WORD_ERRORS = (0.05, 0.15)
"""Of a call's copy as a recogniser would print it: a good and a poor telephone line."""
NOT_FROM_WORDS = frozenset({"interruption", "dead_air", "raised_voice", "venting_room", "escalation_missed"})
"""Judged from times or from other findings: no head is trained for them."""


def bucket(text: str, buckets: int) -> int:
    """A number from 0 to ``buckets - 1`` that depends on the text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % buckets


def held_back(labels: Path) -> frozenset[str]:
    """Ids of the calls that are never trained on (``held_back.txt``): chosen once, before anything was trained."""
    file = labels / "held_back.txt"
    return frozenset(file.read_text(encoding="utf-8").split()) if file.is_file() else frozenset()


@dataclass(frozen=True)
class Example:
    """A call of which the turns in ``labelled`` have labels; ``weight`` says how much each counts."""

    group: str
    call: Call
    texts: tuple[TurnText, ...]
    labelled: tuple[int, ...]
    behaviours: tuple[frozenset[str], ...]
    """Per labelled turn."""
    whole_call: bool
    only: str | None = None
    """Set where the labels speak of one behaviour alone: a card's example says nothing about the others."""
    copy: str = ""
    """Set where the same call stands in another wording: copies share the group and the labels."""

    @property
    def key(self) -> str:
        """Names the example among all, copies too."""
        return self.group + self.copy


def _example(
    group: str, call: Call, behaviours: Sequence[frozenset[str]], *, whole: bool, only: str | None = None
) -> Example:
    texts = tuple(TurnText.of(turn.text) for turn in call.turns)
    labelled = tuple(range(len(call.turns))) if whole else (len(call.turns) - 1,)
    return Example(group, call, texts, labelled, tuple(behaviours), whole, only)


def of_call(call: LabelledCall) -> Example:
    """A whole labelled call."""
    return _example(call.call_id, call.as_call(), [t.behaviours for t in call.turns], whole=True)


def heard_badly_too(examples: Iterable[Example]) -> Iterator[Example]:
    """Each whole call once more with the words a recogniser gets wrong, half of them with few, half with many."""
    for e in examples:
        if e.whole_call:
            rate = WORD_ERRORS[bucket(f"errors {e.group}", len(WORD_ERRORS))]
            call = heard_badly(e.call, rate)
            texts = tuple(TurnText.of(turn.text) for turn in call.turns)
            yield replace(e, call=call, texts=texts, whole_call=False, copy=f" with {rate:.0%} word errors")


def of_utterance(utterance: LabelledUtterance) -> Example:
    """An utterance after its context, without times."""
    turns = [Turn(who, 0.0, 0.0, text) for who, text in utterance.context]
    turns.append(Turn(utterance.speaker, 0.0, 0.0, utterance.text))
    call = Call(utterance.utterance_id, tuple(turns), timing=Timing(source="none"))
    return _example(utterance.utterance_id, call, [utterance.behaviours], whole=False)


def of_decision(
    group: str,
    said: Sequence[tuple[Speaker, str]],
    *,
    behaviour: str,
    present: bool,
) -> Example:
    """What a person decided about the last of the turns ``said``: it carries one behaviour, or does not."""
    call = Call(group, tuple(Turn(who, 0.0, 0.0, text) for who, text in said), timing=Timing(source="none"))
    return _example(group, call, [frozenset({behaviour} if present else ())], whole=False, only=behaviour)


def card_call(card: Card, example: CardExample, name: str) -> Call:
    """A card's text after its context, as a small call without times."""
    turns = [
        Turn("agent" if line.startswith("A:") else "customer", 0.0, 0.0, line[2:].strip())
        for line in example.context
    ]
    turns.append(Turn(card.speaker, 0.0, 0.0, example.text))
    return Call(name, tuple(turns), timing=Timing(source="none"))


def of_card_examples(cards: Cards) -> tuple[Example, ...]:
    """The cards' own texts, firing and silent; each speaks of its card's behaviour alone."""
    found = []
    for card in cards:
        for kind, examples in (("fires", card.fires), ("silent", card.silent)):
            for number, example in enumerate(examples):
                if example.text and card.id not in NOT_FROM_WORDS:
                    name = f"card:{card.id}:{kind}:{number}"
                    carried = frozenset({card.id} if kind == "fires" else ())
                    call = card_call(card, example, name)
                    found.append(_example(name, call, [carried], whole=False, only=card.id))
    return tuple(found)


@dataclass(frozen=True)
class Labels:
    """Everything labelled, parted: what may be trained on, and the held-back calls."""

    training: tuple[Example, ...]
    held_back: tuple[Example, ...]


def load_labels(folder: Path) -> Labels:
    """All labels of ``data/labels``, in a fixed order."""
    calls = [of_call(c) for c in labelled_calls(folder)]
    utterances = _distinct(of_utterance(u) for u in labelled_utterances(folder))
    kept = held_back(folder)
    training = [e for e in calls if e.group not in kept] + utterances
    return Labels(tuple(training), tuple(e for e in calls if e.group in kept))


def _distinct(examples: Iterable[Example]) -> list[Example]:
    """One example per id: the same line may stand in two behaviours' files."""
    return list({e.group: e for e in examples}.values())
