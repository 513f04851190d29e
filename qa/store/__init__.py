"""Everything that is kept: tables, migrations, and every query.

Open it with :func:`open_store`; each query is a function that takes the store and the principal who asks.
What may not be seen is answered like what does not exist. Evaluations, reviews, dispute events and the audit
log are only ever added to.
"""

from qa.store.calls import (
    EVERY_CALL,
    count_calls,
    list_calls,
    load_call,
)
from qa.store.engine import Store, open_store
from qa.store.facts import evaluations_of, listening_copy, queues
from qa.store.rows import (
    CallFilter,
    CallRow,
    CriterionRow,
    EvaluationRow,
    Page,
    RecordingRow,
    ScoreRow,
    StoredCall,
)
from qa.store.saving import save_scored
from qa.store.scope import SYSTEM
from qa.store.scores import agents, criterion_counts, scored_calls

__all__ = [
    "EVERY_CALL",
    "SYSTEM",
    "CallFilter",
    "CallRow",
    "CriterionRow",
    "EvaluationRow",
    "Page",
    "RecordingRow",
    "ScoreRow",
    "Store",
    "StoredCall",
    "agents",
    "count_calls",
    "criterion_counts",
    "evaluations_of",
    "list_calls",
    "listening_copy",
    "load_call",
    "open_store",
    "queues",
    "save_scored",
    "scored_calls",
]
