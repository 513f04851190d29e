"""Run as a process: a worker that stops in the middle of its first job, so that a test can kill it there."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from qa.batch import Pipeline, work
from qa.settings import Settings
from qa.store import open_store


def main(home: Path, data: Path, mark: Path) -> None:
    """Claim a job, copy its files, write the mark, and hang."""
    from qa.batch import worker

    keep_files = worker.keep_files

    def keep_and_hang(*args: Any, **options: Any) -> Any:
        kept = keep_files(*args, **options)
        mark.touch()
        time.sleep(600)
        return kept

    worker.keep_files = keep_and_hang
    settings = Settings(
        home=home, data=data, models=home.parent / "models"
    )  # as the test: no classifier to load
    work(open_store(settings), Pipeline(settings), lease_s=0.6)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
