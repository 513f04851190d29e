"""``python -m tools.make_demo.history``: some 150 calls of the weeks before, as transcripts alone.

Who calls whom and when is drawn with a fixed seed; what is said comes from the hand-written ``problems.yaml`` and
``bank.yaml`` by the agents' ``habits.yaml``. A customer to whom something was promised may come back: because it
was not kept, or about something else when it was. Promises near the end stay open.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tools.make_demo.story import Line, Scene, Telling, tell, tell_follow_up, tell_no_problem

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "data" / "demo" / "history"
SEED = 20261116
FIRST_DAY = datetime(2026, 9, 14, tzinfo=UTC)  # a Monday
WEEKS = 9
MOODS = {"calm": 36, "firm": 24, "anxious": 15, "angry": 20, "abusive": 5}
NO_PROBLEM_SHARE = 0.05
COMES_BACK = 0.75  # share of broken promises whose customer calls again
CALLS_ABOUT_OTHER = 0.35  # share of kept ones whose customer calls about something else
WORDS_PER_S = {
    "Priya Nair": 2.6,
    "Dan Whelan": 3.1,
    "Marta Kowalska": 2.5,
    "Joel Okafor": 2.9,
    "Sian Pryce": 2.4,
}
CUSTOMER_WORDS_PER_S = 2.7
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Return:
    """A customer who will call again, or be called, from a day on."""

    day: datetime
    customer: str
    problem: Mapping[str, Any]
    due: str
    kept: bool
    outbound_by: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A call that will be: when and by whom it is taken."""

    at: datetime
    agent: str
    week: int


def make_history(target: Path = TARGET) -> list[dict[str, Any]]:
    """Writes the calls, one file each, and returns them."""
    return write_calls(compose(), target)


