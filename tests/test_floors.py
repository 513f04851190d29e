"""No behaviour is found worse on the held-back calls than when its floor was set (``tools/model_card.py``)."""

from __future__ import annotations

import json
from pathlib import Path

from qa.behaviours import load_cards, load_shipped_classifier
from qa.learn.evaluate import held_back_calls, report
from tools.model_card import floors

ROOT = Path(__file__).parent.parent
FLOORS: dict[str, float] = json.loads((ROOT / "models" / "behaviours" / "floors.json").read_text())


def test_every_behaviour_stays_above_its_floor() -> None:
    cards = load_cards(ROOT / "data" / "behaviours")
    calls = held_back_calls(ROOT / "data" / "labels")
    rows = report(calls, cards, load_shipped_classifier(ROOT / "models", cards))
    f1 = {row.name: row.counts.f1 or 0.0 for row in rows}
    assert {name: f1[name] for name, floor in FLOORS.items() if f1[name] < floor} == {}
    # and a floor hangs under every behaviour that occurs often enough to have one
    assert set(FLOORS) == set(floors(rows))
