"""The app on a free port of this machine, for tools that look at it in a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running_app(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Its address while it runs on the home folder, without workers; ``settings`` are further ``QA_`` variables."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    environment = {
        **os.environ,
        "QA_HOME": str(home.resolve()),
        "QA_SERVE_WORKERS": "0",
        **(settings or {}),
    }
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as app:
        try:
            _wait_for(address)
            yield address
        finally:
            app.terminate()


def _wait_for(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
        except OSError:
            time.sleep(0.5)
        else:
            return
    sys.exit("the app did not start")
