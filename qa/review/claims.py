"""What a dispute claims, and what upholding it would change: pure.

Conventions: other words or another speaker are searched anew; a finding that is *not that* goes; an answer
that is *not that* turns; what did not apply, or what the firm's own policy forced, takes no part in the score.
"""

from __future__ import annotations

from qa.errors import InputError
from qa.review.deciding import Case, find_in, mark_for, proposed
from qa.review.rescoring import Change
from qa.scoring import Form, Mark
from qa.store.disputes import Correction, DisputeRow, Ground, State, is_same_finding
from qa.values import Call, Finding, Speaker


def claim(
    call: Call,
    form: Form,
    *,
    ground: Ground,
    criterion: str | None,
    found: Finding | None,
    corrections: tuple[Correction, ...],
    at_turn: int | None,
    by: str,
) -> Change:
    """What upholding a dispute would change.

    Raises
    ------
    InputError
        The ground needs a correction that is missing.
    """
    if ground == "wrong_speaker" and not corrections and found is not None and found.turn is not None:
        other: Speaker = "customer" if call.turns[found.turn].speaker == "agent" else "agent"
        corrections = (Correction(found.turn, speaker=other),)
    if corrections:
        return Change(corrections=corrections)
    if ground in ("wrong_words", "wrong_speaker"):
        if found is not None and found.turn is None:
            return Change(drop=(found,))
        raise InputError("say which turn it is about and what was really said, or who said it")
    if found is not None:
        return Change(drop=(found,))
    assert criterion is not None  # noqa: S101 - one of the two is always given
    if ground in ("did_not_apply", "policy_forced"):
        note = "The firm's policy left no choice." if ground == "policy_forced" else "It did not apply."
        return Change(marks=(Mark(criterion=criterion, share=None, by=by, note=note),))
    asked = form.criterion(criterion)
    if at_turn is not None and asked is not None and len(asked.needed) == 1:
        return Change(
            add=(proposed(call.call_id, asked.needed[0], at_turn, by, "Disputed: it was said here."),)
        )
    return Change(marks=(Mark(criterion=criterion, share=1.0, by=by, note="Disputed."),))


def subject(case: Case, criterion: str | None, finding: str | None) -> Finding | None:
    """The finding that is disputed; None where it is an answer.

    Raises
    ------
    InputError
        Not exactly one of the two is named, or the form has no such question.
    """
    if (criterion is None) == (finding is None):
        raise InputError("dispute one thing: a finding, or the answer to one question")
    if finding is not None:
        return find_in(case, finding)
    assert criterion is not None  # noqa: S101 - just checked
    mark_for(case, criterion, "not_applicable", None, by="", note="")
    return None


def change_of(
    case: Case,
    row: DisputeRow,
    found: Finding | None,
    *,
    state: State,
    share: float | None,
    criterion: str | None,
    by: str,
    text: str,
) -> Change:
    """What a decision changes.

    Raises
    ------
    InputError
        A partly upheld dispute says neither which question it is about nor its share.
    """
    if state == "rejected":
        return Change()
    if state == "upheld":
        made = claim(
            case.stored.call,
            case.form,
            ground=row.ground,
            criterion=row.criterion,
            found=found,
            corrections=row.corrections,
            at_turn=row.at_turn,
            by=by,
        )
        marks = tuple(Mark(criterion=m.criterion, share=m.share, by=by, note=text) for m in made.marks)
        return Change(marks=marks, drop=made.drop, add=made.add, corrections=made.corrections)
    wanted = row.criterion or criterion or _decided_by(case, found)
    if wanted is None or share is None or not 0 < share < 1:
        raise InputError("partly upheld: name the question and the share of its points, between 0 and 1")
    asked = case.form.criterion(wanted)
    outcome = "met" if asked is not None and share >= asked.met_from else "missed"
    return Change(marks=(mark_for(case, wanted, outcome, share, by=by, note=text),))  # type: ignore[arg-type]


def _decided_by(case: Case, found: Finding | None) -> str | None:
    """The one question that a finding decided; None where there are several or none."""
    if found is None:
        return None
    named = [
        a.criterion
        for a in case.stored.evaluation.answers
        if any(is_same_finding(f, found) for f in a.evidence)
    ]
    return named[0] if len(named) == 1 else None
