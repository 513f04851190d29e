"""In a real browser, at a real provider: "Sign in with ...", the provider's own page, the app, and out again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from made_browser import PATIENCE_MS, chromium_or_skip, served
from made_provider import SECRET, Running, free_port, running_provider
from made_store import keep_call

from qa.settings import Settings
from qa.store import SYSTEM, open_store
from qa.store.accounts import add_account

sync_api = pytest.importorskip("playwright.sync_api")


pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Open:
    """The app, and the provider it trusts."""

    address: str
    provider: Running


@pytest.fixture(scope="module")
def chromium() -> str:
    return chromium_or_skip()


@pytest.fixture(scope="module")
def app(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """The app of a small firm, where passwords are switched off."""
    home = tmp_path_factory.mktemp("sign-in") / "home"
    store = open_store(Settings(home=home))
    keep_call(store, "priyas-call", agent="Priya Nair")
    add_account(store, SYSTEM, login="anna", role="admin")
    store.close()
    address = f"http://127.0.0.1:{free_port()}"
    with running_provider(address) as provider:
        told = provider.settings.model_dump(mode="json") | {"client_secret": SECRET}
        with served(home, address=address, QA_LOCAL_SIGN_IN="false", QA_OIDC=json.dumps(told)):
            yield Open(address, provider)


def test_in_by_the_firms_account_and_out_again(chromium: str, app: Open) -> None:
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        sync_api.expect.set_options(timeout=PATIENCE_MS)
        page = context.new_page()

        page.goto(f"{app.address}/account")
        assert page.locator("input[type=password]").count() == 0
        page.get_by_role("link", name="Sign in with Example account").click()
        page.wait_for_url(f"{app.provider.issuer}/interaction/**")
        page.fill("input[name=login]", "u-priya")
        page.fill("input[name=password]", "any")
        page.click("button[type=submit]")

        page.wait_for_url(f"{app.address}/account")
        sync_api.expect(page.get_by_role("heading", name="Priya")).to_be_visible()
        page.goto(f"{app.address}/calls")
        sync_api.expect(page.get_by_text("1 call").first).to_be_visible()
        cookies = {cookie["name"]: cookie for cookie in context.cookies(app.address)}
        assert cookies["qa_session"]["httpOnly"]
        assert "qa_sign_in" not in cookies

        page.goto(f"{app.address}/account")
        page.get_by_role("button", name="Sign out").click()
        # The provider asks whether its own session is to end, too.
        page.wait_for_url(f"{app.provider.issuer}/session/end**")
        page.get_by_role("button", name="Yes").click()
        page.wait_for_url(f"{app.address}/qa/login**")
        page.goto(f"{app.address}/calls")
        page.wait_for_url(f"{app.address}/qa/login**")
        # And the provider does not let anybody in silently.
        page.get_by_role("link", name="Sign in with Example account").click()
        page.wait_for_url(f"{app.provider.issuer}/interaction/**")
        browser.close()
