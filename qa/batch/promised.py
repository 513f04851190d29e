"""The promises of one customer worked out anew when a call of theirs was scored: it may tell of earlier ones.

Conventions: the ledger is worked out from what is kept and can be made anew at any time (``qa promises``), so this
writes no audit entry. Calls without a customer's id stand alone.
"""

from __future__ import annotations

from datetime import UTC, datetime

from qa.promises import ledger, load_phrases, load_working_day
from qa.settings import Settings
from qa.store import SYSTEM, CallFilter, Store, load_call
from qa.store.bulk import heard_calls
from qa.store.customers import basis_of, keep_promises_of
from qa.store.promises import as_marks, follow_ups, marks_of
from qa.values import Call, Detections

ATTEMPTS = 5
"""Other workers may score calls of the same customer meanwhile; then it is worked out again."""


def renew_promises(
    store: Store, settings: Settings, call_id: str, *, customer: str | None, now: datetime | None = None
) -> int:
    """Work out the promises of the call and of all calls of its customer, and keep them; how many there are.

    Raises
    ------
    SettingsError
        The phrases that tell what became of a promise can't be used.
    """
    phrases, working_day = load_phrases(settings.data), load_working_day(settings.data)
    for attempt in range(ATTEMPTS):
        basis = basis_of(store, call_id=call_id, customer=customer)
        made = ledger(
            _calls(store, call_id, customer),
            now=now or datetime.now(UTC),
            phrases=phrases,
            follow_ups=follow_ups(store, SYSTEM),
            marks=as_marks(marks_of(store, SYSTEM)),
            min_probability=settings.min_probability,
            working_day=working_day,
        )
        if keep_promises_of(
            store, basis, made, call_id=call_id, customer=customer, force=attempt + 1 == ATTEMPTS
        ):
            return len(made)
    return len(made)


def _calls(store: Store, call_id: str, customer: str | None) -> tuple[tuple[Call, Detections], ...]:
    if customer is None:
        stored = load_call(store, SYSTEM, call_id)
        return ((stored.call, stored.detections),)
    return tuple(heard_calls(store, SYSTEM, CallFilter(customer=customer)))
