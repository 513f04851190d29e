"""The main journeys in a real browser: sign in, open a call, hear a moment, hand in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_browser import PATIENCE_MS, ROOT, chromium_or_skip, served

from qa.batch import Pipeline, score
from qa.hearing import find_inputs
from qa.settings import Settings
from qa.store import SYSTEM, open_store
from qa.store.accounts import add_account

sync_api = pytest.importorskip("playwright.sync_api")

DEMO = ROOT / "data" / "demo" / "calls"
PASSWORD = "correct horse battery"
CALL = "d01"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> str:
    return chromium_or_skip()


@pytest.fixture(scope="module")
def address(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, with one call of the demo scored from its sound."""
    home = tmp_path_factory.mktemp("browser") / "home"
    settings = Settings(home=home)
    store = open_store(settings)
    done = list(score(find_inputs([DEMO / f"{CALL}.opus"]), store=store, pipeline=Pipeline(settings)))
    assert [one.status for one in done] == ["scored"]
    add_account(store, SYSTEM, login="lea", role="lead", password=PASSWORD, name="Lea")
    store.close()
    with served(home) as address:
        yield address


@pytest.fixture(scope="module")
def page(chromium: str, address: str) -> Iterator[sync_api.Page]:
    """A browser that is signed in; whatever a page says against its own code fails the test."""
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        sync_api.expect.set_options(timeout=PATIENCE_MS)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda request: faults.append(request.url) if _is_elsewhere(request.url, address) else None,
        )
        page.goto(f"{address}/call?id={CALL}")
        page.fill("#login", "lea")
        page.fill("#password", PASSWORD)
        page.click("button")
        yield page
        browser.close()
        assert faults == []


def _is_elsewhere(url: str, address: str) -> bool:
    return not url.startswith((address, address.replace("http", "ws"), "blob:", "data:"))


def test_signing_in_leads_to_the_call_one_wanted_and_shows_what_was_said(page: sync_api.Page) -> None:
    sync_api.expect(page.locator(".cv-turns")).to_contain_text("I sent a box to my grandson")
    assert page.url.endswith(f"/call?id={CALL}")
    sync_api.expect(page.locator(".cv-f").first).to_be_visible()
    sync_api.expect(page.get_by_text("The words come from a transcript")).to_be_visible()


def test_an_answer_plays_from_two_seconds_before_its_moment(page: sync_api.Page) -> None:
    button = page.locator(".cv-ans.met .cv-mom").last
    minutes, seconds = re.search(r"(\d+):(\d\d)", button.inner_text()).groups()  # type: ignore[union-attr]
    at = 60 * int(minutes) + int(seconds)
    page.wait_for_function("document.querySelector('.st-key-player audio')?.readyState > 0")
    button.click()
    page.wait_for_function(
        "at => { const a = document.querySelector('.st-key-player audio');"
        " return !a.paused && a.currentTime > at - 2.6 && a.currentTime < at + 4; }",
        arg=max(2.6, at),
    )
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.st-key-player audio').paused")


def test_the_keys_go_from_finding_to_finding(page: sync_api.Page) -> None:
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    first = page.locator(".cv-now b").inner_text()
    for _ in range(3):
        page.keyboard.press("j")
    assert page.locator(".cv-now b").inner_text() != "" != first


def test_the_way_from_the_team_to_a_call_is_two_clicks(page: sync_api.Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Priya Nair").click()
    sync_api.expect(page.get_by_role("heading", name="Priya Nair")).to_be_visible()
    page.get_by_role("link", name=re.compile("I sent a box")).first.click()
    sync_api.expect(page.locator(".cv-turns")).to_contain_text("grandson")


def test_a_file_is_dropped_looked_at_and_queued(page: sync_api.Page, address: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.wav"
    good.write_text("Agent: Good morning, how can I help?\nCustomer: My parcel never came.\n")
    bad.write_text("this is a text and not a recording at all")
    page.goto(f"{address}/upload")
    page.locator(".drop input").set_input_files([good, bad])
    sync_api.expect(page.get_by_text("is text, not sound")).to_be_visible()
    page.get_by_role("button", name="Score 1 call").click()
    sync_api.expect(page.get_by_text("0 of 1 call")).to_be_visible()


@pytest.mark.parametrize("path", ["/", f"/call?id={CALL}", "/calls", "/disputes", "/fairness", "/settings"])
def test_no_page_is_wider_than_a_phone(page: sync_api.Page, address: str, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}{path}")
    sync_api.expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1
    page.set_viewport_size({"width": 1400, "height": 900})


def test_a_session_that_was_ended_ends_on_the_screen_too(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/account")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/qa/login**")
    page.goto(f"{address}/call?id={CALL}")
    sync_api.expect(page.get_by_role("heading", name="Call QA")).to_be_visible()
