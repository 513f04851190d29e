"""From one source to everything that is kept of it, and the record of what made it.

A *print* is a hash over all that could change a stage's result: the code of its modules, its data files, the
models and the settings it reads. The same content with the same prints gives the same bytes, so work that was
done is never done again, and ``qa verify`` can prove it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import qa
from qa.asr import find_model, load_transcriber
from qa.batch.files import Content
from qa.behaviours import Cards, Classifier, detect, load_cards
from qa.behaviours.classifier import recall_of
from qa.errors import ModelError
from qa.hearing import Source, hear_many, hear_source
from qa.learn.versions import classifier_in_use, models_in_use
from qa.metadata import Metadata, metadata_of
from qa.models import model_digest
from qa.redact import load_rules, redact
from qa.scoring import Form, FormLibrary, Options, evaluate, form_hash, forms
from qa.settings import Settings
from qa.store.codec import canonical_call, canonical_detections, canonical_evaluation, fingerprint
from qa.store.rows import Prints
from qa.transcriber import Transcriber
from qa.values import Call, Detections, Evaluation

PACKAGE = Path(qa.__file__).resolve().parent
HEARING_CODE = (
    "values",
    "yaml_file",
    "audio",
    "speech",
    "silences",
    "asr",
    "transcriber",
    "diarize",
    "voices",
    "roles",
    "turns",
    "formats",
    "metadata",
    "doubt",
    "sources",
    "hearing",
    "text",
    "numbers",
    "redact",
)
DETECTION_CODE = ("values", "yaml_file", "text", "numbers", "redact", "behaviours")
SCORING_CODE = ("values", "yaml_file", "scoring")
NO_PART = frozenset(
    {
        *(
            "__init__",
            "__main__",
            "batch",
            "bench",
            "calibration",
            "cli",
            "engines",
            "errors",
            "labels",
            "learn",
            "memory",
            "minilm",
            "models",
            "oidc",
        ),
        *("promises", "report", "review", "scorecard", "sentence_model", "settings", "store", "web"),
    }
)
"""Modules that can't change what a call's score is; each other one belongs to a stage."""

CALLS_AT_ONCE = {"cuda": 8}

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """One call, scored, with what made it."""

    call: Call
    detections: Detections
    evaluation: Evaluation
    prints: Prints
    manifest: dict[str, Any]
    form_sha256: str
    form_yaml: str


@dataclass(frozen=True)
class Pipeline:
    """Everything that is loaded once and used for every call.

    Parameters
    ----------
    form
        The form for all calls, by name or id; None lets each call's queue choose.
    transcriber
        A transcriber that is already there; None loads the speech model when the first recording needs it.
    """

    settings: Settings
    form: str | None = None
    given_transcriber: Transcriber | None = None
    given_classifier: Classifier | None = field(default=None)

    @cached_property
    def cards(self) -> Cards:
        return load_cards(self.settings.data / "behaviours")

    @cached_property
    def forms(self) -> FormLibrary:
        return forms(self.settings.data / "forms", behaviours=tuple(self.cards.by_id))

    @cached_property
    def transcriber(self) -> Transcriber:
        return self.given_transcriber or load_transcriber(self.settings)

    @cached_property
    def classifier(self) -> Classifier | None:
        """The one given, else the firm's own in force, else the one that ships (``models/behaviours``)."""
        models = models_in_use(self.settings)
        if self.given_classifier is None and not (models / "behaviours" / "card.json").is_file():
            return None
        return self.given_classifier or classifier_in_use(self.settings, self.cards)

    @cached_property
    def options(self) -> Options:
        recall = {} if self.given_classifier else recall_of(models_in_use(self.settings))
        return replace(Options.from_settings(self.settings), recall=recall)

    @cached_property
    def model(self) -> dict[str, str]:
        """Name and digest of the speech model, without loading it."""
        if self.given_transcriber is not None:
            return {"name": self.given_transcriber.name, "sha256": "given"}
        path = find_model(self.settings)
        return {"name": path.name, "sha256": model_digest(path)}

    @cached_property
    def detection_made_of(self) -> dict[str, Any]:
        return {
            "code": code_sha256(DETECTION_CODE),
            "cards": folder_sha256(self.settings.data / "behaviours"),
            "settings": folder_sha256(self.settings.data / "settings"),
            "classifier": getattr(self.classifier, "sha256", None),
        }

    @cached_property
    def scoring_made_of(self) -> dict[str, Any]:
        return {"code": code_sha256(SCORING_CODE), "options": _plain(self.options)}

    def metadata(self, source: Source) -> Metadata:
        """What stands beside a source and in tables: agent, start time and the like.

        Raises
        ------
        InputError
            A table can't be read.
        """
        return metadata_of(source.path, data=self.settings.data, table=self.settings.metadata)

    def hearing_made_of(self, source: Source, metadata: Metadata) -> dict[str, Any]:
        """What makes the call out of the files.

        Raises
        ------
        ModelError
            It needs a speech model and there is none.
        """
        return {
            "code": code_sha256(HEARING_CODE),
            "settings": folder_sha256(self.settings.data / "settings"),
            "agent_channel": self.settings.agent_channel,
            "channels": self.settings.channels,
            "vox_rate_hz": self.settings.vox_rate_hz,
            "model": self.model if needs_words(source) else None,
            "metadata": metadata_to_json(metadata),
        }

    def hearing_print(self, source: Source, metadata: Metadata) -> str:
        return fingerprint(self.hearing_made_of(source, metadata))

    def work_key(self, source: Source, content: Content) -> str:
        """One hash for the content and all that would be done to it: the same work is done once."""
        try:
            hearing = self.hearing_print(source, self.metadata(source))
        except ModelError:
            hearing = "no speech model"
        made_of = [
            self.detection_made_of,
            self.scoring_made_of,
            self._forms_sha256,
            self.form,
            self.settings.form,
        ]
        return fingerprint([content.sha256, hearing, made_of])

    @cached_property
    def _forms_sha256(self) -> str:
        return folder_sha256(self.settings.data / "forms")

    def check_words(self, source: Source) -> None:
        """Let pass a source that brings its words or for which there is a speech model.

        Raises
        ------
        InputError
            The file itself is at fault: that comes first, no model would help.
        ModelError
            It needs a speech model and there is none.
        """
        if not needs_words(source):
            return
        try:
            _ = self.model
        except ModelError as missing:
            with suppress(ModelError):
                hear_source(source, settings=self.settings, transcriber=None)
            raise missing from None

    def hear(self, source: Source, metadata: Metadata) -> Call:
        """The call of a source, masked, its times rounded to the millisecond.

        Nothing that is kept or judged comes from the call as it was heard.
        """
        transcriber = self.transcriber if needs_words(source) else None
        call = hear_source(source, settings=self.settings, transcriber=transcriber, metadata=metadata)
        return self._to_keep(call)

    def hear_many(self, sources: Sequence[tuple[Source, Metadata]]) -> tuple[Call | Exception, ...]:
        """``hear`` for several recordings at once: each one's call, or the error that it alone has."""
        if len(sources) == 1:
            return (_or_error(partial(self.hear, *sources[0])),)
        heard = hear_many(sources, settings=self.settings, transcriber=self.transcriber)
        return tuple(
            one if isinstance(one, Exception) else _or_error(partial(self._to_keep, one)) for one in heard
        )

    def _to_keep(self, call: Call) -> Call:
        return canonical_call(redact(call, load_rules(self.settings.data)))

    @property
    def calls_at_once(self) -> int:
        """How many calls a worker hears together: as set, else what suits the device.

        A processor works no faster on several calls (their windows are the same in number); a GPU is filled.
        """
        if self.settings.calls_at_once is not None:
            return self.settings.calls_at_once
        return CALLS_AT_ONCE.get(getattr(self.__dict__.get("transcriber"), "device", "cpu"), 1)

    def score(
        self,
        call: Call,
        *,
        source: Source,
        content: Content,
        metadata: Metadata,
        stage: Stage | None = None,
    ) -> Result:
        """Findings and evaluation of a call that was heard."""
        told = stage or (lambda _name: None)
        told("detecting")
        detections = canonical_detections(detect(call, self.cards, self.classifier))
        told("scoring")
        form = self.form_for(call.queue)
        evaluation = canonical_evaluation(evaluate(call, detections, form, options=self.options))
        manifest = {
            "recording": content.recording_sha256,
            "transcript": content.transcript_sha256,
            "hearing": self.hearing_made_of(source, metadata),
            "detection": self.detection_made_of,
            "scoring": {**self.scoring_made_of, "form": evaluation.form, "form_sha256": form_hash(form)},
            "version": qa.__version__,
        }
        return Result(
            call=call,
            detections=detections,
            evaluation=evaluation,
            prints=Prints(*(fingerprint(manifest[part]) for part in ("hearing", "detection", "scoring"))),
            manifest=manifest,
            form_sha256=form_hash(form),
            form_yaml=form.model_dump_json(),
        )

    def form_for(self, queue: str | None) -> Form:
        """The form given for all calls, else the one of the call's queue."""
        if self.form:
            return self.forms.get(self.form)
        return self.forms.for_queue(queue, default=self.settings.form)


