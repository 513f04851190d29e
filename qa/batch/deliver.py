"""Delivering messages to other programs: signed, tried again later where it fails, to addresses of the settings.

The receiver checks the header ``X-QA-Signature: t=<unix seconds>,v1=<hex>``: ``v1`` is HMAC-SHA256, with the
shared secret, over ``<t>.<body>``. An old ``t`` is a replay by somebody else and should be refused.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time

import httpx

from qa.settings import Settings
from qa.store.codec import dump
from qa.store.engine import Store
from qa.store.webhooks import DeliveryRow, claim_due, note_result

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
HEADER = "X-QA-Signature"


def signature(secret: str, body: bytes, *, at_s: int) -> str:
    """The value of the signature header for a body sent at a moment."""
    signed = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={signed}"


def is_signed(secret: str, body: bytes, header: str, *, now_s: float, tolerance_s: float = 300.0) -> bool:
    """Whether a header is the signature of a body, made lately: what a receiver does."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    at = parts.get("t", "")
    if not at.isdigit() or abs(now_s - int(at)) > tolerance_s:
        return False
    return hmac.compare_digest(signature(secret, body, at_s=int(at)), header)


def deliver_due(store: Store, settings: Settings, *, limit: int = 20) -> int:
    """Send what is due; how many were delivered. Nothing is sent where no address is set."""
    if not settings.webhooks or settings.webhook_secret is None:
        return 0
    delivered = 0
    # Redirects are not followed: only addresses of the settings are ever spoken to.
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
        for delivery in claim_due(store, limit=limit):
            status, error = _send(client, delivery, settings.webhook_secret.get_secret_value())
            state = note_result(store, delivery, status=status, error=error)
            delivered += state == "delivered"
            log.info("message %s: %s, try %d, status %s", delivery.event_id, state, delivery.attempts, status)
    return delivered


def _send(client: httpx.Client, delivery: DeliveryRow, secret: str) -> tuple[int | None, str | None]:
    body = dump(delivery.body).encode()
    headers = {
        "Content-Type": "application/json",
        "X-QA-Event": delivery.event,
        "X-QA-Event-Id": delivery.event_id,
        HEADER: signature(secret, body, at_s=int(time.time())),
    }
    try:
        answer = client.post(delivery.url, content=body, headers=headers)
    except httpx.HTTPError as err:
        return None, type(err).__name__
    if answer.is_success:
        return answer.status_code, None
    return answer.status_code, f"answered {answer.status_code}"
