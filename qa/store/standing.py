"""Everything that people decided about one call, gathered for scoring it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from qa.scoring import Form, Mark
from qa.store.disputes import upheld_findings
from qa.store.reviews import LabelRow, labels_in_force, reviews_in_force
from qa.store.tables import Call, Detection, Evaluation, FormVersion, Transcript
from qa.values import Call as CallValue
from qa.values import Finding


@dataclass(frozen=True, slots=True)
class Standing:
    """A call's decisions in force and what its evaluation in force was made of.

    ``dropped`` findings no longer count, ``confirmed`` ones are certain, ``added`` labels say where the
    program found nothing.
    """

    row_id: int
    evaluation_id: int
    content_sha256: str
    source_name: str
    meta: dict[str, Any]
    hearing_print: str
    detection_print: str
    form: Form
    form_sha256: str
    form_yaml: str
    marks: tuple[Mark, ...]
    dropped: tuple[Finding, ...]
    confirmed: tuple[Finding, ...]
    added: tuple[LabelRow, ...]


def standing_of(connection: Connection, call: CallValue) -> Standing:
    """What stands for a call; the call must exist and be scored."""
    row = connection.execute(
        select(
            Call.id,
            Call.evaluation_id,
            Call.content_sha256,
            Call.source_name,
            Call.meta,
            Transcript.fingerprint.label("hearing_print"),
            Detection.fingerprint.label("detection_print"),
            Evaluation.form_sha256,
            FormVersion.yaml,
        )
        .join(Evaluation, Evaluation.id == Call.evaluation_id)
        .join(Detection, Detection.id == Evaluation.detection_id)
        .join(Transcript, Transcript.id == Detection.transcript_id)
        .join(FormVersion, FormVersion.sha256 == Evaluation.form_sha256)
        .where(Call.call_id == call.call_id)
    ).one()
    form = Form.model_validate_json(row.yaml)
    points = form.points()
    labels = labels_in_force(connection, row.id)
    judged = [(label, _as_finding(label, call)) for label in labels if label.finding is not None]
    return Standing(
        row_id=row.id,
        evaluation_id=row.evaluation_id,
        content_sha256=row.content_sha256,
        source_name=row.source_name,
        meta=row.meta,
        hearing_print=row.hearing_print,
        detection_print=row.detection_print,
        form=form,
        form_sha256=row.form_sha256,
        form_yaml=row.yaml,
        marks=tuple(
            Mark(
                criterion=review.criterion,
                share=None if review.points is None else review.points / points[review.criterion],
                by=review.by,
                note=review.reason,
            )
            for review in reviews_in_force(connection, row.id)
            if review.criterion in points
        ),
        dropped=(
            *(found for label, found in judged if not label.present),
            *upheld_findings(connection, row.id, call.call_id),
        ),
        confirmed=tuple(found for label, found in judged if label.present),
        added=tuple(label for label in labels if label.finding is None and label.present),
    )


def _as_finding(label: LabelRow, call: CallValue) -> Finding:
    """The stretch that a label speaks of."""
    start, end = label.start_s or 0.0, label.end_s or 0.0
    return Finding(call.call_id, label.turn, label.behaviour, "agent", start, end, "", 1.0, label.reason)


def with_mark(standing: Standing, mark: Mark) -> Standing:
    """The standing with one more answer, over an earlier one to the same criterion."""
    return replace(standing, marks=(*(m for m in standing.marks if m.criterion != mark.criterion), mark))
