"""Pictures of the app for the documentation: every page, on a desk and on a phone, light and dark.

Usage: ``python -m tools.screenshots HOME TARGET [--only NAME ...] [--whole]``. HOME is the folder that ``qa demo``
filled; its accounts are read from the sign-in file there. Needs a Chromium on this machine.

Conventions: a picture shows what fits on the screen (``--whole``: the page to its end, for looking at one's
work). Pictures are kept as PNG with a palette, so that all of them together stay small.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright
from pydantic import SecretStr

from qa.batch.deliver import deliver_due
from qa.settings import Settings
from qa.store import SYSTEM, open_store
from qa.store.webhooks import announce_test
from tools.running_app import running_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
DESK, PHONE = (1280, 860), (390, 844)
PATIENCE_MS = 90_000
SETTLE_MS = 1200
TALLEST_PX = 6000
COLOURS = 128
HEARD = ".cv-ans.missed .cv-mom"
SETTLED = "!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')"
SCROLLED = "document.querySelector('[data-testid=stMain]')"
NOWHERE = "http://127.0.0.1:9/hook"
"""An address of this machine at which nobody listens: messages to it wait and are tried again."""
MADE_SECRET = "made up for these pictures alone"


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
    Shot("team-phone", "lead", "/", size=PHONE),
    Shot("agent", "lead", "/agent?name=Joel%20Okafor"),
    Shot("calls", "lead", "/calls"),
    Shot("call", "lead", "/call?id=d12", click=HEARD),
    Shot("call-dark", "lead", "/call?id=d12", scheme="dark", click=HEARD),
    Shot("call-phone", "priya", "/call?id=d01", size=PHONE),
    Shot("home", "joel", "/"),
    Shot("home-dark", "joel", "/", scheme="dark"),
    Shot("home-phone", "joel", "/", size=PHONE),
    Shot("disputes", "lead", "/disputes"),
    Shot("dispute", "lead", "/disputes", click=".stMain .stPageLink a"),
    Shot("promises", "lead", "/promises"),
    Shot("upload", "lead", "/upload"),
    Shot("review_queue", "reviewer", "/review_queue"),
    Shot("calibration", "lead", "/calibration"),
    Shot("patterns", "lead", "/patterns"),
    Shot("forms", "lead", "/forms"),
    Shot("behaviours", "lead", "/behaviours"),
    Shot("fairness", "lead", "/fairness"),
    Shot("account", "priya", "/account", size=PHONE),
    Shot("accounts", "admin", "/accounts"),
    Shot("audit", "admin", "/audit"),
    Shot("webhooks", "admin", "/webhooks"),
    Shot("settings", "admin", "/settings"),
)


def main(home: Path, target: Path, *, shots: Sequence[Shot] = SHOTS, whole: bool = False) -> None:
    """Start the app on HOME, take the pictures, stop it."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium on this machine; apt-get install chromium")
    password = (home / "sign-in.txt").read_text(encoding="utf-8").splitlines()[0].removeprefix("password: ")
    target.mkdir(parents=True, exist_ok=True)
    if any(shot.path == "/webhooks" for shot in shots):
        _tell_nobody(home)
    messages_out = {"QA_WEBHOOKS": json.dumps([NOWHERE]), "QA_WEBHOOK_SECRET": MADE_SECRET}
    with running_app(home, messages_out) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in shots:
            _keep(_take(browser, address, shot, password, whole=whole), target / f"{shot.name}.png")
            print(shot.name)
        if shots is SHOTS:
            page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]})
            page.goto(f"{address}/qa/login")
            _keep(page.screenshot(), target / "sign-in.png")
        browser.close()


def _take(browser: Browser, address: str, shot: Shot, password: str, *, whole: bool) -> bytes:
    context = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        color_scheme=shot.scheme,  # type: ignore[arg-type]
        timezone_id="Europe/London",
        device_scale_factor=2 if shot.size == PHONE and not whole else 1,
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = context.new_page()
        page.goto(f"{address}{shot.path}")
        page.fill("#login", shot.login)
        page.fill("#password", password)
        page.click("button")
        page.wait_for_selector("h1")
        _settle(page)
        if shot.click:
            _click(page, shot.click)
        if whole:
            height = int(page.evaluate(f"{SCROLLED}.scrollHeight")) + 60
            page.set_viewport_size({"width": shot.size[0], "height": min(TALLEST_PX, height)})
            _settle(page)
        return page.screenshot()
    finally:
        context.close()


def _settle(page: Page) -> None:
    for _ in range(3):
        page.wait_for_timeout(SETTLE_MS)
        page.wait_for_function(SETTLED)


def _click(page: Page, wanted: str) -> None:
    if wanted == HEARD:
        page.wait_for_function("document.querySelector('.st-key-player audio')?.readyState > 0")
    page.locator(wanted).first.click()
    _settle(page)
    page.evaluate(f"{SCROLLED}.scrollTo(0, 0)")
    page.wait_for_timeout(500)


def _keep(picture: bytes, path: Path) -> None:
    """With a palette: a page has few colours, and the file is a third of what it was."""
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _tell_nobody(home: Path) -> None:
    """A message to an address at which nobody listens, so that the page of messages has something to show."""
    settings = Settings(home=home, webhooks=(NOWHERE,), webhook_secret=SecretStr(MADE_SECRET))
    store = open_store(settings)
    try:
        announce_test(store, SYSTEM)
        deliver_due(store, settings)
    finally:
        store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures of the app for the documentation.")
    parser.add_argument("home", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="these pictures alone")
    parser.add_argument("--whole", action="store_true", help="each page to its end")
    given = parser.parse_args()
    wanted = tuple(shot for shot in SHOTS if shot.name in given.only) if given.only else SHOTS
    main(given.home, given.target, shots=wanted, whole=given.whole)
