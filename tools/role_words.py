"""Learns from the labelled calls which words are an agent's: writes ``data/settings/role_words.yaml``.

    python -m tools.role_words

Logistic regression over the words and word pairs of single turns, the heaviest kept. The held-back calls are left out.
Prints how often the sides of a call are told apart by a model that had not seen it (five parts of the calls).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from qa.labels import labelled_calls
from qa.learn.rows import bucket, held_back
from qa.roles import words_and_pairs
from qa.settings import load_settings
from qa.values import Call

HEAVIEST, STRENGTH, LEAST_TURNS, FOLDS = 300, 0.1, 10, 5
HEAD = """\
# Words and word pairs that tell an agent from a customer, with their weights (above 0: an agent's), learned from the
# project's labelled calls by tools/role_words.py. A learned sum counts with `LEARNED_WEIGHT` of qa/roles.py.
"""


def learn(calls: Sequence[Call]) -> dict[str, float]:
    """The heaviest words and pairs of the calls' turns."""
    turns = [t for call in calls for t in call.turns]
    vectorizer = CountVectorizer(analyzer=words_and_pairs, min_df=LEAST_TURNS, binary=True)
    matrix = vectorizer.fit_transform([t.text for t in turns])
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(matrix, [t.speaker == "agent" for t in turns])
    weights = dict(zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True))
    heaviest = sorted(weights, key=lambda w: (-abs(weights[w]), w))[:HEAVIEST]
    return {str(w): round(float(weights[w]), 2) for w in sorted(heaviest)}


def told_apart(call: Call, weights: dict[str, float]) -> bool:
    """Whether the agent's turns weigh more than the customer's."""
    sums = {"agent": 0.0, "customer": 0.0}
    for turn in call.turns:
        sums[turn.speaker] += sum(weights.get(w, 0.0) for w in words_and_pairs(turn.text))
    return sums["agent"] > sums["customer"]


def main() -> None:
    data: Path = load_settings().data
    kept = held_back(data / "labels")
    calls = [c.as_call() for c in labelled_calls(data / "labels") if c.call_id not in kept]
    right = 0
    for part in range(FOLDS):
        share = [c for c in calls if bucket(f"roles {c.call_id}", FOLDS) == part]
        weights = learn([c for c in calls if bucket(f"roles {c.call_id}", FOLDS) != part])
        right += sum(told_apart(c, weights) for c in share)
    print(f"{right} of {len(calls)} calls told apart by words learned from the others")
    lines = [f'"{word}": {weight}' for word, weight in learn(calls).items()]
    (data / "settings" / "role_words.yaml").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
