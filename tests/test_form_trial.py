"""A new form is tried in slices of time, on the newest calls, so that the page answers meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_people import Desk, made_desk

from qa.web import state
from qa.web.parts.form_trial import Trial, try_form


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = made_desk(tmp_path, calls=3)
    for key in ("home", "data", "models"):
        monkeypatch.setenv(f"QA_{key.upper()}", str(getattr(made.settings, key)))
    state.forget()
    yield made
    monkeypatch.undo()
    state.forget()


def test_a_trial_goes_on_where_it_was(desk: Desk) -> None:
    form = state.default_form()
    assert form is not None
    trial = Trial(desk["lea"], form, form, most=2)
    assert (trial.n, trial.n_scored, trial.done) == (2, 3, 0)
    trial.go_on(for_s=0.0)
    assert (trial.done, trial.is_finished) == (1, False)
    for _ in range(3):
        trial.go_on(for_s=0.0)
    assert (trial.done, trial.is_finished) == (2, True)
    assert trial.result() == try_form(desk["lea"], form, form, most=2)


def test_a_trial_without_calls_is_over_at_once(desk: Desk) -> None:
    form = state.default_form()
    assert form is not None
    trial = Trial(desk["amy"], form, form.model_copy(update={"id": "other.v2"}), most=2)
    nobody = Trial(desk["tom"], form, form, most=2)
    assert trial.n_scored <= 3
    assert nobody.is_finished
    assert nobody.result().n_calls == 0
