"""A firm with 100,000 scored calls, made in minutes from the demo's: what the speed of the app is measured on.

The calls are the demo's own, scored by the program, multiplied: other agents, days and customers, and at the end
of each conversation some turns of another one, so that words, findings, answers and evidence still fit together
and search has something to find. What people decide (reviews, disputes, samples, rounds) is made beside them, and
the audit log's chain is whole. Nothing is drawn from the clock but the last day; the same seed gives the same firm.
"""
