"""Messages to other programs: signed, tried again, sent only where the settings say, and never with words."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from made_people import Desk, made_desk
from made_web import open_page, words_of
from sqlalchemy import text

from qa.batch.deliver import deliver_due, is_signed
from qa.errors import NotAllowed, SettingsError
from qa.review.disputing import open_dispute
from qa.settings import load_settings
from qa.store import SYSTEM
from qa.store.webhooks import MAX_TRIES, announce_test, list_deliveries, list_endpoints, replay, wait_s
from qa.web import state

SECRET = "a-secret-of-the-test-alone"


class Receiver(HTTPServer):
    """A server on this machine that remembers what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(tmp_path: Path, receiver: Receiver) -> Desk:
    return made_desk(tmp_path, webhooks=(receiver.url,), webhook_secret=SECRET)


def test_a_worker_tells_of_a_score_signed_and_without_a_word(desk: Desk, receiver: Receiver) -> None:
    ((headers, body),) = receiver.got
    made = json.loads(body)
    assert (made["event"], made["call_id"], made["agent"]) == ("call.scored", "c0", "Priya Nair")
    assert made["event_id"] == headers["X-QA-Event-Id"]
    assert "parcel" not in body.decode()
    now = time.time()
    assert is_signed(SECRET, body, headers["X-QA-Signature"], now_s=now)
    assert not is_signed(SECRET, body + b" ", headers["X-QA-Signature"], now_s=now)
    assert not is_signed("another secret of the test", body, headers["X-QA-Signature"], now_s=now)
    assert not is_signed(SECRET, body, headers["X-QA-Signature"], now_s=now + 3600)
    assert not is_signed(SECRET, body, "nonsense", now_s=now)


def test_a_dispute_is_told(desk: Desk, receiver: Receiver) -> None:
    open_dispute(
        desk.store, desk["amy"], desk.pipeline, "c0", settings=desk.settings,
        ground="policy_forced", text="My words stay here.", criterion="promises_only_what_will_happen",
    )  # fmt: skip
    assert deliver_due(desk.store, desk.settings) == 1
    assert json.loads(receiver.got[-1][1])["event"] == "dispute.opened"
    assert b"My words" not in receiver.got[-1][1]


def due_now(desk: Desk) -> None:
    with desk.store.writing() as connection:
        connection.execute(text("UPDATE webhook_delivery SET next_try_at = 0 WHERE state = 'waiting'"))


@pytest.mark.parametrize("status", [500, 302, 404])
def test_what_fails_is_tried_again_later_then_given_up_and_can_be_sent_again(
    desk: Desk, receiver: Receiver, status: int
) -> None:
    receiver.status, n = status, len(receiver.got)
    announce_test(desk.store, SYSTEM)
    assert deliver_due(desk.store, desk.settings) == 0
    assert deliver_due(desk.store, desk.settings) == 0
    assert len(receiver.got) == n + 1, "it must wait, and follow no redirect"
    (row,) = list_deliveries(desk.store, SYSTEM, state="waiting")
    assert (row.attempts, row.last_status) == (1, status)
    for _ in range(MAX_TRIES):
        due_now(desk)
        deliver_due(desk.store, desk.settings)
    (row,) = list_deliveries(desk.store, SYSTEM, state="failed")
    assert row.attempts == MAX_TRIES
    receiver.status = 204
    assert replay(desk.store, desk["ada"]) == 1
    assert deliver_due(desk.store, desk.settings) == 1
    assert list_deliveries(desk.store, SYSTEM, state="failed") == ()


def test_waits_grow_to_six_hours() -> None:
    assert [wait_s(n) for n in (1, 2, 3)] == [30, 60, 120]
    assert wait_s(50) == 6 * 3600


def test_an_address_that_left_the_settings_gets_nothing(desk: Desk, receiver: Receiver) -> None:
    announce_test(desk.store, SYSTEM)
    n = len(receiver.got)
    object.__setattr__(desk.store, "webhooks", ("http://127.0.0.1:9/other",))
    assert deliver_due(desk.store, desk.settings) == 0
    assert len(receiver.got) == n


def test_a_delivered_message_is_sent_again_on_demand(desk: Desk, receiver: Receiver) -> None:
    (row,) = list_deliveries(desk.store, SYSTEM, state="delivered")
    replay(desk.store, SYSTEM, event_id=row.event_id)
    assert deliver_due(desk.store, desk.settings) == 1
    assert receiver.got[0][1] == receiver.got[1][1]
    with pytest.raises(NotAllowed, match="message nonsense"):
        replay(desk.store, SYSTEM, event_id="nonsense")
    with pytest.raises(NotAllowed):
        list_deliveries(desk.store, desk["lea"])


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"webhooks": ("https://x.test",)}, "need webhook_secret"),
        ({"webhooks": ("https://x.test",), "webhook_secret": "short"}, "16 characters"),
        ({"webhooks": ("file:///etc",), "webhook_secret": SECRET}, "no http"),
    ],
)
def test_webhooks_that_can_not_be_are_refused_with_one_line(settings: dict[str, object], wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        load_settings(**settings)


# The page of an admin


@pytest.fixture
def shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The app works on this desk."""
    for key in ("home", "data", "models"):
        monkeypatch.setenv(f"QA_{key.upper()}", str(getattr(desk.settings, key)))
    monkeypatch.setenv("QA_WEBHOOKS", json.dumps(list(desk.settings.webhooks)))
    monkeypatch.setenv("QA_WEBHOOK_SECRET", SECRET)
    state.forget()
    yield desk
    monkeypatch.undo()
    state.forget()


def test_an_admin_sees_what_was_not_delivered_and_sends_it_again(
    shown: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up_all(shown)
    app = open_page(monkeypatch, shown["ada"], "webhooks")
    assert not app.exception
    said = words_of(app)
    assert receiver.url.replace("://", ":\u200b//") in said
    assert "given up" in said
    assert "answered 500" in said
    event_id = list_deliveries(shown.store, SYSTEM, state="failed")[0].event_id
    app.button(key=f"replay-{event_id}").click().run()
    assert "will be sent again" in app.success[0].value
    assert next(r for r in list_deliveries(shown.store, SYSTEM) if r.event_id == event_id).state == "waiting"
    receiver.status = 200
    assert deliver_due(shown.store, shown.settings) >= 1


def test_an_address_that_left_the_settings_stays_in_sight_and_gets_nothing(
    shown: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up_all(shown)
    monkeypatch.setenv("QA_WEBHOOKS", "[]")
    state.forget()
    rows = list_endpoints(state.store(), shown["ada"])
    assert [(row.url, row.in_settings) for row in rows] == [(receiver.url, False)]
    app = open_page(monkeypatch, shown["ada"], "webhooks")
    assert "no longer in the settings" in words_of(app)
    assert all(button.disabled for button in app.button if button.label == "Send again")


def test_without_an_address_the_page_says_how_to_set_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QA_HOME", str(tmp_path / "empty"))
    state.forget()
    app = open_page(monkeypatch, desk["ada"], "webhooks")
    assert "No address is set" in words_of(app)
    assert "webhook_secret" in app.code[0].value
    state.forget()


def test_only_admins_have_the_page(shown: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAllowed):
        list_endpoints(shown.store, shown["lea"])
    assert "example" not in words_of(open_page(monkeypatch, shown["lea"], "webhooks"))


def give_up_all(desk: Desk) -> None:
    """Every message was tried to the end and refused."""
    with desk.store.writing() as connection:
        connection.execute(
            text("UPDATE webhook_delivery SET state = 'failed', attempts = :n, last_error = 'answered 500'"),
            {"n": MAX_TRIES},
        )
