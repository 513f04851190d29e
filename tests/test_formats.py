"""One short call in every transcript format: each must come out as the same four turns."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import QaError, TranscriptError
from qa.formats import (
    FORMATS,
    call_from_json,
    format_of,
    is_transcript,
    read_transcript,
    write_call_json,
    write_vcon,
    write_webvtt,
)
from qa.formats.document import load_document
from qa.values import Call, Silence, Span, Timing, Turn, Word

SAMPLES = Path(__file__).parent / "data" / "transcripts"
SAID = [
    ("agent", "Thank you for calling Northgate Energy, this is Rosa, how can I help?"),
    ("customer", "Hi, I'm calling about my bill, it's twice what it was."),
    ("agent", "I'm sorry about that, let me check your account."),
    ("customer", "Okay, thanks."),
]
STARTS = [0.5, 4.6, 8.4, 11.6]

FORMAT_OF = {
    "amazon_channels.json": ("Amazon Transcribe", "words"),
    "amazon_speakers.json": ("Amazon Transcribe", "words"),
    "assemblyai.json": ("AssemblyAI", "words"),
    "azure_batch.json": ("Azure speech to text", "words"),
    "azure_fast.json": ("Azure speech to text", "words"),
    "bedrock.json": ("Amazon Bedrock Data Automation", "words"),
    "call.json": ("Call JSON", "words"),
    "call_analytics.json": ("Amazon Call Analytics or Contact Lens", "words"),
    "contact_lens.json": ("Amazon Call Analytics or Contact Lens", "turns"),
    "deepgram_channels.json": ("Deepgram", "words"),
    "deepgram_utterances.json": ("Deepgram", "words"),
    "genesys.json": ("Genesys Cloud", "words"),
    "google_import.json": ("Google Insights or Speech-to-Text", "turns"),
    "google_insights.json": ("Google Insights or Speech-to-Text", "words"),
    "google_speech.json": ("Google Insights or Speech-to-Text", "words"),
    "headed.txt": ("plain text with speakers", "turns"),
    "plain.txt": ("plain text with speakers", "none"),
    "prefixes.sbv": ("SBV", "turns"),
    "prefixes.srt": ("SRT", "turns"),
    "prefixes.vtt": ("WebVTT", "turns"),
    "timed.txt": ("plain text with speakers", "turns"),
    "vcon_embedded.json": ("vCon", "words"),
    "vcon_rows.json": ("vCon", "turns"),
    "vcon_text.json": ("vCon", "turns"),
    "voices.vtt": ("WebVTT", "turns"),
    "whisperx.json": ("Whisper or WhisperX", "words"),
}


def test_every_sample_is_listed_and_every_format_has_one() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(FORMAT_OF)
    assert {name for name, _ in FORMAT_OF.values()} == {one.name for one in FORMATS}


@pytest.mark.parametrize(("name", "expected"), FORMAT_OF.items())
def test_the_same_call_comes_out_of_every_format(name: str, expected: tuple[str, str]) -> None:
    found = format_of(load_document(SAMPLES / name))
    assert found is not None
    call = read_transcript(SAMPLES / name)
    assert (found.name, call.timing.source) == expected
    assert [(turn.speaker, turn.text) for turn in call.turns] == SAID
    if call.timing.source == "none":
        assert any("no usable times" in note for note in call.notes)
    else:
        whole_seconds = 1.0 if name.endswith(".txt") else 0.0
        from_first = STARTS[0] if name in ("vcon_text.json", "google_import.json") else 0.0
        starts = [turn.start + from_first for turn in call.turns]
        assert starts == pytest.approx(STARTS, abs=0.02 + whole_seconds)
    if call.timing.source == "words":
        assert [len(turn.words) for turn in call.turns] == [len(text.split()) for _, text in SAID]
        assert call.turns[1].words[2].word == "calling"
        assert call.turns[1].words[2].start == pytest.approx(5.1, abs=0.01)


def test_the_format_is_found_by_content_not_by_name(tmp_path: Path) -> None:
    for name in ("voices.vtt", "contact_lens.json"):
        copy = tmp_path / "transcript.txt"
        copy.write_bytes((SAMPLES / name).read_bytes())
        assert [turn.text for turn in read_transcript(copy).turns] == [text for _, text in SAID]


def test_facts_beside_the_words_are_kept() -> None:
    call = read_transcript(SAMPLES / "call.json")
    assert (call.call_id, call.agent, call.customer, call.queue, call.direction) == (
        "ne-0412",
        "Rosa",
        "c-77",
        "billing",
        "inbound",
    )
    assert call.started_at == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    insights = read_transcript(SAMPLES / "google_insights.json")
    assert (insights.agent, insights.queue, insights.duration) == ("Rosa", "billing", 13.0)
    assert read_transcript(SAMPLES / "genesys.json").started_at == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    assert read_transcript(SAMPLES / "vcon_rows.json").customer == "Mr Obi"


@pytest.mark.parametrize(
    "name", ["amazon_speakers.json", "assemblyai.json", "whisperx.json", "azure_batch.json"]
)
def test_who_is_agent_told_by_words_is_said_with_its_confidence(name: str) -> None:
    call = read_transcript(SAMPLES / name)
    assert any("Nothing named the agent" in note for note in call.notes)
    assert all(0.8 <= turn.confidence < 1.0 for turn in call.turns)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n \n", "only blanks"),
        ("{not json", "broken JSON"),
        ('{"a": 1}', "no known kind of transcript"),
        ("[1, 2, 3]", "is a list of 3"),
        ("Dear Sir, thank you for your letter of the fifth.\nYours\n", "no known kind of transcript"),
        ("WEBVTT\n", "holds no cues"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nHello there\n", "does not say who is agent"),
        ("WEBVTT\n\n00:0x.000 --> 00:02.000\nAgent: Hello\n", "no cue has a time"),
        (
            "1\n00:00:01,000 --> 00:00:02,000\nMary: Hello\n\n2\n00:00:03,000 --> 00:00:04,000\nJohn: Hello\n",
            "found: John, Mary",
        ),
        ('{"turns": []}', "nothing is said in it"),
        ('{"turns": [{"speaker": "one", "text": "hello"}]}', "does not say who is agent"),
        ("IVR: Press one.\nMusic: la la\n", "does not say who is agent"),
    ],
)
def test_what_is_no_transcript_of_a_call_is_refused_with_one_line(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "t.json"
    path.write_text(content)
    with pytest.raises(TranscriptError, match=message) as caught:
        read_transcript(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match="no such file"):
        read_transcript(tmp_path / "none.vtt")
    (tmp_path / "b.vtt").write_bytes(b"\x00\x01\x02" * 50)
    with pytest.raises(TranscriptError, match="is not text"):
        read_transcript(tmp_path / "b.vtt")
    assert not is_transcript(tmp_path / "b.vtt")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text("Agent: The café’s booked.\nCustomer: Grüße, très bien.\n", encoding=encoding)
    assert read_transcript(path).turns[0].text == "The café’s booked."


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("Advisor", "Caller"),
        ("Rep", "Client"),
        ("AGENT 1", "CUSTOMER 1"),
        ("Agent Smith", "Jane Doe"),
        ("Jo (Agent)", "Sam (Customer)"),
        ("Priya - Support", "Tom"),
        ("A", "C"),
        ("Operator", "Member"),
    ],
)
def test_clear_names_of_the_two_sides_are_understood(tmp_path: Path, agent: str, customer: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text(f"{agent}: Hello.\n{customer}: Hello.\n{agent}: Bye.\n")
    assert [turn.speaker for turn in read_transcript(path).turns] == ["agent", "customer", "agent"]


def test_cues_with_several_voices_and_broken_times(tmp_path: Path) -> None:
    path = tmp_path / "t.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:03.000\n<v.loud Agent>One &amp; two</v>\n<v Customer>No\n\n"
        "00:04.x --> 00:05.000\nAgent: lost\n\nSTYLE\n::cue{}\n\n00:09.000 --> 00:10.000\nstill <b>me</b>\n"
    )
    call = read_transcript(path)
    assert [(turn.speaker, turn.text) for turn in call.turns] == [
        ("agent", "One & two"),
        ("customer", "No"),
        ("customer", "still me"),
    ]
    assert "1 of 3 cues have broken times and are left out." in call.notes


def test_turns_without_times_get_none_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(
        '{"id": "x1", "turns": [{"speaker": "agent", "text": "Hi"}, {"speaker": "customer", "text": "Yes"}]}'
    )
    call = read_transcript(path)
    assert (call.call_id, call.timing, call.duration) == ("x1", Timing(), 0.0)


times = st.floats(0, 500, allow_nan=False)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
# nothing that is said takes no time: a call in which nothing does has no times at all
spans = st.tuples(times, times).map(lambda pair: Span(min(pair), max(pair) + 0.01))
some_words = st.lists(
    st.builds(
        lambda text, span, p, bad: Word(text, span.start, span.end, p, bad),
        texts,
        spans,
        st.none() | st.floats(0, 1),
        st.booleans(),
    ),
    max_size=4,
).map(tuple)
some_turns = st.lists(
    st.builds(
        lambda speaker, span, text, words, sure: Turn(speaker, span.start, span.end, text, words, sure),
        st.sampled_from(["agent", "customer"]),
        spans,
        texts,
        some_words,
        st.floats(0.1, 1),
    ),
    min_size=1,
    max_size=5,
).map(tuple)


@given(
    some_turns,
    st.lists(spans, max_size=3).map(tuple),
    st.sampled_from(["sound", "words", "turns", "none"]),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_call_json_gives_the_same_call_back(turns, agent, source, started_at) -> None:  # type: ignore[no-untyped-def]
    timing = Timing(
        source, agent, (), tuple(Silence(s.start, s.end, "music") for s in agent), (("agent", 1.0, -20.5),)
    )
    call = Call(
        "id-1",
        turns,
        "Ann",
        None,
        "q",
        "outbound",
        started_at,
        "en",
        1000.0,
        timing,
        "two_channels",
        "small.en",
        ("n",),
    )
    assert call_from_json(write_call_json(call)) == call
    assert write_call_json(call) == write_call_json(call_from_json(write_call_json(call)))


def test_a_call_without_words_survives_call_json() -> None:
    call = Call("empty", (), duration=30.0, timing=Timing("sound"), notes=("No words.",))
    assert call_from_json(write_call_json(call)) == call


def test_webvtt_and_vcon_read_back_as_the_same_turns(tmp_path: Path) -> None:
    call = read_transcript(SAMPLES / "call.json")
    (tmp_path / "t.vtt").write_text(write_webvtt(call))
    (tmp_path / "t.json").write_text(write_vcon(call, created_at=datetime(2026, 3, 2, tzinfo=UTC)))
    for name in ("t.vtt", "t.json"):
        back = read_transcript(tmp_path / name)
        assert [(turn.speaker, turn.text) for turn in back.turns] == SAID
        assert [turn.start for turn in back.turns] == STARTS
    assert read_transcript(tmp_path / "t.json").turns[0].words == call.turns[0].words
    assert json.loads((tmp_path / "t.json").read_text())["vcon"]


def test_webvtt_cuts_long_turns_and_hides_nothing() -> None:
    words = tuple(Word(f"w{i}<", i * 1.0, i + 0.9) for i in range(40))
    turn = Turn("agent", 0.0, 39.9, " ".join(word.word for word in words), words)
    text = write_webvtt(replace(read_transcript(SAMPLES / "call.json"), turns=(turn,)))
    assert text.count("-->") == 4
    assert "w39&lt;" in text


SHARED = os.environ.get("QA_SHARED")


def _outcome(path: Path) -> tuple[Call | None, str]:
    try:
        return read_transcript(path), ""
    except QaError as err:
        return None, str(err)


@pytest.mark.skipif(not SHARED, reason="QA_SHARED names no folder of transcripts")
def test_every_shared_transcript_is_read_or_refused_with_one_line() -> None:
    n_read = 0
    for path in sorted((Path(SHARED or "") / "fixtures" / "transcripts").rglob("*")):
        if path.is_file():
            call, message = _outcome(path)
            assert (call is None) == bool(message)
            assert "\n" not in message
            if call is not None:
                n_read += 1
                assert all(turn.text for turn in call.turns), path
                assert call_from_json(write_call_json(call)) == call
    assert n_read >= 3


@pytest.mark.parametrize("strange", ["\\u0000", "\\u0007", "\\ud83d", "\\uffff"])
def test_what_no_database_can_hold_becomes_a_blank(tmp_path: Path, strange: str) -> None:
    file = tmp_path / "call.json"
    file.write_text(
        '{"call_id": "c1", "turns": ['
        f'{{"speaker": "agent", "start": 0, "end": 1, "text": "Good{strange}morning"}},'
        '{"speaker": "customer", "start": 1, "end": 2, "text": "Hello"}]}',
        encoding="utf-8",
    )
    call = read_transcript(file)
    assert call.turns[0].text.split() == ["Good", "morning"]


def test_control_characters_of_a_plain_text_become_blanks(tmp_path: Path) -> None:
    file = tmp_path / "call.txt"
    file.write_bytes(b"Agent: Good\x07morning\x7f\nCustomer: Hello\x1b there\n")
    assert [turn.text.split() for turn in read_transcript(file).turns] == [
        ["Good", "morning"],
        ["Hello", "there"],
    ]
