"""A new form tried on calls that were scored already, and its publishing.

Conventions: both forms answer the same findings with the same answers of people, so that only the form makes the
difference. Nothing is kept by trying. Publishing adds a file and never changes one.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from qa.errors import InputError, SettingsError
from qa.review.rescoring import settle
from qa.scorecard.records import ScoredCall
from qa.scorecard.replay import Replay, replay
from qa.scoring import Form, Mark, Options, evaluate, form_hash, parse_form
from qa.store import CallFilter, count_calls
from qa.store.audit import record
from qa.store.bulk import heard_calls
from qa.store.scope import require
from qa.store.standing import Standing, standing_of
from qa.values import Call, Detections, Principal
from qa.web import state
from qa.web.parts.judge import judge

MAX_FORM_BYTES = 1 << 20
AGENT_UNKNOWN = "agent not known"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A form that was handed in, with its text as it will be kept."""

    form: Form
    text: str


def read_proposed(content: bytes, *, name: str) -> Proposed:
    """The form in a file that was handed in.

    Raises
    ------
    SettingsError
        It can't be used; the message names each mistake with its line.
    InputError
        It is no text, too large, or its id is taken.
    """
    if len(content) > MAX_FORM_BYTES:
        raise InputError(f"{name}: is larger than a form can be; hand in one form as YAML")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as err:
        raise InputError(f"{name}: can't be read as UTF-8 text; save it again as UTF-8") from err
    form = parse_form(text, file=name, behaviours=tuple(state.cards().by_id))
    taken = {one.id: one for one in state.library().all}
    if form.id in taken:
        same = form_hash(taken[form.id]) == form_hash(form)
        newest = max(one.version for one in taken.values() if one.name == form.name)
        what = "is in use already" if same else "is taken, and a version is never changed"
        raise InputError(f"{form.id} {what}; call the new one {form.name}.v{newest + 1}")
    return Proposed(form, text)


class Trial:
    """A new form tried on the newest calls that an old one scored, a slice of time at a time.

    So a page can show how far it is and answer other clicks meanwhile; leaving the page ends it.
    """

    def __init__(self, principal: Principal, old: Form, new: Form, *, most: int) -> None:
        which = CallFilter(form=old.id)
        self.old, self.new = old, new
        self.n_scored = count_calls(state.store(), principal, which)
        self.n = min(most, self.n_scored)
        self._heard = heard_calls(state.store(), principal, which, newest=most)
        self._options = judge().options
        self._before: list[ScoredCall] = []
        self._after: list[ScoredCall] = []
        self.is_finished = self.n == 0

    @property
    def done(self) -> int:
        """So many calls were scored by both."""
        return len(self._after)

    def go_on(self, *, for_s: float) -> None:
        """Score calls until the time is over or all are done."""
        until_s = time.monotonic() + for_s
        while not self.is_finished:
            heard = next(self._heard, None)
            if heard is None:
                self.is_finished = True
                return
            self._score(*heard)
            if time.monotonic() >= until_s:
                return

    def result(self) -> Replay:
        """What the new form would have done to the calls so far."""
        return replay(self._before, self._after)

    def _score(self, call: Call, detections: Detections) -> None:
        with state.store().reading() as connection:
            standing = standing_of(connection, call)
        settled = settle(detections, drop=standing.dropped, confirm=standing.confirmed, add=())
        self._before.append(_scored(call, settled, self.old, standing, self._options))
        self._after.append(_scored(call, settled, self.new, standing, self._options))


def try_form(principal: Principal, old: Form, new: Form, *, most: int) -> Replay:
    """The newest calls that the old form scored, under both forms, in one go."""
    trial = Trial(principal, old, new, most=most)
    trial.go_on(for_s=float("inf"))
    return trial.result()


def _scored(
    call: Call, detections: Detections, form: Form, standing: Standing, options: Options
) -> ScoredCall:
    known = form.points()
    marks: tuple[Mark, ...] = tuple(mark for mark in standing.marks if mark.criterion in known)
    evaluation = evaluate(call, detections, form, options=options, marks=marks)
    return ScoredCall(
        agent=call.agent or AGENT_UNKNOWN,
        evaluation=replace(evaluation, call_id=call.call_id),
        queue=call.queue,
        started_at=call.started_at,
    )


def publish(principal: Principal, proposed: Proposed) -> None:
    """Put a form among the others; calls that are scored from now on use it where it is the newest.

    Raises
    ------
    NotAllowed
        Only leads and admins publish.
    SettingsError
        It can't be written there, or somebody published that id meanwhile.
    """
    require(principal, "admin", "lead")
    target = state.library().folder / f"{proposed.form.id}.yaml"
    partial = target.with_suffix(f".{os.getpid()}.part")
    try:
        partial.write_text(proposed.text, encoding="utf-8")
        os.link(partial, target)
    except FileExistsError as err:
        raise SettingsError(f"{proposed.form.id} was published meanwhile; give it a new version") from err
    except OSError as err:
        raise SettingsError(
            f"{target}: can't be written ({err.strerror or err}); put the file there by hand"
        ) from err
    finally:
        partial.unlink(missing_ok=True)
    after = {"sha256": form_hash(proposed.form)}
    record(state.store(), principal, "publish form", object="form", object_id=proposed.form.id, after=after)
