"""Workers as processes of this machine, started afresh (spawn), watched, and replaced when one dies.

What a dead worker had claimed goes back to the queue at once; the queue itself gives up on a file that has
taken several workers down with it.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any

log = logging.getLogger(__name__)

STOP_AFTER_S = 5.0


@dataclass
class Team:
    """A number of worker processes.

    Parameters
    ----------
    target, args
        What a worker runs; it must be importable. The worker's name is put in front of ``args``.
    on_death
        Told the name of a worker that ended with an error or was killed.
    """

    size: int
    target: Callable[..., None]
    args: tuple[Any, ...]
    on_death: Callable[[str], None]
    _running: dict[str, BaseProcess] = field(default_factory=dict)
    _started: int = 0

    def fill(self) -> None:
        """Start workers until the team is complete."""
        context = multiprocessing.get_context("spawn")
        while len(self._running) < self.size:
            self._started += 1
            name = f"{multiprocessing.current_process().pid}-{self._started}"
            process = context.Process(target=self.target, args=(name, *self.args), daemon=True)
            process.start()
            self._running[name] = process

    def look_after(self) -> bool:
        """Replace workers that died; those that ended well stay away. Always False: it did no work itself."""
        for name, process in list(self._running.items()):
            if process.is_alive():
                continue
            del self._running[name]
            if process.exitcode == 0:
                self.size -= 1
                continue
            log.warning("worker %s ended with code %s; another takes its place", name, process.exitcode)
            self.on_death(name)
        self.fill()
        return False

    def stop(self) -> None:
        """End all workers; what they had claimed goes back to the queue."""
        for process in self._running.values():
            process.terminate()
        for name, process in self._running.items():
            process.join(STOP_AFTER_S)
            if process.is_alive():
                process.kill()
                process.join()
            self.on_death(name)
        self._running.clear()


@contextmanager
def start_team(
    size: int, target: Callable[..., None], args: tuple[Any, ...], *, on_death: Callable[[str], None]
) -> Iterator[Team]:
    """A team that is complete at the beginning and stopped at the end."""
    team = Team(size, target, args, on_death)
    try:
        team.fill()
        yield team
    finally:
        team.stop()
