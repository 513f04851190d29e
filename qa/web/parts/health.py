"""How this installation is: the database, its log, the space, the models, the queue. Each a sign and a sentence."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import qa
from qa.asr import find_model
from qa.errors import QaError
from qa.learn.versions import models_in_use
from qa.models import list_models
from qa.store import count_calls
from qa.store.audit import check_chain
from qa.store.progress import list_batches
from qa.store.webhooks import list_deliveries
from qa.values import Principal
from qa.web import look, state

Sign = Literal["✓", "!", "✕"]
LEAST_FREE_GB = 2.0
ENTRIES_WALKED = 2_000
"""The whole log is walked on the page of the audit log, and by `qa verify` and `qa doctor`."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and a sentence about it."""

    what: str
    sign: Sign
    says: str


def checks(principal: Principal) -> tuple[Check, ...]:
    """Everything, in the order in which it matters."""
    return tuple(_looked(one, principal) for one in CHECKS)


def _looked(one: Callable[[Principal], Check], principal: Principal) -> Check:
    try:
        return one(principal)
    except QaError as err:
        return Check(one.__name__.strip("_").replace("_", " ").capitalize(), "✕", str(err))


def _database(principal: Principal) -> Check:
    store = state.store()
    right, broken = check_chain(store, newest=ENTRIES_WALKED)
    if broken is not None:
        return Check(
            "Database", "✕", f"the audit log was changed behind the program's back at entry {broken}"
        )
    calls = look.count(count_calls(store, principal), "call")
    return Check(
        "Database", "✓", f"{store.dialect}, {calls}; the audit log is whole in its newest {right} entries"
    )


def _space(_principal: Principal) -> Check:
    free_gb = shutil.disk_usage(state.store().home).free / 1e9
    sign: Sign = "✓" if free_gb >= LEAST_FREE_GB else "!"
    return Check("Space", sign, f"{free_gb:.0f} GB free where recordings are kept")


def _queue(principal: Principal) -> Check:
    batches = list_batches(state.store(), principal)
    failed, waiting = sum(b.failed for b in batches), sum(b.queued + b.running for b in batches)
    says = f"{look.count(waiting, 'file')} waiting or being scored, {failed} failed in the last batches"
    return Check("Queue", "!" if failed else "✓", says)


def _speech_model(_principal: Principal) -> Check:
    here = ", ".join(row.name for row in list_models(state.settings()))
    try:
        path = find_model(state.settings())
    except QaError as err:
        return Check("Speech model", "!", f"{err} (only recordings without a transcript need one)")
    return Check("Speech model", "✓", f"{path.name} in use" + (f"; here: {here}" if here else ""))


def _behaviours(_principal: Principal) -> Check:
    n = len(state.cards())
    form = state.library().get(state.settings().form)
    folder = models_in_use(state.settings()) / "behaviours"
    trained = (folder / "card.json").is_file()
    how = (
        "phrases, timing and the trained classifier"
        if trained
        else "phrases and timing, no trained classifier"
    )
    return Check("Behaviours", "✓", f"{n} cards, found by {how}; form in use: {form.id}")


def _webhooks(principal: Principal) -> Check:
    wanted = state.settings().webhooks
    if not wanted:
        return Check("Webhooks", "✓", "none set")
    if principal.role != "admin":
        return Check("Webhooks", "✓", f"{look.count(len(wanted), 'address', 'addresses')} set")
    failed = sum(row.state == "failed" for row in list_deliveries(state.store(), principal))
    says = f"{look.count(len(wanted), 'address', 'addresses')}, {look.count(failed, 'delivery', 'deliveries')} failed"
    return Check("Webhooks", "!" if failed else "✓", says)


def _program(_principal: Principal) -> Check:
    return Check("Program", "✓", f"Call QA {qa.__version__}, Python {platform.python_version()}")


CHECKS: tuple[Callable[[Principal], Check], ...] = (
    _database,
    _space,
    _queue,
    _behaviours,
    _speech_model,
    _webhooks,
    _program,
)
