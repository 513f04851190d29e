"""Scoring: a call's findings and a form in, an evaluation out that can be followed point by point.

Everything here is pure but the reading of forms. The parts, in the order of their use: :mod:`form` (what is
asked), :mod:`reading` and :mod:`library` (from files), :mod:`scene` (the call in columns), :mod:`measure`
(shares), :mod:`answers` (the five outcomes), :mod:`tally` (score and waterfall), :mod:`uncertainty` (range),
:mod:`evaluation` (all of it for one call).
"""

from qa.scoring.evaluation import evaluate, why_not_scored
from qa.scoring.form import Criterion, Form, Section, behaviours_of, form_hash
from qa.scoring.library import FormLibrary, forms
from qa.scoring.options import Mark, Options
from qa.scoring.reading import Mistake, check_form, load_form, parse_form

__all__ = [
    "Criterion",
    "Form",
    "FormLibrary",
    "Mark",
    "Mistake",
    "Options",
    "Section",
    "behaviours_of",
    "check_form",
    "evaluate",
    "form_hash",
    "forms",
    "load_form",
    "parse_form",
    "why_not_scored",
]
