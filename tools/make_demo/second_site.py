"""``python -m tools.make_demo.second_site``: some sixty calls of a second site, so that groups can be compared.

They are drawn like the history (:mod:`history`), and their transcripts say besides how sure the recogniser was
of each word of the agent: sure on most lines, doubtful on the diverted lines that the late shift of this site
mostly works on. What the recogniser doubts is never scored, so the late shift scores lower there without doing
anything worse: what the page on fairness is there to show.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

from tools.make_demo.history import compose, write_calls

TARGET = Path(__file__).parents[2] / "data" / "demo" / "second-site"
SEED = 20261125
DIVERTED = {"Tomasz Lis": 0.85, "Ruben Costa": 0.9, "Kofi Mensah": 0.85}
"""The share of these agents' calls that come over a diverted line; of everybody else's, ``ELSEWHERE``."""
ELSEWHERE = 0.1
DOUBT_ON_A_CLEAR_LINE = (0.0, 0.05)
DOUBT_ON_A_DIVERTED_LINE = (0.45, 0.75)
"""Between which shares of its words a call has words that the recogniser hardly believes."""


def compose_second_site() -> list[dict[str, Any]]:
    """All calls, in the order of time."""
    calls = compose(habits_of="habits_second_site", seed=SEED, prefix="g", first_customer=3000)
    for call in calls:
        # Each call by itself, so that one more agent changes no other call.
        rng = random.Random(int(hashlib.sha256(f"{SEED} {call['call_id']}".encode()).hexdigest()[:8], 16))
        is_diverted = rng.random() < DIVERTED.get(call["agent"], ELSEWHERE)
        doubt = rng.uniform(*(DOUBT_ON_A_DIVERTED_LINE if is_diverted else DOUBT_ON_A_CLEAR_LINE))
        for turn in call["turns"]:
            if turn["speaker"] == "agent":
                turn["words"] = _words(turn, doubt, rng)
    return calls


def _words(turn: dict[str, Any], doubt: float, rng: random.Random) -> list[dict[str, Any]]:
    """The turn's words, evenly over its time, stretches of them doubted as a bad line does it."""
    words = turn["text"].split()
    step_s = (turn["end"] - turn["start"]) / len(words)
    rows, left = [], 0
    for n, word in enumerate(words):
        if left == 0 and rng.random() < doubt / 2:
            left = rng.randint(3, 6)
        is_doubted = left > 0
        left = max(0, left - 1)
        probability = rng.uniform(0.08, 0.3) if is_doubted else rng.uniform(0.9, 0.99) - doubt / 4
        row = {
            "word": word,
            "start": round(turn["start"] + n * step_s, 2),
            "probability": round(probability, 2),
        }
        rows.append(row | ({"doubtful": True} if is_doubted else {}))
    return rows


if __name__ == "__main__":
    made = write_calls(compose_second_site(), TARGET)
    print(f"{len(made)} calls, {sum(call['duration'] for call in made) / 3600:.1f} h")
