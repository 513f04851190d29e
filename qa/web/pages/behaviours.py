"""Behaviours: what each one means, what counts and what does not, and how well it is found here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from qa.behaviours import Card
from qa.behaviours.cards import Example
from qa.learn.versions import models_in_use
from qa.review.overturns import Overturn, overturns, read_advice
from qa.scoring.options import ADVICE_ONLY
from qa.store.reviews import REVIEWERS
from qa.values import Principal
from qa.web import identity, look, navigation, state

SECTIONS = {
    "listen": "Listen",
    "acknowledge": "Acknowledge",
    "clarify": "Clarify",
    "respond": "Respond",
    "ownership": "Take ownership",
    "conduct": "Conduct",
    "escalate": "Escalate",
    "open_close": "Open and close",
    "customer": "What customers do",
}
GLYPHS = {"+": "▲", "-": "▼", "=": "◆"}
KINDS = {"+": "helps", "-": "hurts", "=": "a fact"}
FOUND_BY = {
    "phrase": "by what is said, in its sentence",
    "timing": "by who speaks when",
    "context": "by what is said, with the turns around it",
}
NEEDS = {
    "text": "the words",
    "turn_times": "the words and when each turn begins",
    "word_times": "the time of each word",
    "sound": "a recording with one channel for each side",
}


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    st.title("Behaviours", anchor=False)
    st.caption("What is looked for in calls, in words anybody can check. ▲ helps · ▼ hurts · ◆ a fact")
    wanted = st.text_input(
        "Search",
        key="q",
        bind="query-params",
        type="search",
        icon=":material/search:",
        placeholder="such as empathy, or what somebody said",
        width=330,
    )
    report = _report()
    judged = {row.behaviour: row for row in _overturns(principal)}
    advice = read_advice(state.settings().home / ADVICE_ONLY)
    _how_known(report, judged)
    shown = [card for card in state.cards() if _matches(card, wanted or "")]
    if not shown:
        with st.container(border=True):
            st.subheader("No behaviour matches", anchor=False)
            st.markdown("Take a word away.")
    for section, title in SECTIONS.items():
        inside = sorted((card for card in shown if card.section == section), key=lambda card: card.name)
        if inside:
            st.subheader(title, anchor=False)
        for card in inside:
            _card(card, report.get(card.id), judged.get(card.id), advice.get(card.id))


def _matches(card: Card, wanted: str) -> bool:
    said = [card.name, card.question, card.meaning, card.counts, *(e.text for e in card.fires)]
    return all(word in " ".join(said).lower() for word in wanted.lower().split())


def _report() -> Mapping[str, Mapping[str, Any]]:
    """Figures per behaviour, measured when the classifier was trained; nothing where there is none."""
    file = models_in_use(state.settings()) / "behaviours" / "card.json"
    return _read(file, file.stat().st_mtime_ns) if file.is_file() else {}


@lru_cache(maxsize=2)
def _read(file: Path, _stamp: int) -> Mapping[str, Mapping[str, Any]]:
    made = json.loads(file.read_text(encoding="utf-8"))
    found: Mapping[str, Mapping[str, Any]] = made.get("cross_validation", {}).get("behaviours", {})
    return found


def _overturns(principal: Principal) -> tuple[Overturn, ...]:
    if principal.role not in REVIEWERS:
        return ()
    return overturns(state.store(), principal, state.settings())


def _how_known(report: Mapping[str, Any], judged: Mapping[str, Overturn]) -> None:
    if not report:
        st.caption(
            "∅ How well each is found was not measured here: there is no trained classifier with a report card, "
            "so phrases and timing decide alone."
        )
    if judged:
        n = sum(row.judged for row in judged.values())
        st.caption(f"People have judged {look.count(n, 'finding')} so far.")


def _card(
    card: Card,
    figures: Mapping[str, Any] | None,
    judged: Overturn | None,
    advice: str | None,
) -> None:
    label = f"{GLYPHS[card.polarity]} **{look.escape(card.name)}**"
    if advice:
        label += "  · advice only"
    # What is inside is sent only once somebody opens it: there are sixty of them.
    expander = st.expander(label, key=f"card-{card.id}", on_change="rerun")
    if not expander.open:
        return
    with expander:
        st.markdown(f"*{look.escape(card.question)}*")
        st.markdown(look.escape(card.meaning))
        if advice:
            st.markdown(f":yellow[!] {look.escape(advice)} It is still found and shown, but scores nothing.")
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown(f"**What counts**  \n{look.escape(card.counts)}")
            _examples(card.fires[:4], "✓")
        with right:
            st.markdown(f"**What does not**  \n{look.escape(card.does_not_count or 'Nothing special.')}")
            _examples(card.silent[:4], "✕")
        if card.tip:
            st.markdown(f"**What one can do**  \n{look.escape(card.tip)}")
        _figures(figures, judged)
        st.caption(
            f"It {KINDS[card.polarity] if card.polarity != '=' else 'is a fact'}; found "
            f"{FOUND_BY[card.detector]}; needs {NEEDS[card.needs]}. "
            f"After: {look.escape('; '.join(card.sources))}"
        )
        navigation.link("calls", "Calls in which it was found", icon=":material/search:", behaviour=card.name)


def _examples(shown: tuple[Example, ...], sign: str) -> None:
    for example in shown:
        if example.text:
            before = " ".join(example.context)
            said = f"({before}) {example.text}" if before else example.text
            st.markdown(f":small[{sign} “{look.escape(said)}”]")


def _figures(figures: Mapping[str, Any] | None, judged: Overturn | None) -> None:
    if figures and figures.get("precision") is not None and figures.get("recall") is not None:
        n = figures.get("positive_turns_in_calls", 0)
        st.markdown(
            f"**How well it is found**  \nOf 100 that are found, about {100 * figures['precision']:.0f} are right; "
            f"of 100 that are there, about {100 * figures['recall']:.0f} are found. "
            f":gray[Measured on {look.count(n, 'labelled turn')} with it.]"
        )
    elif figures:
        st.markdown("**How well it is found**  \n∅ too few labelled examples to say")
    if judged is not None and judged.judged:
        st.markdown(
            f"**What people made of it**  \nThey took back {judged.overturned} of "
            f"{look.count(judged.judged, 'finding')} that they judged "
            f"({100 * judged.low:.0f}–{100 * judged.high:.0f} % with 90 % probability); "
            f"{judged.disputed} of them were disputed, which makes the share look larger."
        )
    if judged is not None and judged.missed:
        st.markdown(f"{look.count(judged.missed, 'time')} people heard it where nothing was found.")
