"""In a real browser: an agent disputes, a lead decides, the score changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from made_browser import PATIENCE_MS, ROOT, chromium_or_skip, served

from qa.batch import Pipeline, score
from qa.hearing import find_inputs
from qa.settings import Settings
from qa.store import SYSTEM, load_call, open_store
from qa.store.accounts import add_account
from qa.store.disputes import list_disputes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api")

CALL = "d01"
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[str, Settings]]:
    """The app with one call of the demo, its agent and a lead."""
    settings = Settings(home=tmp_path / "home")
    store = open_store(settings)
    sources = find_inputs([ROOT / "data" / "demo" / "calls" / f"{CALL}.opus"])
    done = list(score(sources, store=store, pipeline=Pipeline(settings)))
    assert [one.status for one in done] == ["scored"]
    agent = load_call(store, SYSTEM, CALL).row.agent
    add_account(store, SYSTEM, login="lea", role="lead", password=PASSWORD, name="Lea")
    add_account(store, SYSTEM, login="ann", role="agent", password=PASSWORD, name="Ann", agent=agent)
    store.close()
    with served(settings.home) as address:
        yield address, settings


def _signed_in(browser: Browser, address: str, login: str) -> Page:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/call?id={CALL}")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("button")
    page.wait_for_selector("h1")
    return page


def test_an_agent_disputes_a_lead_decides_and_the_score_changes(app: tuple[str, Settings]) -> None:
    chromium = chromium_or_skip()
    address, settings = app
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        agent = _signed_in(browser, address, "ann")
        figure = agent.locator("[data-testid=stMetricValue]")
        before = figure.inner_text()
        agent.locator(".st-key-act").get_by_text("Dispute", exact=True).click()
        agent.locator(".st-key-dispute-about input").click()
        agent.locator("[role=option]").first.click()
        agent.get_by_text("It did not apply to this call").click()
        sync_api.expect(agent.get_by_text("The score would change from")).to_be_visible()
        agent.locator(".st-key-dispute-text textarea").fill("It did not come up in this call.")
        agent.keyboard.press("Tab")
        agent.locator(".st-key-dispute-send button").click()
        sync_api.expect(agent.get_by_text("Your dispute was sent.")).to_be_visible()

        lead = _signed_in(browser, address, "lea")
        lead.get_by_text("Uphold: the dispute is right").click()
        lead.get_by_label("Why? The agent reads this.").fill("Right, it did not come up.")
        lead.keyboard.press("Tab")
        lead.get_by_role("button", name=re.compile("Decide$")).click()
        sync_api.expect(lead.get_by_text("Decided. The score is")).to_be_visible()

        agent.reload()
        sync_api.expect(figure).to_be_visible()
        sync_api.expect(figure).not_to_have_text(before)
        browser.close()
    store = open_store(settings)
    assert [row.state for row in list_disputes(store, SYSTEM)] == ["upheld"]
    store.close()
