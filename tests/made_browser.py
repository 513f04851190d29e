"""The app as a browser meets it: started on a free port, waited for, and stopped again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_MS = 60_000
"""A machine that runs other tests beside takes its time to start a browser."""
START_S = 120.0


def chromium_or_skip() -> str:
    """The browser of this machine; without one the test is skipped, and says so."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    return found


@contextmanager
def served(home: Path, *, address: str | None = None, **settings: str) -> Iterator[str]:
    """The app on a home, without a worker; gives its address. ``settings`` are variables of the environment."""
    address = address or f"http://127.0.0.1:{_free_port()}"
    port = address.rpartition(":")[2]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", port]
    given: Mapping[str, str] = {"QA_HOME": str(home), "QA_SERVE_WORKERS": "0", **settings}
    with subprocess.Popen(
        command, env={**os.environ, **given}, cwd=ROOT, stdout=subprocess.DEVNULL
    ) as running:
        try:
            _wait_for(address)
            yield address
        finally:
            running.terminate()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(address: str) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the app did not start")
