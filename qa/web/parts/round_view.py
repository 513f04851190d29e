"""The comparison of a closed round: how far raters and program agree, on what not, and who leans which way.

Conventions: a coefficient always stands with its interval and in plain words; Landis and Koch's (1977) names for
strengths are used for kappa and alpha, and Cicchetti's (1994) for the ICC.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import streamlit as st

from qa.calibration import Calibration, CriterionAgreement, Estimate, RaterLeaning
from qa.errors import QaError
from qa.review.rounds import round_result
from qa.store.calibrations import PROGRAM, RatingRow, RoundRow, ratings_of
from qa.store.calls import load_machine_call
from qa.values import Principal
from qa.web import look, navigation, state
from qa.web.parts.judge import judge
from qa.web.parts.subjects import question_of

KAPPA = (
    (0.8, "almost perfect"),
    (0.6, "substantial"),
    (0.4, "moderate"),
    (0.2, "fair"),
    (0.0, "slight"),
)
ICC = ((0.75, "excellent"), (0.6, "good"), (0.4, "fair"))
LEANING = {
    "lenient": "gives more of the points than the others",
    "strict": "gives fewer of the points than the others",
    "in line": "no clear leaning",
    "too few": "too few answers to say",
}


def round_view(principal: Principal, row: RoundRow) -> None:
    """Draw the comparison."""
    try:
        found = _result(principal, row.round, str(state.store().home))
    except QaError as err:
        st.info(look.escape(str(err)))
        return
    ratings = ratings_of(state.store(), principal, row.round)
    _figures(found)
    st.subheader("Question by question, the least agreed first", anchor=False)
    by_question: dict[str, list[RatingRow]] = defaultdict(list)
    for rating in ratings:
        by_question[rating.criterion].append(rating)
    agreed = [one for one in found.criteria if one.agreement.value == 1.0]
    for one in found.criteria:
        if one not in agreed and one.agreement.value is not None:
            _question(principal, row, one, by_question[one.criterion])
    if agreed:
        with st.expander(f"✓ Everybody agreed on {look.count(len(agreed), 'question')}"):
            for one in agreed:
                st.markdown(f"- {look.escape(question_of(state.form_named(row.form), one.criterion))}")
    st.subheader("Who leans which way", anchor=False)
    st.caption("Compared with the others on the same answers of the same calls. A leaning is no fault.")
    for lean in found.leanings:
        _leaning(lean)


@lru_cache(maxsize=16)
def _result(principal: Principal, round_id: str, _home: str) -> Calibration:
    """A closed round never changes, so its result is kept."""
    return round_result(state.store(), principal, judge(), round_id)


def _figures(found: Calibration) -> None:
    left, middle, right = st.columns(3, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.metric("Same answer", percent(found.agreement))
        st.caption(
            "of all pairs of raters, on the same question of the same call; the program is one of them"
        )
    with middle, st.container(border=True, height="stretch"):
        st.metric("Beyond chance", figure(found.alpha))
        st.caption(f"Krippendorff's alpha: {strength(found.alpha)}. 1 is always, 0 is as if by chance.")
    with right, st.container(border=True, height="stretch"):
        st.metric("Total scores", figure(found.scores_icc))
        st.caption(
            f"ICC(2,1), how far totals depend on the call and not on who rated: {icc(found.scores_icc)}."
        )
    st.caption("In brackets: where the figure lies with 90 % probability, were other such calls chosen.")


def _question(principal: Principal, row: RoundRow, one: CriterionAgreement, ratings: list[RatingRow]) -> None:
    form = state.form_named(row.form)
    with st.container(border=True):
        st.markdown(f"**{look.escape(question_of(form, one.criterion))}**")
        same = percent(one.agreement)
        st.markdown(f"Same answer {same}  ·  kappa {figure(one.kappa)}  ·  alpha {figure(one.alpha)}")
        st.caption(f"Agreement beyond chance: {strength(one.alpha)}, from {look.count(one.n_calls, 'call')}")
        if not one.disputed:
            return
        with st.expander(f"Where they differ ({look.count(len(one.disputed), 'call')})"):
            for call_id in one.disputed:
                said = {r.rater: look.SIGNS[r.outcome] for r in ratings if r.call_id == call_id}
                said[PROGRAM] = _of_program(principal, call_id, one.criterion)
                told = "   ".join(f"{rater} {sign}" for rater, sign in said.items())
                navigation.link(
                    "call", f"Call {row.calls.index(call_id) + 1}: {look.escape(told)}", id=call_id
                )
                for rating in ratings:
                    if rating.call_id == call_id and rating.note:
                        st.caption(look.escape(f"{rating.rater}: {rating.note}"))


def _of_program(principal: Principal, call_id: str, criterion: str) -> str:
    answers = load_machine_call(state.store(), principal, call_id).evaluation.answers
    return next((look.SIGNS[a.outcome] for a in answers if a.criterion == criterion), "∅")


def _leaning(lean: RaterLeaning) -> None:
    name = "The program" if lean.rater == PROGRAM else lean.rater
    with st.container(border=True, gap=None):
        st.markdown(f"**{look.escape(name)}**: {LEANING[lean.verdict]}")
        gap = lean.leaning
        told = "not known" if gap.value is None else f"{100 * gap.value:+.0f} % of the points"
        if gap.low is not None and gap.high is not None:
            told += f" ({100 * gap.low:+.0f} to {100 * gap.high:+.0f})"
        st.caption(
            f"{told} against the others; with the majority in {percent(lean.agreement)} "
            f"of {look.count(lean.n_ratings, 'answer')}"
        )


def percent(value: Estimate) -> str:
    """A share with its interval, such as ``82 % (75–88)``."""
    if value.value is None:
        return "∅"
    span = (
        "" if value.low is None or value.high is None else f" ({100 * value.low:.0f}–{100 * value.high:.0f})"
    )
    return f"{100 * value.value:.0f} %{span}"


def figure(value: Estimate) -> str:
    """A coefficient with its interval, such as ``0.62 (0.40 to 0.75)``; ∅ where nothing varies."""
    if value.value is None:
        return "∅"
    span = "" if value.low is None or value.high is None else f" ({value.low:.2f} to {value.high:.2f})"
    return f"{value.value:.2f}{span}".replace("-", "−")


def strength(value: Estimate) -> str:
    """Kappa or alpha in a word."""
    return _named(value, KAPPA, "none")


def icc(value: Estimate) -> str:
    """An ICC in a word."""
    return _named(value, ICC, "poor")


def _named(value: Estimate, names: tuple[tuple[float, str], ...], below: str) -> str:
    if value.value is None:
        return "can't be told, because too little varies"
    found = next((name for least, name in names if value.value > least), below)
    if value.low is None:
        return f"{found}, from very few calls"
    return found