def write_calls(calls: list[dict[str, Any]], target: Path) -> list[dict[str, Any]]:
    """Writes calls, one file each, in place of those that are there, and returns them."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.json"):
        old.unlink()
    for call in calls:
        text = json.dumps(call, ensure_ascii=False, separators=(",", ":"))
        (target / f"{call['call_id']}.json").write_text(
            text.replace('{"speaker"', '\n{"speaker"') + "\n", encoding="utf-8"
        )
    return calls


def compose(
    *, habits_of: str = "habits", seed: int = SEED, prefix: str = "h", first_customer: int = 2000
) -> list[dict[str, Any]]:
    """All calls of the agents in one file of habits, in the order of time."""
    bank, problems, habits = (_read(name) for name in ("bank", "problems", habits_of))
    rng = random.Random(seed)
    waiting: list[Return] = []
    calls: list[dict[str, Any]] = []
    for slot in _slots(habits, rng):
        number = len(calls) + 1
        weights = _weights(habits[slot.agent], slot.week)
        back = _taken(waiting, slot, habits[slot.agent]["queues"], rng)
        customer = back.customer if back else f"C-{first_customer + number}"
        due_day, due = _due(slot.at, rng)
        follow = WEEKDAYS[(due_day + timedelta(days=1 if due_day.weekday() < 4 else 3)).weekday()]
        scene = _scene(slot, weights, problems, habits, rng, back, due, follow)
        telling = _told(scene, bank, rng, back)
        calls.append(
            _call(f"{prefix}{number:03d}", slot, customer, scene.queue, telling, outbound=_is_outbound(back))
        )
        if telling.promised:
            waiting += _returns(telling, customer, due_day, due, habits[slot.agent]["keeps"], rng)
    return calls


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def _slots(habits: Mapping[str, Any], rng: random.Random) -> list[Slot]:
    slots = []
    for agent, row in habits.items():
        for _ in range(row["calls"]):
            week = rng.randrange(row.get("from_week", 0), WEEKS)
            day = FIRST_DAY + timedelta(weeks=week, days=rng.randrange(5))
            slots.append(Slot(day + timedelta(minutes=rng.randrange(8 * 60, 18 * 60)), agent, week))
    return sorted(slots, key=lambda slot: (slot.at, slot.agent))


def _weights(row: Mapping[str, Any], week: int) -> dict[str, float]:
    """The habits in this week: between the first and the last one on a straight line."""
    along = week / (WEEKS - 1)
    made = {}
    for name, value in row.items():
        if isinstance(value, list):
            made[name] = value[0] + (value[1] - value[0]) * along
        elif isinstance(value, float):
            made[name] = value
    return made


def _taken(waiting: list[Return], slot: Slot, queues: Mapping[str, int], rng: random.Random) -> Return | None:
    """Somebody whose time to call again has come and who fits this agent; taken off the list."""
    ready = [
        one
        for one in waiting
        if one.day <= slot.at < one.day + timedelta(days=9)
        and (one.outbound_by == slot.agent if one.outbound_by else one.problem["queue"] in queues)
    ]
    if not ready or rng.random() > 0.8:
        return None
    waiting.remove(ready[0])
    return ready[0]


def _due(at: datetime, rng: random.Random) -> tuple[datetime, str]:
    """A working day in the next days, and its name."""
    days = rng.choice((1, 2, 2, 3, 4))
    day = at.replace(hour=18, minute=0) + timedelta(days=days)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day, "tomorrow" if (day.date() - at.date()).days == 1 else WEEKDAYS[day.weekday()]


def _scene(
    slot: Slot,
    weights: Mapping[str, float],
    problems: list[dict[str, Any]],
    habits: Mapping[str, Any],
    rng: random.Random,
    back: Return | None,
    due: str,
    follow: str,
) -> Scene:
    queues = habits[slot.agent]["queues"]
    queue = rng.choices(list(queues), weights=list(queues.values()))[0]
    problem: Mapping[str, Any] = rng.choice([one for one in problems if one["queue"] == queue])
    mood = rng.choices(list(MOODS), weights=list(MOODS.values()))[0]
    opening, same = None, False
    if back and (not back.kept or back.outbound_by):
        problem, same = back.problem, not back.outbound_by
        mood = rng.choice(("angry", "angry", "firm", "anxious"))
    if back and not back.outbound_by:
        said = back.problem["kept" if back.kept else "again"]
        opening = str(said).format(due="the next day" if back.due == "tomorrow" else back.due)
    hour = slot.at.hour
    part = "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"
    return Scene(slot.agent, problem["queue"], problem, mood, part, due, follow, weights, opening, same)


def _told(scene: Scene, bank: Mapping[str, Any], rng: random.Random, back: Return | None) -> Telling:
    if _is_outbound(back):
        assert back is not None
        return tell_follow_up(scene, bank, rng, well=back.kept)
    if back is None and rng.random() < NO_PROBLEM_SHARE:
        return tell_no_problem(scene, bank, rng)
    return tell(scene, bank, rng)


def _is_outbound(back: Return | None) -> bool:
    return back is not None and back.outbound_by is not None


def _returns(
    telling: Telling, customer: str, due_day: datetime, due: str, keeps: float, rng: random.Random
) -> list[Return]:
    """Whether and why this customer is heard of again."""
    scene = telling.scene
    kept = rng.random() < keeps
    next_day = (due_day + timedelta(days=1)).replace(hour=7)
    if telling.follows_up and rng.random() < keeps:
        return [Return(next_day, customer, scene.problem, due, kept, outbound_by=scene.agent)]
    if rng.random() < (CALLS_ABOUT_OTHER if kept else COMES_BACK):
        return [Return(next_day, customer, scene.problem, due, kept)]
    return []


def _call(
    call_id: str, slot: Slot, customer: str, queue: str, telling: Telling, *, outbound: bool
) -> dict[str, Any]:
    turns = _timed(telling.lines, slot.agent)
    return {
        "call_id": call_id,
        "agent": slot.agent,
        "customer": customer,
        "queue": queue,
        "direction": "outbound" if outbound else "inbound",
        "started_at": slot.at.isoformat(),
        "language": "en",
        "duration": round(max(turn["end"] for turn in turns) + 0.6, 2),
        "turns": turns,
    }


def _timed(lines: list[Line], agent: str) -> list[dict[str, Any]]:
    """The turns with times by each speaker's rate of words."""
    turns: list[dict[str, Any]] = []
    end = 0.5
    for line in lines:
        rate = (
            WORDS_PER_S.get(agent, CUSTOMER_WORDS_PER_S) if line.speaker == "agent" else CUSTOMER_WORDS_PER_S
        )
        start = max(0.0, end + line.pause_s)
        stop = start + 0.3 + len(line.text.split()) / rate
        if line.inside:
            stop = min(stop, end - 0.3)
        turns.append(
            {"speaker": line.speaker, "start": round(start, 2), "end": round(stop, 2), "text": line.text}
        )
        end = max(end, stop)
    return turns


if __name__ == "__main__":
    made = make_history()
    print(f"{len(made)} calls, {sum(call['duration'] for call in made) / 3600:.1f} h")
