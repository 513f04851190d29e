"""The codebook's section 10: what shows only across the calls of one customer, as findings.

``promise_kept`` and ``promise_broken`` stand on the promise in the call that made it; ``follow_up_made`` and
``win_back`` on the outbound call as a whole. They inform; the default forms score none of them, since a call
must not change its score because of what others did later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.promises.grammar import plain_text
from qa.promises.ledger import Promise, earlier
from qa.values import Call, Detections, Finding

_SETTLED = frozenset({"customer_accepts", "customer_thanks"})
_LEAVING = re.compile(
    r"\b(leav(e|ing)|cancel|clos(e|ing) (my|the) account|switch|go(ing)? (elsewhere|somewhere else)|"
    r"another (company|provider|supplier|bank)|competitor|take my (business|custom|money))\b"
)


def after_call_findings(
    calls: Sequence[tuple[Call, Detections]], promises: Sequence[Promise], *, min_probability: float = 0.5
) -> tuple[Finding, ...]:
    """Findings across calls, ordered by call and start."""
    found = [_of_promise(p) for p in promises if p.status in ("kept", "broken")]
    for call, _ in calls:
        if call.direction != "outbound" or not call.customer or call.started_at is None:
            continue
        before = [
            (c, d)
            for c, d in calls
            if c.customer == call.customer and c.started_at and earlier(c.started_at, call.started_at)
        ]
        if any(_has(d, _SETTLED, min_probability) for _, d in before):
            reason = "An outbound call after the matter was settled."
            found.append(_of_call(call, "follow_up_made", reason))
        if any(_threatened(d, min_probability) for _, d in before):
            reason = "An outbound call to a customer who had left or said they would."
            found.append(_of_call(call, "win_back", reason))
    return tuple(sorted(found, key=lambda f: (f.call, f.start, f.behaviour)))


def _of_promise(promise: Promise) -> Finding:
    behaviour = "promise_kept" if promise.status == "kept" else "promise_broken"
    return Finding(
        promise.call_id,
        None,
        behaviour,
        "agent",
        promise.span.start,
        promise.span.end,
        promise.what,
        promise.probability,
        promise.because,
    )


def _of_call(call: Call, behaviour: str, reason: str) -> Finding:
    end = max([call.duration, *(t.end for t in call.turns)])
    return Finding(call.call_id, None, behaviour, "agent", 0.0, end, "", 1.0, reason)


def _has(detections: Detections, behaviours: frozenset[str], min_probability: float) -> bool:
    return any(f.behaviour in behaviours and f.probability >= min_probability for f in detections.findings)


def _threatened(detections: Detections, min_probability: float) -> bool:
    return any(
        f.behaviour == "customer_escalation_request"
        and f.probability >= min_probability
        and _LEAVING.search(plain_text(f.quote))
        for f in detections.findings
    )
