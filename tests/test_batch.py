"""The batch: durable, one bad file fails alone, the same work is done once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from made import placed, speech_like, write_wav
from made_data import make_data, write_call, write_sound
from sqlalchemy import func, select, text

from qa.audio import Recording
from qa.batch import Outcome, Pipeline, enqueue, score, work
from qa.batch import files as batch_files
from qa.batch import pipeline as pipeline_module
from qa.batch.verify import Verdict, verify
from qa.batch.worker import claim_group
from qa.errors import NotAllowed
from qa.hearing import Source, find_inputs
from qa.settings import Settings
from qa.store import SYSTEM, Store, evaluations_of, list_calls, listening_copy, load_call, open_store
from qa.store import jobs as queue
from qa.store.customers import basis_of, keep_promises_of
from qa.store.jobs import LostLeaseError
from qa.store.progress import batch_items, batch_progress, list_batches, retry_failed
from qa.store.promises import list_promises
from qa.store.tables import Evaluation, Job
from qa.transcriber import Speech, Transcript
from qa.values import Principal, Span, Word

HERE = Path(__file__).resolve().parent


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


@pytest.fixture
def settings(tmp_path: Path, data: Path) -> Settings:
    return Settings(home=tmp_path / "home", data=data, models=tmp_path / "models")


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


def run(store: Store, settings: Settings, *paths: Path, form: str | None = None) -> list[Outcome]:
    return list(score(find_inputs(paths), store=store, pipeline=Pipeline(settings, form)))


def count(store: Store, table: type) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_every_source_gets_its_outcome_in_order(store: Store, settings: Settings, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    write_call(calls, "b", says="I guarantee it arrives tomorrow, so do not worry about that at all.")
    write_call(calls, "a")
    (calls / "c.vtt").write_text("WEBVTT\n")
    found = run(store, settings, calls)
    assert [(o.call_id, o.status, o.score) for o in found] == [
        ("a", "scored", 100.0),
        ("b", "scored", 0.0),
        ("c", "failed", None),
    ]
    assert "c.vtt" in (found[2].error or "")
    assert "\n" not in (found[2].error or "")


def test_the_same_content_is_not_scored_twice(store: Store, settings: Settings, tmp_path: Path) -> None:
    call = write_call(tmp_path / "calls", "a")
    (tmp_path / "calls" / "copy.json").write_bytes(call.read_bytes())
    first = run(store, settings, tmp_path / "calls")
    again = run(store, settings, tmp_path / "calls")
    assert [o.duplicate for o in first] == [False, True]
    assert [o.call_id for o in again] == ["a", "a"]
    assert list_calls(store, SYSTEM).total == 1
    assert count(store, Evaluation) == 1
    assert count(store, Job) == 1


def test_another_form_scores_anew_and_the_first_can_come_back(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    forms = settings.data / "forms"
    other = (forms / "default.v1.yaml").read_text().replace("id: default.v1", "id: other.v1")
    (forms / "other.v1.yaml").write_text(other.replace("weight: 2", "weight: 3"))
    call = write_call(tmp_path, "a")
    for form in ("default", "other", "default"):
        run(store, settings, call, form=form)
        assert load_call(store, SYSTEM, "a").evaluation.form == f"{form}.v1"
    assert [e.form for e in evaluations_of(store, SYSTEM, "a")] == ["default.v1", "other.v1"]


def test_a_changed_card_scores_anew_without_hearing_again(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = write_call(tmp_path, "a")
    run(store, settings, call)
    card = settings.data / "behaviours" / "empathy.yaml"
    card.write_text(card.read_text().replace("so sorry", "so very sorry"))
    monkeypatch.setattr(Pipeline, "hear", lambda *_: pytest.fail("was heard again"))
    assert [o.score for o in run(store, settings, call)] != [100.0]
    assert len(evaluations_of(store, SYSTEM, "a")) == 2


def test_recording_and_listening_copy_are_kept_by_hash(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    write_call(tmp_path / "in", "a")
    write_sound(tmp_path / "in" / "a.wav")
    run(store, settings, tmp_path / "in")
    stored = load_call(store, SYSTEM, "a")
    assert stored.recording is not None
    assert stored.recording.path is not None
    assert stored.recording.path.read_bytes() == (tmp_path / "in" / "a.wav").read_bytes()
    assert stored.recording.sha256 in stored.recording.path.name
    copy = listening_copy(store, SYSTEM, "a")
    assert copy is not None
    assert copy.stat().st_size > 1000
    assert stored.manifest["recording"] == stored.recording.sha256
    assert not list(settings.home.rglob("*.part"))


def test_a_recording_without_a_model_says_which_command_to_run(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    from made import speech_like, write_wav

    (found,) = run(store, settings, write_wav(tmp_path / "a.wav", [speech_like(8.0)]))
    assert "qa models fetch small.en" in (found.error or "")
    assert found.error_kind == "ModelError"


def test_a_bad_file_is_told_as_such_even_without_a_model(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_text("this is a letter")
    (found,) = run(store, settings, tmp_path / "a.wav")
    assert "models fetch" not in (found.error or "")
    assert "a.wav" in (found.error or "")


def test_a_file_that_changes_while_it_waits_is_refused(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    call = write_call(tmp_path, "a")
    pipeline = Pipeline(settings)
    batch = enqueue([Source(transcript=call)], store=store, pipeline=pipeline)
    call.write_text(call.read_text().replace("parcel", "letter"))
    work(store, pipeline, until_empty=True)
    (item,) = batch_items(store, SYSTEM, batch)
    assert "was changed while it waited" in (item.error or "")


def test_a_fault_of_the_program_is_one_line_without_words_of_the_call(
    store: Store,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_call(tmp_path / "in", "a")
    write_call(tmp_path / "in", "b")
    score_call = Pipeline.score

    def breaks_on_a(self: Pipeline, call, **rest):  # type: ignore[no-untyped-def]
        if call.call_id == "a":
            raise KeyError("My parcel never came")
        return score_call(self, call, **rest)

    monkeypatch.setattr(Pipeline, "score", breaks_on_a)
    first, second = run(store, settings, tmp_path / "in")
    assert "a fault of this program (KeyError at test_batch.py" in (first.error or "")
    assert "parcel" not in (first.error or "") + caplog.text
    assert second.status == "scored"


def test_a_full_disk_leaves_nothing_half(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_call(tmp_path / "in", "a")
    write_sound(tmp_path / "in" / "a.wav")

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(batch_files.os, "fsync", full)
    (found,) = run(store, settings, tmp_path / "in")
    assert "No space left" in (found.error or "")
    assert list_calls(store, SYSTEM).total == 0
    assert not [p for p in settings.home.rglob("*") if p.suffix in (".wav", ".json", ".part")]
    monkeypatch.undo()
    assert [o.status for o in run(store, settings, tmp_path / "in")] == ["scored"]


def test_a_form_that_was_used_stays_as_it_is(store: Store, settings: Settings, tmp_path: Path) -> None:
    first, second = (
        write_call(tmp_path / "calls", "a"),
        write_call(tmp_path / "calls", "b", says="I guarantee it arrives."),
    )
    form = settings.data / "forms" / "default.v1.yaml"
    as_used = form.read_text()
    run(store, settings, first)
    form.write_text("# laid out anew\n" + as_used)
    assert run(store, settings, first)[0].status == "scored", "a comment is no change"
    form.write_text(as_used.replace("weight: 2", "weight: 3"))
    (refused,) = run(store, settings, second)
    assert refused.status == "failed"
    assert "default.v1: was changed after it had given 1 scores" in (refused.error or "")
    assert "default.v2" in (refused.error or "")
    (settings.data / "forms" / "default.v2.yaml").write_text(
        as_used.replace("weight: 2", "weight: 3").replace("id: default.v1", "id: default.v2")
    )
    form.write_text(as_used)
    assert run(store, settings, second)[0].status == "scored"
    assert load_call(store, SYSTEM, "b").evaluation.form == "default.v2"


def test_promises_are_up_to_date_when_a_later_call_of_the_customer_is_scored(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    cards = settings.data / "behaviours"
    commitment = (cards / "over_promise.yaml").read_text().replace("over_promise", "commitment")
    (cards / "commitment.yaml").write_text(commitment)
    first = write_call(tmp_path / "calls", "a", says="I guarantee I will call you back tomorrow.")
    run(store, settings, first)
    (made,) = list_promises(store, SYSTEM)
    assert (made.call_id, made.customer) == ("a", "C-1")
    other = write_call(tmp_path / "calls", "b", says="I guarantee a refund on Friday.", customer="C-2")
    run(store, settings, other)
    assert {p.call_id for p in list_promises(store, SYSTEM)} == {"a", "b"}
    run(store, settings, first)
    assert len(list_promises(store, SYSTEM)) == 2, "scored again, promised once"


def test_promises_worked_out_from_what_has_changed_meanwhile_are_not_kept(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    run(store, settings, write_call(tmp_path / "calls", "a", customer="C-1"))
    before = basis_of(store, call_id="a", customer="C-1")
    run(store, settings, write_call(tmp_path / "calls", "b", customer="C-1", says="Hello, is that you?"))
    assert not keep_promises_of(store, before, (), call_id="a", customer="C-1")
    now = basis_of(store, call_id="a", customer="C-1")
    assert keep_promises_of(store, now, (), call_id="a", customer="C-1")


class Together:
    """A transcriber that notes which calls it hears together; one of a bad name fails."""

    name = "together"

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def transcribe(self, recording: Recording, regions: Sequence[Sequence[Span]]) -> Transcript:
        (made,) = self.transcribe_many([Speech(recording, regions)])
        if isinstance(made, Exception):
            raise made
        return made

    def transcribe_many(self, calls: Sequence[Speech]) -> tuple[Transcript | Exception, ...]:
        self.groups.append([call.recording.path.stem for call in calls])
        return tuple(
            ValueError("no")
            if call.recording.path.stem == "bad"
            else Transcript(
                tuple(tuple(Word("hello", s.start, s.end, 0.9) for s in r) for r in call.regions), "en"
            )
            for call in calls
        )


def _recordings(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for seed, name in enumerate(names):
        sides = [
            placed(
                24,
                [(1 + side * 6, speech_like(4, seed=seed)), (13 + side * 5, speech_like(4, seed=seed + 9))],
            )
            for side in (0, 1)
        ]
        write_wav(folder / f"{name}.wav", sides)
    return folder


def test_calls_that_wait_for_words_are_heard_together_and_fail_alone(
    settings: Settings, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"calls_at_once": 3})
    store, transcriber = open_store(settings), Together()
    calls = _recordings(tmp_path / "in", "a", "bad", "c", "d")
    (calls / "b.wav").write_text("this is a letter and no sound")
    pipeline = Pipeline(settings, given_transcriber=transcriber)
    found = list(score(find_inputs([calls]), store=store, pipeline=pipeline))
    assert [(o.call_id, o.status == "failed") for o in found] == [
        ("a", False),
        ("b", True),
        ("bad", True),
        ("c", False),
        ("d", False),
    ]
    assert "is text, not sound" in (found[1].error or "")
    assert "a fault of this program (ValueError" in (found[2].error or "")
    assert transcriber.groups == [["a", "bad"], ["c", "d"]]
    assert all(
        item.attempts == 1 for item in batch_items(store, SYSTEM, list_batches(store, SYSTEM)[0].batch)
    )


def test_one_call_at_a_time_is_the_same(settings: Settings, tmp_path: Path) -> None:
    calls = _recordings(tmp_path / "in", "a", "b")
    made = []
    for name, at_once in (("one", 1), ("two", 2)):
        own = settings.model_copy(update={"calls_at_once": at_once, "home": tmp_path / name})
        store = open_store(own)
        list(score(find_inputs([calls]), store=store, pipeline=Pipeline(own, given_transcriber=Together())))
        made.append([load_call(store, SYSTEM, call).call for call in ("a", "b")])
    assert made[0] == made[1]


def test_a_call_that_took_a_worker_down_is_tried_again_by_itself(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"calls_at_once": 4})
    store, transcriber = open_store(settings), Together()
    calls = _recordings(tmp_path / "in", "a", "b", "c")
    pipeline = Pipeline(settings, given_transcriber=transcriber)
    enqueue(find_inputs([calls]), store=store, pipeline=pipeline)
    dead = claim_group(store, pipeline, "dead", lease_s=60)
    assert len(dead) == 3
    queue.release(store, "dead")
    work(store, pipeline, until_empty=True)
    assert transcriber.groups == [["a"], ["b"], ["c"]]
    assert list_calls(store, SYSTEM).total == 3


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_worker_killed_in_the_middle_leaves_its_call_to_the_next(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    for name in "abc":
        write_call(tmp_path / "in", name)
    write_sound(tmp_path / "in" / "a.wav")
    pipeline = Pipeline(settings)
    batch = enqueue(find_inputs([tmp_path / "in"]), store=store, pipeline=pipeline)
    mark = tmp_path / "mark"
    deadline = time.monotonic() + 60
    victim = subprocess.Popen(
        [sys.executable, str(HERE / "slow_worker.py"), str(settings.home), str(settings.data), str(mark)]
    )
    try:
        while not mark.exists():
            assert victim.poll() is None, "the worker ended before it came to keep its files"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert batch_progress(store, SYSTEM, batch).running == 1
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    while batch_progress(store, SYSTEM, batch).done < 3:
        assert time.monotonic() < deadline
        work(store, pipeline, until_empty=True)
        time.sleep(0.1)
    assert sorted(item.attempts for item in batch_items(store, SYSTEM, batch)) == [1, 1, 2]
    assert count(store, Evaluation) == 3
    assert list_calls(store, SYSTEM).total == 3
    with store.reading() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_a_file_that_kills_every_worker_is_given_up(store: Store, settings: Settings, tmp_path: Path) -> None:
    batch = enqueue([Source(transcript=write_call(tmp_path, "a"))], store=store, pipeline=Pipeline(settings))
    for _ in range(queue.MAX_ATTEMPTS):
        assert queue.claim(store, "w", lease_s=-1) is not None
    assert queue.claim(store, "w") is None
    (item,) = batch_items(store, SYSTEM, batch)
    assert item.state == "failed"
    assert "died 3 times" in (item.error or "")


def test_who_lost_the_lease_can_not_finish(store: Store, settings: Settings, tmp_path: Path) -> None:
    pipeline = Pipeline(settings)
    enqueue([Source(transcript=write_call(tmp_path, "a"))], store=store, pipeline=pipeline)
    slow = queue.claim(store, "slow", lease_s=-1)
    assert slow is not None
    assert work(store, pipeline, until_empty=True) == 1
    assert not queue.heartbeat(store, slow)
    with pytest.raises(LostLeaseError, match="took this job over"):
        queue.fail(store, slow, error="x", kind="X")
    with pytest.raises(LostLeaseError), store.writing() as connection:
        queue.finish(connection, slow, call_row_id=1, evaluation_id=1)
    same_name = replace(slow, attempt=2)
    assert not queue.heartbeat(store, same_name)


def test_what_failed_can_be_tried_again(store: Store, settings: Settings, tmp_path: Path) -> None:
    call = write_call(tmp_path, "a")
    good = call.read_text()
    call.write_text("{")
    run(store, settings, call)
    call.write_text(good)
    assert retry_failed(store, SYSTEM) == 1
    assert list_batches(store, SYSTEM)[0].queued == 1
    assert run(store, settings, call)[0].status == "scored"


def test_only_those_who_run_the_quality_work_hand_in_calls(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    call = write_call(tmp_path, "a")
    for role in ("agent", "supervisor"):
        with pytest.raises(NotAllowed):
            enqueue(
                [Source(transcript=call)],
                store=store,
                pipeline=Pipeline(settings),
                principal=Principal(1, "x", role, agent="Priya Nair", team="North"),  # type: ignore[arg-type]
            )


def test_what_stands_beside_a_call_is_part_of_what_made_its_score(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    write_call(calls, "a")
    write_sound(calls / "a.wav")
    table = calls / "metadata.csv"
    table.write_text("file,agent,queue\na.wav,Sian Pryce,billing\n")
    run(store, settings, calls)
    assert load_call(store, SYSTEM, "a").row.agent == "Sian Pryce"
    table.write_text("file,agent,queue\na.wav,Marta Kowalska,billing\n")
    os.utime(table, ns=(1, 1))
    assert run(store, settings, calls)[0].status == "scored"
    stored = load_call(store, SYSTEM, "a")
    assert stored.row.agent == "Marta Kowalska"
    assert stored.manifest["hearing"]["metadata"]["agent"] == "Marta Kowalska"
    # The table is not needed any more: what it said is in the manifest.
    table.unlink()
    (verdict,) = verify(store, SYSTEM, ["a"], pipeline=Pipeline(settings))
    assert verdict == Verdict("a", same=True)


def test_every_module_that_makes_a_score_is_part_of_its_print() -> None:
    there = {p.stem for p in pipeline_module.PACKAGE.glob("*.py")}
    there |= {p.parent.name for p in pipeline_module.PACKAGE.glob("*/__init__.py")}
    counted = {
        *pipeline_module.HEARING_CODE,
        *pipeline_module.DETECTION_CODE,
        *pipeline_module.SCORING_CODE,
    }
    forgotten = there - counted - pipeline_module.NO_PART
    assert not forgotten, (
        f"put them into a stage of qa/batch/pipeline.py, or into NO_PART: {sorted(forgotten)}"
    )
