"""What people decided is learned from; the new model comes in force only where it is not worse."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_people import Desk, made_desk
from sqlalchemy import select

from qa.behaviours import load_cards
from qa.errors import InputError, NotAllowed
from qa.learn.promotion import Compared, Promotion
from qa.learn.train import train
from qa.learn.versions import roll_back, version_in_use
from qa.review import retraining
from qa.review.deciding import label_finding
from qa.review.learning import LearningRow
from qa.review.retraining import decided_examples, retrain
from qa.settings import Settings
from qa.store import SYSTEM, load_call
from qa.store.tables import Audit

ROOT = Path(__file__).parent.parent
CARDS = ("apology", "empathy", "over_promise", "commitment", "closing", "greeting", "customer_problem")


def small_data(folder: Path) -> Path:
    """Few cards and a dozen labelled calls, two of them held back."""
    (folder / "behaviours").mkdir(parents=True)
    (folder / "labels" / "calls").mkdir(parents=True)
    every_card = load_cards(ROOT / "data" / "behaviours")
    wanted = {*CARDS}
    while more := {b for card in wanted for b in every_card[card].applies_when} - wanted:
        wanted |= more
    for card in wanted:
        shutil.copy(ROOT / "data" / "behaviours" / f"{card}.yaml", folder / "behaviours")
    shutil.copytree(ROOT / "data" / "settings", folder / "settings")
    kept = (ROOT / "data" / "labels" / "held_back.txt").read_text().split()[:2]
    every = sorted(p.stem for p in (ROOT / "data" / "labels" / "calls").glob("k*.txt"))
    for call in {*every[:12], *kept}:
        shutil.copy(ROOT / "data" / "labels" / "calls" / f"{call}.txt", folder / "labels" / "calls")
    (folder / "labels" / "held_back.txt").write_text("\n".join(kept))
    return folder


@dataclass(frozen=True)
class Scene:
    desk: Desk
    settings: Settings


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A desk with one decision, and a model trained on the small labels alone."""
    folder = tmp_path_factory.mktemp("retraining")
    desk = made_desk(folder / "desk")
    data, models = small_data(folder / "data"), folder / "models"
    shutil.copytree(ROOT / "models" / "behaviours", models / "behaviours")
    own = models / "behaviours"
    train(data / "labels", own, load_cards(data / "behaviours"), say=lambda _: None)
    return Scene(desk, desk.settings.model_copy(update={"data": data, "models": models}))


def decide(desk: Desk) -> None:
    stored = load_call(desk.store, SYSTEM, "c0")
    by = dict(zip((f.behaviour for f in stored.detections.findings), stored.finding_ids, strict=True))
    label_finding(
        desk.store, desk["rita"], desk.pipeline, "c0", present=False, reason="No.", finding=by["over_promise"]
    )


def trained(desk: Desk) -> list[str]:
    with desk.store.reading() as connection:
        rows = connection.execute(select(Audit.object_id).where(Audit.action == "train").order_by(Audit.id))
        return [row.object_id for row in rows]


def test_only_leads_train_and_without_a_decision_there_is_nothing_to_learn(scene: Scene) -> None:
    with pytest.raises(NotAllowed):
        retrain(scene.desk.store, scene.desk["rita"], scene.settings)
    with pytest.raises(InputError, match="nothing to learn from yet"):
        retrain(scene.desk.store, scene.desk["lea"], scene.settings)


def test_a_model_that_is_not_worse_comes_in_force_and_goes_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(scene.desk)
    said: list[str] = []
    result = retrain(scene.desk.store, scene.desk["lea"], scene.settings, say=said.append)
    assert result.decisions == 1
    assert said[0] == "1 decisions about findings"
    assert result.promotion.rows[0].name == "all"
    assert result.promotion.rows[0].n_positive > 20
    assert result.version is not None
    assert version_in_use(scene.settings) == result.version
    assert trained(scene.desk) == [result.version]

    worse = Promotion((Compared("all", 100, 0.8, 0.7, -0.15, -0.05, 0.01, enough=True),))
    monkeypatch.setattr(retraining, "compare_models", lambda *_: worse)
    again = retrain(scene.desk.store, scene.desk["lea"], scene.settings, say=said.append)
    assert again.version is None
    assert version_in_use(scene.settings) == result.version, "a worse one replaces nothing"
    assert trained(scene.desk) == [result.version, "not replaced"]

    assert roll_back(scene.settings) == "shipped"


def test_a_decision_speaks_of_one_behaviour_alone() -> None:
    row = LearningRow(
        "c", 2, "agent", "A: Hi. // C: It broke.", "So sorry.", ("apology",), ("apology", "thanks")
    )
    first, second = decided_examples([row])
    assert [(e.only, e.behaviours) for e in (first, second)] == [
        ("apology", (frozenset({"apology"}),)),
        ("thanks", (frozenset(),)),
    ]
    assert [t.speaker for t in first.call.turns] == ["agent", "customer", "agent"]
    assert first.labelled == (2,)
