"""Promises: what was promised, by when, and what became of it across the calls of one customer.

The parts: :mod:`grammar`, :mod:`due` and :mod:`working_day` (by when), :mod:`reading` (who, how much),
:mod:`phrases` (what a customer says later), :mod:`follow_ups` (the firm's record), :mod:`ledger` (all of it),
:mod:`after_call` (findings across calls).
"""

from qa.promises.after_call import after_call_findings
from qa.promises.due import Due, WorkingDay, resolve_due
from qa.promises.follow_ups import FollowUp, read_follow_ups
from qa.promises.ledger import (
    Promise,
    PromiseMark,
    broken_by_queue,
    ledger,
    load_phrases,
    overdue,
    promises_of,
)
from qa.promises.phrases import PromisePhrases
from qa.promises.reading import amount_in, who_in
from qa.promises.working_day import load_working_day

__all__ = [
    "Due",
    "FollowUp",
    "Promise",
    "PromiseMark",
    "PromisePhrases",
    "WorkingDay",
    "after_call_findings",
    "amount_in",
    "broken_by_queue",
    "ledger",
    "load_phrases",
    "load_working_day",
    "overdue",
    "promises_of",
    "read_follow_ups",
    "resolve_due",
    "who_in",
]
