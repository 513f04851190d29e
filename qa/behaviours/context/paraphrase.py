"""`paraphrase`: the customer's content comes back in the agent's own words.

The classifier says whether the words sound like giving back; this file checks that there was something to give
back and that more than one datum of it returns. Reading back a single number, and repeating a word, are not it.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.content import content, shared
from qa.behaviours.odds import weighed
from qa.behaviours.reading import Reading
from qa.numbers import numbers
from qa.values import Finding

LEAST_CONTENT = 3
"""Content words of the customer so far below which there is nothing to paraphrase."""
ONLY_DATA = 0.6
"""Share of a sentence's content that is numbers from which it is a read-back."""


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Paraphrases, weighed by what the customer had said before."""
    found = [weighed(f, *_weight(reading, f)) for f in phrase.detect(reading, card)]
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)


def _weight(reading: Reading, f: Finding) -> tuple[float, str]:
    turn = f.turn or 0
    heard = " ".join(t.text for t in reading.turns[:turn] if t.speaker == "customer")
    theirs = content(heard)
    if len(theirs) < LEAST_CONTENT:
        return 0.4, "The customer had hardly said anything to give back."
    mine = content(reading.turns[turn].text)
    data = {n.digits for n in numbers(f.quote)}
    own = content(f.quote)
    if own and len(own & data) / len(own) >= ONLY_DATA:
        return 0.4, "It reads back data rather than giving back the matter."
    back = shared(mine, theirs)
    return (
        1.0,
        f"{round(100 * back)} % of its content comes from what the customer had said." if back > 0 else "",
    )
