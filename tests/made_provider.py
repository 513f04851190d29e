"""A real OpenID provider on loopback, and the settings of an app that trusts it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from qa.oidc import OidcSettings, RoleRule

HERE = Path(__file__).with_name("oidc")
CLIENT, SECRET = "call-qa", "a secret of the client, for tests"
PEOPLE: dict[str, dict[str, object]] = {
    "u-lea": {
        "name": "Lea Lead",
        "email": "lea@firm.example",
        "email_verified": True,
        "groups": ["qa-leads"],
    },
    "u-priya": {"name": "Priya", "groups": ["agents"], "staff": "Priya Nair"},
    "u-sue": {"name": "Sue", "groups": ["North supervisors"]},
    "u-nobody": {"name": "No Body", "groups": ["canteen"]},
    "u-eve": {"name": "Lea Lead", "email": "lea@firm.example", "email_verified": False},
}
RULES = (
    RoleRule(claim="groups", has="qa-leads", role="lead", create=True),
    RoleRule(claim="groups", has="North supervisors", role="supervisor", team="North", create=True),
    RoleRule(claim="groups", has="agents", role="agent", agent_claim="staff", create=True),
)


@dataclass(frozen=True)
class Running:
    """The provider's address and what the app is told of it."""

    issuer: str
    settings: OidcSettings


def free_port() -> int:
    """A port nobody uses at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def running_provider(app: str) -> Iterator[Running]:
    """The provider, for an app at this address; skips where Node or the package is missing."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("no OpenID provider to test against; run: make provider (needs node and npm)")
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    settings = OidcSettings(
        issuer=issuer,
        client_id=CLIENT,
        client_secret=SECRET,  # type: ignore[arg-type]
        redirect_base=app,
        label="Example account",
        scopes=("openid", "profile", "email", "groups"),
        rules=RULES,
    )
    client = {
        "id": CLIENT,
        "secret": SECRET,
        "redirect": settings.redirect_uri,
        "signedOut": settings.after_sign_out,
    }
    told = json.dumps({"issuer": issuer, "port": port, "client": client, "people": PEOPLE})
    command = [node, str(HERE / "provider.mjs"), told]
    with subprocess.Popen(
        command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert any("ready" in line for line in process.stdout), "the provider did not start"
            yield Running(issuer, settings)
        finally:
            process.terminate()


def at_the_provider(place: str, login: str, *, app: str) -> str:
    """Sign in at the provider as a browser would; the address it sends back to."""
    with httpx2.Client(timeout=20) as browser:
        for _ in range(10):
            if place.startswith(app):
                return place
            reply = browser.get(place)
            if reply.status_code == 200:
                form = re.search(r'action="([^"]+)"', reply.text)
                assert form is not None, reply.text
                data = {"prompt": "login", "login": login, "password": "any"}
                reply = browser.post(str(reply.url.join(unescape(form.group(1)))), data=data)
            assert reply.is_redirect, reply.text
            place = str(reply.url.join(reply.headers["location"]))
    raise AssertionError("the provider never sent anybody back")


def path_of(address: str) -> str:
    """An address without the host, for a test client."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
