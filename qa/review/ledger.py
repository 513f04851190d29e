"""The ledger of promises made anew from all calls, the firm's record and people's marks."""

from __future__ import annotations

from datetime import UTC, datetime

from qa.promises import ledger, load_phrases, load_working_day
from qa.settings import Settings
from qa.store.bulk import heard_calls
from qa.store.engine import Store
from qa.store.promises import as_marks, follow_ups, keep_ledger, marks_of
from qa.store.scope import SYSTEM, require
from qa.values import Principal


def refresh_ledger(
    store: Store, principal: Principal, settings: Settings, *, now: datetime | None = None
) -> int:
    """Make the ledger anew and keep it; how many promises it has. ``now`` None: this moment.

    Raises
    ------
    NotAllowed
        Only leads, admins and the command line make it.
    """
    require(principal, "admin", "lead")
    made = ledger(
        # A promise and what became of it may lie in calls of different people: all calls count.
        tuple(heard_calls(store, SYSTEM)),
        now=now or datetime.now(UTC),
        phrases=load_phrases(settings.data),
        follow_ups=follow_ups(store, principal),
        marks=as_marks(marks_of(store, principal)),
        min_probability=settings.min_probability,
        working_day=load_working_day(settings.data),
    )
    return keep_ledger(store, principal, made)
