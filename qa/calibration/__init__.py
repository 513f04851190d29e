"""Agreement of several raters on the same calls: how much, of whom, and on which questions not.

Conventions
-----------
- A *rating* is one rater's answer to one question of one call: an outcome and, where it counts, a share of the
  points in [0, 1]. A rating that is missing is missing; nobody is made to have said anything.
- Tables for the coefficients have shape (raters, units), NaN where there is no rating.
- A coefficient that the data can't give (fewer than two raters, no variation) is None, never 0 or 1.
- Intervals are percentile bootstraps over calls, seeded: calls, not single answers, are what was chosen.

Metrics
-------
Percent agreement, Cohen's kappa (of two raters; of more, the mean over pairs, Light 1971) and its linearly
weighted form, Krippendorff's alpha (nominal, ordinal, interval; Krippendorff 2011, "Computing Krippendorff's
Alpha-Reliability") and the intraclass correlation ICC(2,1) (Shrout & Fleiss 1979).
"""

from qa.calibration.coefficients import (
    DRAWS,
    Estimate,
    agreement_and_alpha,
    bootstrap,
    icc_2_1,
    kappa,
    kappa_of_tables,
    krippendorff_alpha,
    percent_agreement,
    picks,
)
from qa.calibration.comparing import Calibration, CriterionAgreement, RaterLeaning, Rating, calibrate

__all__ = [
    "DRAWS",
    "Calibration",
    "CriterionAgreement",
    "Estimate",
    "RaterLeaning",
    "Rating",
    "agreement_and_alpha",
    "bootstrap",
    "calibrate",
    "icc_2_1",
    "kappa",
    "kappa_of_tables",
    "krippendorff_alpha",
    "percent_agreement",
    "picks",
]
