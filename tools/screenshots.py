"""Pictures of the app for the documentation: every main page, on a desk and on a phone, light and dark.

Usage: ``python -m tools.screenshots HOME TARGET``. HOME is the folder that ``qa demo`` filled; its accounts are
read from the sign-in file there. Needs a Chromium on this machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DESK, PHONE = (1400, 900), (390, 844)
PATIENCE_MS = 90_000
SETTLE_MS = 1500
SETTLED = "!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')"


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which page, on what, after what was clicked."""

    name: str
    login: str
    path: str
    size: tuple[int, int] = DESK
    scheme: str = "light"
    click: str | None = None


SHOTS = (
    Shot("team", "lead", "/"),
    Shot("agent", "lead", "/agent?name=Joel%20Okafor"),
    Shot("calls", "lead", "/calls"),
    Shot("call", "lead", "/call?id=d02", click=".cv-ans.missed .cv-mom"),
    Shot("call-dark", "lead", "/call?id=d02", scheme="dark", click=".cv-ans.missed .cv-mom"),
    Shot("upload", "lead", "/upload"),
    Shot("accounts", "admin", "/accounts"),
    Shot("home", "priya", "/"),
    Shot("home-phone", "priya", "/", size=PHONE),
    Shot("call-phone", "priya", "/call?id=d01", size=PHONE),
)


def main(home: Path, target: Path) -> None:
    """Start the app on HOME, take every picture, stop it."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium on this machine; apt-get install chromium")
    password = (home / "sign-in.txt").read_text(encoding="utf-8").splitlines()[0].removeprefix("password: ")
    target.mkdir(parents=True, exist_ok=True)
    with _app(home) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            context = browser.new_context(
                viewport={"width": shot.size[0], "height": shot.size[1]},
                color_scheme=shot.scheme,  # type: ignore[arg-type]
                timezone_id="Europe/London",
                device_scale_factor=2 if shot.size == PHONE else 1,
            )
            context.set_default_timeout(PATIENCE_MS)
            _take(context.new_page(), address, shot, password, target)
            context.close()
        page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]})
        page.goto(f"{address}/qa/login")
        page.screenshot(path=str(target / "sign-in.png"))
        browser.close()


def _take(page: Page, address: str, shot: Shot, password: str, target: Path) -> None:
    page.goto(f"{address}{shot.path}")
    page.fill("#login", shot.login)
    page.fill("#password", password)
    page.click("button")
    page.wait_for_selector("h1")
    for _ in range(3):
        page.wait_for_timeout(SETTLE_MS)
        page.wait_for_function(SETTLED)
    if shot.click:
        page.wait_for_function("document.querySelector('.st-key-player audio')?.readyState > 0")
        page.locator(shot.click).first.click()
        page.wait_for_timeout(SETTLE_MS)
        page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
        page.wait_for_timeout(500)
    page.screenshot(path=str(target / f"{shot.name}.png"))
    print(shot.name)


@contextmanager
def _app(home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    environment = {**os.environ, "QA_HOME": str(home.resolve()), "QA_SERVE_WORKERS": "0"}
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


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
