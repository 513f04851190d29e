"""Values that are kept: good until something changes, and what took long a little longer."""

from __future__ import annotations

from threading import Thread

from qa.web.kept import PATIENCE, Kept


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def made(clock: Clock, value: int, cost_s: float) -> int:
    clock.now_s += cost_s
    return value


def test_a_value_is_computed_once_per_revision() -> None:
    clock = Clock()
    kept: Kept[int] = Kept(clock=clock)
    assert kept.get("a", 1, lambda: made(clock, 1, 0.1)) == 1
    assert kept.get("a", 1, lambda: made(clock, 2, 0.1)) == 1
    assert kept.get("a", 2, lambda: made(clock, 3, 0.1)) == 3


def test_what_took_long_is_shown_for_a_while_after_a_change() -> None:
    clock = Clock()
    kept: Kept[int] = Kept(clock=clock)
    kept.get("a", 1, lambda: made(clock, 1, 2.0))
    clock.now_s += 2.0 * PATIENCE - 1.0
    assert kept.get("a", 2, lambda: made(clock, 2, 2.0)) == 1
    clock.now_s += 2.0
    assert kept.get("a", 2, lambda: made(clock, 2, 2.0)) == 2


def test_one_principal_never_gets_the_value_of_another() -> None:
    kept: Kept[str] = Kept()
    assert kept.get(("priya", "all"), 1, lambda: "hers") == "hers"
    assert kept.get(("joel", "all"), 1, lambda: "his") == "his"


def test_only_so_many_are_kept() -> None:
    kept: Kept[int] = Kept(most=2)
    for place in range(3):
        kept.get(place, 1, lambda place=place: place)  # type: ignore[misc]
    assert kept.get(0, 1, lambda: 99) == 99
    assert kept.get(2, 1, lambda: 99) == 2


def test_two_visitors_at_once_compute_it_once() -> None:
    kept: Kept[int] = Kept()
    asked: list[int] = []

    def compute() -> int:
        asked.append(1)
        return len(asked)

    both = [Thread(target=kept.get, args=("a", 1, compute)) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(asked) == 1
