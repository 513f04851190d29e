"""How long each page takes until it is shown, in a real browser: ``python -m tools.speed HOME --limit SECONDS``.

HOME is what ``qa demo`` or ``tools.big_store`` filled; its accounts are read from the sign-in file there. The app is
started on it, a browser signs in as each role and opens every page of the navigation that the role is for, and
some of them again with a wide choice. A page is shown when the browser has its heading, nothing on it is
stale, and the app has nothing more to send.

Conventions: times are in seconds, from asking for the page's address (the whole app loads anew) after the page was
seen once; the median of ``--times`` tries. Exit status 1 where a page takes longer than the limit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from qa.settings import Settings
from qa.store import SYSTEM, CallFilter, list_calls, open_store
from qa.store.samples import list_samples
from qa.web.navigation import ADMIN, AGENT, ENTRIES
from tools.running_app import running_app

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_MS = 60_000
SHOWN = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  if (!app || app.getAttribute('data-test-script-state') !== 'notRunning') return false;
  if (document.querySelector('[data-stale=true], [data-testid=stSkeleton]')) return false;
  return !!document.querySelector('h1');
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """A page, opened by somebody; ``says`` names a wide or narrow choice."""

    role: str
    page: str
    asked: tuple[tuple[str, str], ...] = ()
    says: str = ""

    @property
    def path(self) -> str:
        # The page that a role begins with has the bare address.
        first = next(entry.name for entry in ENTRIES if self.role in entry.roles)
        return ("/" if self.page == first else f"/{self.page}") + (
            f"?{urlencode(self.asked)}" if self.asked else ""
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """How long a visit took, in seconds."""

    visit: Visit
    shown_s: float


@dataclass(frozen=True, slots=True)
class Known:
    """What addresses of pages need: somebody's call, an agent, a sampled call."""

    agent_login: str
    agent: str
    call: str
    sample: tuple[str, str] | None


def visits(known: Known) -> tuple[Visit, ...]:
    """Every page of the navigation as the role it is for, then the wide choices."""
    asked = {"call": (("id", known.call),), "agent": (("name", known.agent),)}
    found = []
    for entry in ENTRIES:
        roles = ["admin"] if entry.roles == ADMIN else ["agent"] if entry.roles == AGENT else ["lead"]
        if roles == ["lead"] and "agent" in entry.roles:
            roles.append("agent")
        found += [Visit(role, entry.name, asked.get(entry.name, ())) for role in roles]
    every = ("period", "all calls")
    found += [
        Visit("supervisor", "team"),
        Visit("lead", "team", (every,), "all calls"),
        Visit("lead", "agent", (("name", known.agent), every), "all calls"),
        Visit("agent", "home", (every,), "all calls"),
        Visit("lead", "patterns", (every,), "all calls"),
        Visit("lead", "calls", (every, ("q", "parcel")), "all calls, a word"),
        Visit("lead", "calls", (every, ("q", '"speaking to" sorry')), "all calls, a phrase and a word"),
        Visit("lead", "calls", (every, ("order", "lowest score first")), "all calls, lowest first"),
        Visit("lead", "calls", (every, ("behaviour", "Empathy")), "all calls, a behaviour"),
    ]
    if known.sample is not None:
        round_name, call = known.sample
        found.append(Visit("lead", "review_queue", (("round", round_name), ("call", call)), "one call"))
    return tuple(sorted(found, key=lambda visit: visit.role))


def known_of(home: Path) -> Known:
    """An agent with an account, the newest of their calls, and a sampled call that waits."""
    logins = dict(reversed(line.split(maxsplit=1)) for line in _sign_in(home)[2:] if line.strip())
    store = open_store(Settings(home=home))
    try:
        page = list_calls(store, SYSTEM, CallFilter(), limit=200)
        row = next(row for row in page.rows if row.agent in logins)
        waiting = next(iter(list_samples(store, SYSTEM, state="waiting")), None)
    finally:
        store.close()
    sample = None if waiting is None else (waiting.round, waiting.call_id)
    return Known(logins[row.agent or ""], row.agent or "", row.call_id, sample)


def measure(home: Path, *, times: int, only: str = "") -> Iterator[Taken]:
    """Open every page ``times`` times after once for warming up."""
    known = known_of(home)
    password = _sign_in(home)[0].removeprefix("password: ")
    with running_app(home) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        page, signed_in = None, None
        for visit in visits(known):
            if only and only not in f"{visit.page} {visit.path}":
                continue
            if visit.role != signed_in:
                login = known.agent_login if visit.role == "agent" else _login_of(home, visit.role)
                page, signed_in = _signed_in(browser, address, login, password), visit.role
            if page is None:
                raise AssertionError("nobody is signed in")
            yield Taken(visit, _time(page, address + visit.path, times=times))
        browser.close()


def _time(page: Page, address: str, *, times: int) -> float:
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        try:
            page.wait_for_function(SHOWN)
        except PlaywrightTimeoutError:
            return PATIENCE_MS / 1000
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def _signed_in(browser: Browser, address: str, login: str, password: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="Europe/London")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/account")
    page.fill("#login", login)
    page.fill("#password", password)
    page.press("#password", "Enter")
    page.wait_for_function(SHOWN)
    return page


def _sign_in(home: Path) -> list[str]:
    return (home / "sign-in.txt").read_text(encoding="utf-8").splitlines()


def _login_of(home: Path, role: str) -> str:
    return next(line.split()[0] for line in _sign_in(home)[2:] if line.startswith(role))


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("no Chromium on this machine; apt-get install chromium")
    return found


def main() -> int:
    """Print a line per page; 1 where one is too slow."""
    parser = argparse.ArgumentParser(prog="tools.speed", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--limit", type=float, required=True, help="seconds that a page may take")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", default="", help="pages whose address holds this")
    given = parser.parse_args()
    home = given.home.expanduser()
    print(f"{home}: the limit is {given.limit:g} s; median of {given.times}, load {os.getloadavg()[0]:.1f}")
    print(f"{'role':<11}{'page':<14}{'choice':<32}{'shown':>8}")
    slow = 0
    for one in measure(home, times=given.times, only=given.only):
        too_slow = one.shown_s > given.limit
        slow += too_slow
        mark = "  ✕ over the limit" if too_slow else ""
        visit = one.visit
        print(f"{visit.role:<11}{visit.page:<14}{visit.says:<32}{one.shown_s:>7.2f}s{mark}", flush=True)
    print(f"{slow} over the limit" if slow else "all within the limit")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