def _or_error(make: Callable[[], Call]) -> Call | Exception:
    try:
        return make()
    except Exception as err:  # handed on as this call's own
        return err


def needs_words(source: Source) -> bool:
    """Whether a source brings sound and no words."""
    return source.recording is not None and source.transcript is None


def metadata_to_json(metadata: Metadata) -> dict[str, Any]:
    """Metadata as it stands in a manifest."""
    made = asdict(metadata)
    made["started_at"] = None if metadata.started_at is None else metadata.started_at.isoformat()
    made["notes"] = list(metadata.notes)
    return made


def metadata_from_json(made: dict[str, Any]) -> Metadata:
    """The metadata that :func:`metadata_to_json` wrote."""
    moment = made["started_at"]
    started_at = None if moment is None else datetime.fromisoformat(moment)
    return Metadata(**{**made, "started_at": started_at, "notes": tuple(made["notes"])})


def _plain(options: Options) -> dict[str, Any]:
    values = {name: getattr(options, name) for name in options.__dataclass_fields__}
    return {
        name: dict(value) if hasattr(value, "items") else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


@lru_cache
def code_sha256(modules: tuple[str, ...]) -> str:
    """One hash over the source files of these modules."""
    files: list[Path] = []
    for name in modules:
        module = PACKAGE / name
        files += sorted(module.rglob("*.py")) if module.is_dir() else [PACKAGE / f"{name}.py"]
    return _sha256_of(PACKAGE, [file for file in files if file.is_file()])


def folder_sha256(folder: Path) -> str:
    """One hash over the YAML and text files of a folder, names included."""
    return _sha256_of(folder, sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".txt")))


def _sha256_of(root: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        # Line ends differ between checkouts of the same content.
        body = file.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{file.relative_to(root).as_posix()}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()
