"""What must not be kept for reading or listening: cards, codes, accounts, telephones, addresses, dates of birth.

Found in what was said, spoken or written, also where a number is read in pieces over several turns or read
back; masked as ``[card number]`` and the like, with the times kept; muted in the copy to listen to. Which kinds
are masked, and the words that name them, are ``data/settings/redaction.yaml``.

Conventions: on doubt it is masked. The kind stays readable, so that whether a datum was given can still be
told. Nothing found here is ever logged.
"""

from qa.redact.masking import find_sensitive, muted_spans, redact, without_masks
from qa.redact.places import Sensitive
from qa.redact.rules import LABELS, Kind, Rules, load_rules

__all__ = [
    "LABELS",
    "Kind",
    "Rules",
    "Sensitive",
    "find_sensitive",
    "load_rules",
    "muted_spans",
    "redact",
    "without_masks",
]
