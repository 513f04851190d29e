"""``qa serve``: the web app, with a worker beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from qa.errors import SettingsError
from qa.settings import Settings, load_settings

APP = Path(__file__).resolve().parents[2] / "app.py"
STOPS_WITHIN_S = 10.0


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="serve")(serve)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; put a proxy with https in front before opening it.")
    ] = "127.0.0.1",
    model: Annotated[str | None, typer.Option(help="Speech model: a name or a directory.")] = None,
) -> None:
    """Open the web app. It scores what is uploaded with one worker of its own.

    Make the first account with `qa accounts add`.
    """
    start(load_settings(model=model), port=port, address=address)


def start(settings: Settings, *, port: int, address: str = "127.0.0.1") -> None:
    """Run the app until it is stopped.

    Raises
    ------
    SettingsError
        The app's entry is not where it belongs.
    """
    if not APP.is_file():
        raise SettingsError(f"{APP}: not found; run this from the program's own checkout")
    environment = {**os.environ, "QA_HOME": str(settings.home.resolve())}
    if settings.model:
        environment["QA_MODEL"] = settings.model
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(APP)),
        *("--server.port", str(port), "--server.address", address),
    ]
    if address not in ("127.0.0.1", "localhost"):
        command += ["--server.allowedHosts", f"{address},127.0.0.1,localhost"]
    typer.echo(f"http://{address}:{port}  (Ctrl-C ends it)", err=True)
    raise typer.Exit(_run(command, environment))


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run until it ends by itself, by Ctrl-C, or with us: the app never outlives the command."""
    with subprocess.Popen(command, env=environment, cwd=APP.parent) as app:  # noqa: S603
        signal.signal(signal.SIGTERM, lambda *_: app.terminate())
        try:
            return app.wait()
        except KeyboardInterrupt:
            app.wait(STOPS_WITHIN_S)
            return 0
