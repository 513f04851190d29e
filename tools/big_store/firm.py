"""Who works there and which calls there were: drawn once, from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

FIRST = [
    "Aisha",
    "Ben",
    "Carla",
    "Deepak",
    "Elin",
    "Femi",
    "Grace",
    "Hamid",
    "Ines",
    "Jonas",
    "Kofi",
    "Lena",
    "Mateo",
    "Nadia",
    "Owen",
    "Petra",
    "Quentin",
    "Rosa",
    "Samir",
    "Tilda",
]
LAST = ["Adeyemi", "Brandt", "Castle", "Dvorak", "Evans", "Farrow", "Garcia", "Haddad", "Iversen", "Jarvis"]
TEAMS = [
    "Amber",
    "Birch",
    "Cedar",
    "Dune",
    "Ember",
    "Fjord",
    "Grove",
    "Harbour",
    "Isle",
    "Juniper",
    "Kestrel",
    "Larch",
]
N_AGENTS = len(FIRST) * len(LAST)
WEEKS = 26
HOURS = (8, 20)
CALLS_PER_CUSTOMER = 2.5
LEVEL, SPREAD = 62.0, 9.0
"""Where the agents' own levels lie, in points; their calls scatter around them by ``NEAR``."""
NEAR = 22.0
TAIL_TURNS = 4


@dataclass(frozen=True, slots=True)
class Template:
    """A call of the demo: its rows, what it scored, how long its conversation is."""

    call: int
    transcript: int
    detection: int
    evaluation: int
    score: float | None
    n_turns: int
    duration_ms: int


def agents() -> list[tuple[str, str]]:
    """Name and team of everybody, in a fixed order."""
    names = [f"{first} {last}" for last in LAST for first in FIRST]
    return [(name, TEAMS[place % len(TEAMS)]) for place, name in enumerate(names)]


def login_of(name: str) -> str:
    """How an agent signs in."""
    return name.lower().replace(" ", ".")


def draw_calls(
    templates: Sequence[Template], *, n_calls: int, seed: int, until: datetime
) -> Iterator[tuple[object, ...]]:
    """Rows of the table ``made``: one per call, oldest first.

    Columns: id, call, transcript, detection, evaluation, n_turns, tail, tail_from, tail_at_ms, duration_ms,
    agent_id, customer, started_ms.
    """
    rng = np.random.default_rng(seed)
    began = until - timedelta(weeks=WEEKS)
    days = rng.choice(WEEKS * 7, size=n_calls, p=_busy(began))
    of_day_s = rng.uniform(HOURS[0] * 3600, HOURS[1] * 3600, size=n_calls)
    starts = np.sort((days * 86_400 + of_day_s).astype(np.int64)) * 1000 + round(began.timestamp() * 1000)
    agent = rng.integers(0, N_AGENTS, size=n_calls)
    customer = rng.integers(0, max(1, int(n_calls / CALLS_PER_CUSTOMER)), size=n_calls)
    which = _by_level(templates, agent, rng)
    tail = rng.integers(0, len(templates), size=n_calls)
    for place in range(n_calls):
        own, other = templates[which[place]], templates[tail[place]]
        begins = int(rng.integers(1, max(2, other.n_turns - TAIL_TURNS)))
        yield (
            place + 1,
            own.call,
            own.transcript,
            own.detection,
            own.evaluation,
            own.n_turns,
            other.transcript,
            begins,
            own.duration_ms,
            own.duration_ms + 3000 * TAIL_TURNS,
            int(agent[place]) + 1,
            f"C-{customer[place]:06d}",
            int(starts[place]),
        )


def _busy(began: datetime) -> np.ndarray:
    """How likely each day is: few calls at the weekend, most on Monday."""
    weights = (1.3, 1.1, 1.0, 1.0, 0.9, 0.35, 0.15)
    each = np.array([weights[(began + timedelta(days=day)).weekday()] for day in range(WEEKS * 7)])
    return each / each.sum()


def _by_level(templates: Sequence[Template], agent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A template for each call: the nearer its score to the agent's level, the likelier."""
    scores = np.array([LEVEL if one.score is None else one.score for one in templates])
    levels = rng.normal(LEVEL, SPREAD, size=N_AGENTS)
    odds = np.exp(-(((scores[None, :] - levels[:, None]) / NEAR) ** 2))
    ladder = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    drawn = rng.random(len(agent))
    found = np.empty(len(agent), dtype=np.int64)
    for one in range(N_AGENTS):
        mine = agent == one
        found[mine] = np.minimum(np.searchsorted(ladder[one], drawn[mine]), len(templates) - 1)
    return found


def last_midnight() -> datetime:
    """The end of the time that calls are made for."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
