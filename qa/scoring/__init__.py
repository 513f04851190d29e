"""Scoring: a call's findings and a form in, an evaluation out that can be followed point by point.

Everything here is pure but the reading of forms. The parts, in the order of their use: :mod:`form` (what is
asked), :mod:`reading` and :mod:`library` (from files), :mod:`scene` (the call in columns), :mod:`measure`
(shares), :mod:`answers` (the five outcomes), :mod:`tally` (score and waterfall), :mod:`uncertainty` (range),
:mod:`evaluation` (all of it for one call), :mod:`change` (what would have passed), :mod:`diff` (of two versions).
"""

from qa.scoring.change import Change, SmallestChange, smallest_change
from qa.scoring.diff import Difference, diff_forms
from qa.scoring.evaluation import evaluate, why_not_scored
from qa.scoring.form import Criterion, Form, Section, behaviours_of, form_hash
from qa.scoring.library import FormLibrary, forms
from qa.scoring.options import Mark, Options
from qa.scoring.reading import Mistake, check_form, load_form, parse_form

__all__ = [
    "Change",
    "Criterion",
    "Difference",
    "Form",
    "FormLibrary",
    "Mark",
    "Mistake",
    "Options",
    "Section",
    "SmallestChange",
    "behaviours_of",
    "check_form",
    "diff_forms",
    "evaluate",
    "form_hash",
    "forms",
    "load_form",
    "parse_form",
    "smallest_change",
    "why_not_scored",
]
