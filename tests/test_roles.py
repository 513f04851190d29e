"""Who is the agent: labels, words, and when nothing is concluded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.roles import probability_first_is_agent, role_phrases, side_of_label, who_is_who
from qa.settings import load_settings


@pytest.mark.parametrize(
    ("label", "side"),
    [
        ("AGENT", "agent"),
        ("agent_channel", "agent"),
        ("Customer Service Representative", "agent"),
        ("END_USER", "customer"),
        ("HUMAN_AGENT", "agent"),
        ("AUTOMATED_AGENT", "neither"),
        ("IVR", "neither"),
        ("Sam (customer)", "customer"),
        ("spk_0", "unknown"),
        ("Speaker 1", "unknown"),
        ("Agent or customer", "unknown"),
        ("Mary", "unknown"),
        ("", "unknown"),
    ],
)
def test_labels_name_sides(label: str, side: str) -> None:
    assert side_of_label(label) == side


def test_one_named_side_names_the_other() -> None:
    roles = who_is_who({"Agent": ["hello"], "Jane Doe": ["hi"]})
    assert roles is not None
    assert roles.of == {"Agent": "agent", "Jane Doe": "customer"}
    assert roles.confidence == 1.0


def test_three_voices_without_names_are_nobody() -> None:
    assert who_is_who({"spk_0": ["How can I help you?"], "spk_1": ["My bill"], "spk_2": ["hm"]}) is None


def test_two_voices_that_say_nothing_telling_are_nobody() -> None:
    assert who_is_who({"spk_0": ["Yes."], "spk_1": ["No."]}) is None


def test_a_menu_beside_the_two_sides_is_left_out() -> None:
    roles = who_is_who({"IVR": ["press one"], "Agent": ["hello"], "Customer": ["hi"]})
    assert roles is not None
    assert roles.of["IVR"] is None
    assert roles.note == "Left out, neither agent nor customer: IVR."


def test_words_tell_the_agent_in_the_written_calls() -> None:
    """Right nearly always, and hardly ever surely wrong, on calls from which no word was learned."""
    p_right = []
    labels = load_settings().data / "labels"
    for call in (labels / "held_back.txt").read_text(encoding="utf-8").split():
        path = labels / "calls" / f"{call}.txt"
        text = path.read_text(encoding="utf-8")
        lines = re.findall(r"^([AC]) -?[\d.]+(?: cut)?: (.+)$", text, re.MULTILINE)
        agent, customer = ([said for side, said in lines if side == one] for one in ("A", "C"))
        p_right.append(probability_first_is_agent(agent, customer))
    assert len(p_right) >= 10
    assert sum(p <= 0.2 for p in p_right) / len(p_right) <= 0.02
    assert sum(p > 0.5 for p in p_right) / len(p_right) > 0.95


def test_the_order_of_the_sides_does_not_matter() -> None:
    first, second = ["How can I help you?"], ["I'm calling about my bill"]
    p = probability_first_is_agent(first, second)
    assert probability_first_is_agent(second, first) == pytest.approx(1 - p)


def test_a_broken_pattern_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "role_phrases.yaml").write_text(
        "certain_enough: 0.8\nagent:\n  - [1.0, '(']\ncustomer: []\n"
    )
    with pytest.raises(SettingsError, match=r"role_phrases\.yaml"):
        role_phrases(tmp_path)
