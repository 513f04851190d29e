"""The shipped classifier beside cards that have changed since it was trained."""

import json
import shutil
from pathlib import Path

import pytest

from qa.behaviours import detect, load_cards, load_classifier, load_shipped_classifier
from qa.behaviours.classifier import recall_of
from qa.errors import ModelError
from qa.values import Call, Turn

ROOT = Path(__file__).parent.parent
CALL = Call("c", (Turn("agent", 0.0, 0.0, "Mind the gap, please. I am so sorry about this."),))


def test_a_new_card_works_without_training_and_the_others_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "behaviours"
    shutil.copytree(ROOT / "data" / "behaviours", folder)
    new = (folder / "apology.yaml").read_text().replace("id: apology", "id: mind_the_gap", 1)
    start, end = new.index("patterns:"), new.index("never:") if "never:" in new else new.index("sources:")
    new = new[:start] + "patterns:\n  - 'mind the gap'\n" + new[end:]
    (folder / "mind_the_gap.yaml").write_text(new)
    (folder / "rushing.yaml").unlink()
    cards = load_cards(folder)
    found = detect(CALL, cards, load_shipped_classifier(ROOT / "models", cards))
    assert [f.probability for f in found.of("mind_the_gap")] == [0.8]
    assert found.of("apology")[0].probability > 0.5


def test_a_changed_model_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "behaviours"
    shutil.copytree(ROOT / "models" / "behaviours", folder)
    with (folder / "heads.skops").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="is not the file its card describes"):
        load_classifier(folder, load_cards(ROOT / "data" / "behaviours"))


def test_a_folder_without_a_classifier_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run: qa train"):
        load_classifier(tmp_path, load_cards(ROOT / "data" / "behaviours"))


def test_the_share_that_is_overlooked_is_known_from_the_card_where_enough_was_counted(tmp_path: Path) -> None:
    folder = tmp_path / "behaviours"
    folder.mkdir()
    assert recall_of(tmp_path) == {}
    rows = {
        "apology": {"recall": 0.8, "positive_turns_in_calls": 40},
        "recap": {"recall": 0.1, "positive_turns_in_calls": 3},
        "thanks": {"recall": None, "positive_turns_in_calls": 0},
    }
    (folder / "card.json").write_text(json.dumps({"cross_validation": {"behaviours": rows}}))
    assert recall_of(tmp_path) == {"apology": 0.8}
