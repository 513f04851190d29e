"""`over_promise`: a commitment to an outcome that is not the agent's to secure, or that is absolute.

What a firm has decided its agents may promise (``data/settings/promises.yaml``) is not held against them.
"""

from __future__ import annotations

from qa.behaviours import phrase
from qa.behaviours.cards import Card
from qa.behaviours.odds import weighed
from qa.behaviours.policy import allowed_promises
from qa.behaviours.reading import Reading
from qa.values import Finding

HEDGED = 0.5


def detect(reading: Reading, card: Card) -> tuple[Finding, ...]:
    """Over-promises, each with what makes it one."""
    found = []
    for f in phrase.detect(reading, card):
        sentence = reading.texts[f.turn or 0].plain[f.char_start : f.char_end]
        if any(pattern.search(sentence) for pattern in allowed_promises(reading.cards)):
            continue
        if card.says("absolute", sentence):
            found.append(weighed(f, 1.0, "It is put in absolute words."))
        elif card.says("hedged", sentence):
            found.append(weighed(f, HEDGED, "It is hedged, which speaks against it."))
        else:
            found.append(weighed(f, 1.0, "The outcome does not lie in the agent's own hands."))
    return tuple(f for f in found if f.probability >= phrase.KEEP_FROM)
