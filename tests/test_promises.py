"""Promises: by when, against the call's own start, and what became of them."""

# ruff: noqa: DTZ001 - times as written in a transcript, without a zone

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_scoring import at, found

from qa.errors import InputError, SettingsError
from qa.promises import (
    Promise,
    PromiseMark,
    PromisePhrases,
    WorkingDay,
    after_call_findings,
    amount_in,
    broken_by_queue,
    ledger,
    load_phrases,
    load_working_day,
    overdue,
    promises_of,
    read_follow_ups,
    resolve_due,
    who_in,
)
from qa.values import Call, Detections, Finding, Span, Turn

PHRASES = load_phrases(Path(__file__).parent.parent / "data")
SAID = datetime(2024, 11, 13, 10, 20)  # a Wednesday

BY_WHEN = """
I'll ring you by Friday                                | Fri 15 Nov 23:59
I'll ring you by two on Friday                         | Fri 15 Nov 14:00
I'll ring you on Friday at two                         | Fri 15 Nov 14:00
within the hour                                        | Wed 13 Nov 11:20
inside the hour                                        | Wed 13 Nov 11:20
in half an hour                                        | Wed 13 Nov 10:50
in an hour                                             | Wed 13 Nov 11:20
in an hour or two                                      | Wed 13 Nov 12:20
within the next couple of hours                        | Wed 13 Nov 12:20
in about twenty minutes                                | Wed 13 Nov 10:40
in the next 30 minutes                                 | Wed 13 Nov 10:50
in 2 hours                                             | Wed 13 Nov 12:20
within 24 hours                                        | Thu 14 Nov 10:20
within forty-eight hours                               | Fri 15 Nov 10:20
in an hour's time                                      | Wed 13 Nov 11:20
in two working days                                    | Fri 15 Nov 23:59
three to five working days                             | Wed 20 Nov 23:59
five to ten working days                               | Wed 27 Nov 23:59
within one to two business days                        | Fri 15 Nov 23:59
within the next three working days                     | Mon 18 Nov 23:59
you'll get it in five working days' time               | Wed 20 Nov 23:59
in a day or two                                        | Fri 15 Nov 23:59
in a few days                                          | Sat 16 Nov 23:59
in three to five days                                  | Mon 18 Nov 23:59
within seven days                                      | Wed 20 Nov 23:59
it'll be with you in ten days                          | Sat 23 Nov 23:59
ten days from now                                      | Sat 23 Nov 23:59
in a fortnight                                         | Wed 27 Nov 23:59
in two weeks' time                                     | Wed 27 Nov 23:59
in a month                                             | Fri 13 Dec 23:59
before two o'clock                                     | Wed 13 Nov 14:00
by five                                                | Wed 13 Nov 17:00
by 5pm                                                 | Wed 13 Nov 17:00
by half past three                                     | Wed 13 Nov 15:30
call you back at half eleven                           | Wed 13 Nov 11:30
by quarter to four                                     | Wed 13 Nov 15:45
at ten to five                                         | Wed 13 Nov 16:50
at five thirty                                         | Wed 13 Nov 17:30
at 17:30                                               | Wed 13 Nov 17:30
by eleven                                              | Wed 13 Nov 11:00
at 8 o'clock in the evening                            | Wed 13 Nov 20:00
by noon                                                | Wed 13 Nov 12:00
by midnight                                            | Wed 13 Nov 23:59
by 9.30 tomorrow                                       | Thu 14 Nov 09:30
by ten a.m. tomorrow                                   | Thu 14 Nov 10:00
between 2 and 4 tomorrow                               | Thu 14 Nov 16:00
on Saturday between eight and twelve                   | Sat 16 Nov 12:00
first thing tomorrow                                   | Thu 14 Nov 10:00
first thing                                            | Thu 14 Nov 10:00
first thing on Monday                                  | Mon 18 Nov 10:00
tomorrow                                               | Thu 14 Nov 23:59
tomorrow morning                                       | Thu 14 Nov 12:00
by tomorrow lunchtime                                  | Thu 14 Nov 14:00
tomorrow afternoon at half past three                  | Thu 14 Nov 15:30
this afternoon                                         | Wed 13 Nov 18:00
this evening                                           | Wed 13 Nov 21:00
tonight                                                | Wed 13 Nov 23:59
later today                                            | Wed 13 Nov 23:59
by half five today                                     | Wed 13 Nov 17:30
by end of play                                         | Wed 13 Nov 17:30
by eod                                                 | Wed 13 Nov 17:30
by close of business on Friday                         | Fri 15 Nov 17:30
by the end of the day tomorrow                         | Thu 14 Nov 17:30
the day after tomorrow                                 | Fri 15 Nov 23:59
you'll have it Thursday morning                        | Thu 14 Nov 12:00
before Friday                                          | Thu 14 Nov 23:59
before the weekend                                     | Fri 15 Nov 23:59
this weekend                                           | Sun 17 Nov 23:59
by Monday at the latest                                | Mon 18 Nov 23:59
by Friday at the very latest, five p.m.                | Fri 15 Nov 17:00
by the end of the week                                 | Fri 15 Nov 23:59
early next week                                        | Tue 19 Nov 23:59
next week                                              | Fri 22 Nov 23:59
by next Tuesday                                        | Tue 19 Nov 23:59
next Thursday                                          | Thu 21 Nov 23:59
Monday of next week                                    | Mon 18 Nov 23:59
Friday week                                            | Fri 22 Nov 23:59
a week on Friday                                       | Fri 22 Nov 23:59
a week today                                           | Wed 20 Nov 23:59
a week tomorrow                                        | Thu 21 Nov 23:59
by the end of the month                                | Sat 30 Nov 23:59
by the end of November                                 | Sat 30 Nov 23:59
by the end of January                                  | Fri 31 Jan 23:59
by the fourteenth                                      | Thu 14 Nov 23:59
on the 30th                                            | Sat 30 Nov 23:59
by the first of the month                              | Sun 01 Dec 23:59
by Thursday the 21st                                   | Thu 21 Nov 23:59
Tuesday the nineteenth at nine in the morning          | Tue 19 Nov 09:00
on the 3rd of December                                 | Tue 03 Dec 23:59
the twenty-first of November                           | Thu 21 Nov 23:59
December 24th                                          | Tue 24 Dec 23:59
2 January                                              | Thu 02 Jan 23:59
14/11/2024                                             | Thu 14 Nov 23:59
11/14/2024                                             | Thu 14 Nov 23:59
2024-12-02                                             | Mon 02 Dec 23:59
by Christmas                                           | Wed 25 Dec 23:59
BY FRIDAY                                              | Fri 15 Nov 23:59
I’ll ring you by two o’clock                           | Wed 13 Nov 14:00
at the end of the day, I'll do it by Monday            | Mon 18 Nov 23:59
as soon as possible                                    | -
I'll refund ten pounds                                 | -
I'll be back in a minute                               | -
I'll do that now                                       | -
the 31st of June                                       | -
by one of our engineers                                | -
by end of day                                          | Wed 13 Nov 17:30
by end of day Thursday                                 | Thu 14 Nov 17:30
by the end of the working week                         | Fri 15 Nov 23:59
within the day                                         | Wed 13 Nov 23:59
within 2hrs                                            | Wed 13 Nov 12:20
within 48h                                             | Fri 15 Nov 10:20
within a 24-hour window                                | Thu 14 Nov 10:20
in the next few days                                   | Sat 16 Nov 23:59
give me half an hour                                   | Wed 13 Nov 10:50
give me a minute                                       | -
the next working day                                   | Thu 14 Nov 23:59
by noon the following day                              | Thu 14 Nov 12:00
this time tomorrow                                     | Thu 14 Nov 10:20
I'll ring you in the morning                           | Thu 14 Nov 12:00
by Sat                                                 | Sat 16 Nov 23:59
he sat there                                           | -
by Christmas Eve                                       | Tue 24 Dec 23:59
before the new year                                    | Tue 31 Dec 23:59
after the weekend                                      | Mon 18 Nov 23:59
after 5pm                                              | Wed 13 Nov 23:59
not before Monday                                      | -
I can't do it until Friday                             | -
in 99999999999 days                                    | -
in 99999999 hours                                      | -
in 999999 months                                       | -
in 99999999999 working days                            | -
in 5000 working days                                   | -
he sat there for the second time                       | -
at one point he came back                              | -
I'm ringing you Monday at eleven to see did it land    | Mon 18 Nov 11:00
I'll give you a bell at nine tonight and see           | Wed 13 Nov 21:00
at two to three percent                                | -
you may march on                                       | -
                                                       | -
"""
TABLE = [tuple(part.strip() for part in line.split("|")) for line in BY_WHEN.splitlines() if "|" in line]


@pytest.mark.parametrize(("words", "due"), TABLE, ids=[w or "nothing" for w, _ in TABLE])
def test_words_for_a_time_are_resolved_against_when_they_were_said(words: str, due: str) -> None:
    resolved = resolve_due(words, SAID)
    assert (f"{resolved.at:%a %d %b %H:%M}" if resolved else "-") == due


@pytest.mark.parametrize(
    ("words", "said", "due"),
    [
        ("by Friday", datetime(2024, 11, 15, 9), datetime(2024, 11, 22, 23, 59)),  # said on a Friday
        ("in two working days", datetime(2024, 11, 15, 9), datetime(2024, 11, 19, 23, 59)),
        ("by nine", datetime(2024, 11, 13, 20, 0), datetime(2024, 11, 13, 21, 0)),
        ("by nine", datetime(2024, 11, 13, 22, 0), datetime(2024, 11, 14, 9, 0)),
        ("by two", datetime(2024, 11, 13, 15, 0), datetime(2024, 11, 14, 14, 0)),
        ("by end of play", datetime(2024, 11, 13, 18, 0), datetime(2024, 11, 13, 23, 59)),
        ("this morning", datetime(2024, 11, 13, 15, 0), None),  # over: nothing that binds
        ("on the 30th", datetime(2025, 2, 1, 9), datetime(2025, 3, 30, 23, 59)),
        ("in a month", datetime(2025, 1, 31, 9), datetime(2025, 2, 28, 23, 59)),
        ("the 29th of February", datetime(2025, 1, 5, 9), datetime(2028, 2, 29, 23, 59)),
        ("by the 2nd of January", datetime(2024, 12, 30, 9), datetime(2025, 1, 2, 23, 59)),
        ("end of the week", datetime(2024, 11, 16, 9), datetime(2024, 11, 17, 23, 59)),  # said on a Saturday
        ("first thing", datetime(2024, 11, 15, 16), datetime(2024, 11, 18, 10, 0)),  # said on a Friday
        ("before the weekend", datetime(2024, 11, 16, 9), datetime(2024, 11, 22, 23, 59)),  # on a Saturday
        ("in the morning", datetime(2024, 11, 13, 1), datetime(2024, 11, 13, 12)),  # said in the night
    ],
)  # fmt: skip
def test_the_day_it_was_said_decides(words: str, said: datetime, due: datetime | None) -> None:
    resolved = resolve_due(words, said)
    assert (resolved.at if resolved else None) == due


def test_holidays_and_other_working_days_are_the_firms_own() -> None:
    firm = WorkingDay(
        opens=time(7), closes=time(15), days=frozenset(range(6)), holidays=frozenset({date(2024, 11, 14)})
    )
    assert resolve_due("in two working days", SAID, working_day=firm).at == datetime(2024, 11, 16, 23, 59)  # type: ignore[union-attr]
    assert resolve_due("end of play", SAID, working_day=firm).at.time() == time(15)  # type: ignore[union-attr]
    assert resolve_due("first thing", SAID, working_day=firm).at == datetime(2024, 11, 15, 8)  # type: ignore[union-attr]


def test_the_firms_working_days_and_holidays_are_read_from_its_settings(tmp_path: Path) -> None:
    assert load_working_day(tmp_path) == WorkingDay()
    assert load_working_day(Path(__file__).parent.parent / "data") == WorkingDay()
    file = tmp_path / "settings" / "working_day.yaml"
    file.parent.mkdir()
    file.write_text("closes: 15:00\ndays: [mon, tue, wed, thu, fri, sat]\nholidays: [2024-11-14]\n")
    firm = load_working_day(tmp_path)
    assert resolve_due("in two working days", SAID, working_day=firm).at == datetime(2024, 11, 16, 23, 59)  # type: ignore[union-attr]
    assert resolve_due("by close of play", SAID, working_day=firm).at == datetime(2024, 11, 13, 15)  # type: ignore[union-attr]
    file.write_text("holidays:\n  - the fourteenth\n")
    with pytest.raises(SettingsError, match=r"working_day\.yaml:2: .*date"):
        load_working_day(tmp_path)


def test_a_due_time_keeps_the_zone_of_the_call_and_the_words_that_said_it() -> None:
    resolved = resolve_due("So I'll ring you by two on Friday, all right?", SAID.replace(tzinfo=UTC))
    assert resolved is not None
    assert resolved.at.tzinfo is UTC
    assert resolved.phrase == "by two on Friday"


@given(st.text(max_size=60), st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))
def test_no_text_upsets_it_and_nothing_is_due_before_it_was_said(text: str, said: datetime) -> None:
    resolved = resolve_due(text, said)
    assert resolved is None or resolved.at > said


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("I'd like to take ten pounds off", "£10"),
        ("£30 back", "£30"),
        ("a hundred and fifty pounds", "£150"),
        ("twenty quid", "£20"),
        ("$45.50", "$45.50"),
        ("forty-five dollars", "$45"),
        ("1,250 pounds", "£1250"),
        ("ten percent off", "10%"),
        ("15% off", "15%"),
        ("I'll call you at ten", None),
        ("two thousand five hundred pounds back", "£2500"),
        ("one thousand pounds", "£1000"),
        ("£30k", "£30000"),
        ("$1.5 million", "$1500000"),
        ("$45.5", "$45.50"),
        ("30 EUR", "€30"),
        ("GBP 30", "£30"),
        ("₹500", "₹500"),
        ("a 50 pound voucher", "£50"),
        ("another ten pounds", "£10"),
        ("several hundred pounds", None),
        ("fifty pence", "£0.50"),
        ("ring me at 10 p.m.", None),
    ],
)
def test_the_sum_is_read_as_figures(text: str, amount: str | None) -> None:
    assert amount_in(text) == amount


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("I'll ring you", "agent"),
        ("we'll credit it", "company"),
        ("my manager will call", "colleague"),
        ("she'll ring you", "colleague"),
        ("it will be sent", "company"),
        ("I'm asking him", "agent"),
        ("If they're going to be past the hour I'll ring you", "agent"),
        ("If they can't, we'll refund it", "company"),
        ("You'll get a text off the fraud team", "colleague"),
        ("He'll have you back online before I go home", "colleague"),
    ],
)
def test_who_binds_themself_is_the_first_person_named(text: str, who: str) -> None:
    assert who_in(text) == who


def _call(
    call_id: str,
    started: datetime | None,
    *turns: tuple[str, str],
    customer: str | None = "K1",
    **more: object,
) -> Call:
    made = tuple(Turn(s, i * 10.0, i * 10.0 + 9, text) for i, (s, text) in enumerate(turns))  # type: ignore[arg-type]
    return Call(
        call_id, made, agent="Ana", customer=customer, started_at=started, duration=len(turns) * 10.0, **more
    )  # type: ignore[arg-type]


def _promised(
    text: str, *, call_id: str = "c1", started: datetime | None = None, dated: bool = True, **more: object
) -> tuple[Call, Detections]:
    call = _call(
        call_id, (started or at(13)) if dated else None, ("customer", "It never came."), ("agent", text),
        queue="parcels", **more,
    )  # fmt: skip
    finding = Finding(call_id, 1, "commitment", "agent", 10.0, 14.0, text, 0.9, "binds", 0, len(text))
    return call, Detections(call_id, (finding,))


def _later(call_id: str, started: datetime, text: str, **more: object) -> tuple[Call, Detections]:
    return _call(call_id, started, ("agent", "Hello."), ("customer", text), **more), Detections(call_id, ())


def _one(*calls: tuple[Call, Detections], now: datetime | None = None, **more: object) -> Promise:
    (promise,) = ledger(calls, now=now or at(30), phrases=PHRASES, **more)  # type: ignore[arg-type]
    return promise


RING = "I'll ring you by Friday"


@pytest.mark.parametrize(
    ("promise", "later", "day", "status"),
    [
        (RING, "Nobody called me back.", 18, "broken"),
        (RING, "I haven't heard a thing.", 18, "broken"),
        (RING, "You said you'd ring and nothing happened.", 18, "broken"),
        (RING, "Nobody called me back.", 14, "open"),  # not due yet: no promise is broken before its time
        (RING, "Thanks for calling me back.", 18, "kept"),
        (RING, "I'd like to change my address.", 18, "unknown"),
        (RING, "I'd like to change my address.", 14, "open"),
        ("We'll refund it by Friday", "The refund still hasn't come.", 18, "broken"),
        ("We'll refund it by Friday", "I got the refund, thank you.", 14, "kept"),
        ("We'll refund it by Friday", "Nobody called me back.", 18, "unknown"),  # about something else
        ("I'll send a replacement by Friday", "The replacement never arrived.", 18, "broken"),
        ("I'll send a replacement by Friday", "It arrived, but it's the wrong colour.", 18, "kept"),
        ("An engineer will come on Friday", "The engineer never turned up.", 18, "broken"),
        ("An engineer will come on Friday", "The engineer came and it's all working now.", 18, "kept"),
    ],
)
def test_later_calls_of_the_customer_tell_what_became_of_a_promise(
    promise: str, later: str, day: int, status: str
) -> None:
    found_one = _one(_promised(promise), _later("c2", at(day), later), now=at(30) if day > 15 else at(15))
    assert found_one.status == status
    assert found_one.decided_by_call == ("c2" if status in ("kept", "broken") else None)
    assert found_one.because


def test_a_call_back_in_time_keeps_the_promise_and_a_late_one_does_not() -> None:
    back = _later("c2", at(15, 9), "Oh hello.", direction="outbound")
    late = _later("c2", at(20, 9), "Oh hello.", direction="outbound")
    assert _one(_promised(RING), back).status == "kept"
    assert _one(_promised(RING), late).status == "unknown"


def test_silence_breaks_no_promise_it_only_makes_it_overdue() -> None:
    promise = _one(_promised(RING), now=at(20))
    assert (promise.status, promise.overdue(at(20)), promise.overdue(at(14))) == ("open", True, False)
    assert promise.because == "Its time has passed and nothing is known."
    assert overdue([promise], now=at(20)) == (promise,)
    assert overdue([promise], now=at(14)) == ()


def test_other_customers_and_later_than_now_say_nothing() -> None:
    other = _later("c2", at(18), "Nobody called me back.", customer="K2")
    future = _later("c3", at(25), "Nobody called me back.")
    assert _one(_promised(RING), other, future, now=at(20)).status == "open"


def test_a_promise_in_a_call_without_a_date_keeps_its_words_and_is_unknown() -> None:
    promise = _one(_promised(RING, dated=False))
    assert (promise.by, promise.due, promise.status) == ("Friday", None, "unknown")


def test_facts_of_the_finding_come_before_what_is_read_from_the_words() -> None:
    call, detections = _promised("I'll sort it")
    finding = replace(
        detections.findings[0], details=(("by", "tomorrow"), ("what", "new label"), ("amount", "£5"))
    )
    promise = _one((call, Detections("c1", (finding,))))
    assert (promise.what, promise.amount, promise.due) == ("new label", "£5", datetime(2024, 11, 14, 23, 59))


def test_the_time_may_stand_beside_the_promise_in_its_turn() -> None:
    call, _ = _promised("So by Friday, yes. I'll ring you and we'll see.")
    finding = Finding("c1", 1, "commitment", "agent", 12.0, 14.0, "I'll ring you", 0.9, "binds", 19, 32)
    assert _one((call, Detections("c1", (finding,)))).due == datetime(2024, 11, 15, 23, 59)


def test_a_follow_up_on_the_same_words_is_the_same_promise_and_doubtful_ones_are_left_out() -> None:
    call, detections = _promised(RING)
    twice = (*detections.findings, replace(detections.findings[0], behaviour="follow_up", char_end=10))
    weak = replace(detections.findings[0], probability=0.3, char_start=40, char_end=50, start=20.0, end=21.0)
    made = promises_of(call, Detections("c1", (*twice, weak)), phrases=PHRASES)
    assert [p.promise_id for p in made] == ["c1:1:0"]


def test_a_promise_that_is_summed_up_is_no_second_one() -> None:
    made = promises_of(
        *_promising("You'll have an answer by Friday.", "So, to sum up: you'll have an answer by Friday."),
        phrases=PHRASES,
    )
    assert [p.what for p in made] == ["You'll have an answer by Friday."]
    two = promises_of(
        *_promising("I'll send the label by Friday.", "And I'll send an engineer by Friday."), phrases=PHRASES
    )
    assert len(two) == 2


def _promising(*said: str) -> tuple[Call, Detections]:
    turns = tuple(Turn("agent", 10.0 * n, 10.0 * n + 5, text) for n, text in enumerate(said))
    findings = tuple(
        Finding("c1", n, "commitment", "agent", t.start, t.end, t.text, 0.9, "made", 0, len(t.text))
        for n, t in enumerate(turns)
    )
    return Call("c1", turns, customer="C-1", started_at=SAID, duration=60.0), Detections("c1", findings)


def test_a_person_comes_before_the_record_and_the_record_before_later_calls(tmp_path: Path) -> None:
    calls = (_promised(RING), _later("c2", at(18), "Nobody called me back."))
    csv = tmp_path / "done.csv"
    csv.write_text("\ufeffCall_ID;Done;at\nc1;yes;15/11/2024\n", encoding="utf-8")
    records = read_follow_ups(csv)
    assert _one(*calls).status == "broken"
    kept = _one(*calls, follow_ups=records)
    assert (kept.status, kept.because) == ("kept", "The follow-up record says so on 15 Nov 2024.")
    mark = PromiseMark(promise_id="c1:1:0", status="broken", by="Ada", note="He rang on Sunday.")
    marked = _one(*calls, follow_ups=records, marks=[mark])
    assert (marked.status, marked.because) == ("broken", "Marked by Ada. He rang on Sunday.")


def test_a_record_by_customer_applies_to_earlier_promises_it_names(tmp_path: Path) -> None:
    csv = tmp_path / "done.csv"
    csv.write_text(
        "customer,what,at,done\nK1,ring back,2024-11-12,no\nK1,refund,2024-11-20,no\n", encoding="utf-8"
    )
    assert _one(_promised(RING), follow_ups=read_follow_ups(csv)).status == "open"
    refund = _promised("We'll refund it by Friday")
    assert _one(refund, follow_ups=read_follow_ups(csv)).status == "broken"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,done\nx,yes\n", "1: needs the columns 'done' and 'call_id' or 'customer'"),
        ("call_id,done\nc1,maybe\n", "2: 'done' is 'maybe'; write yes or no"),
        ("call_id,customer,done\n,,yes\n", "2: names neither"),
        ("call_id,done,at\nc1,yes,soon\n", "2: 'at' is no date"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(tmp_path: Path, text: str, says: str) -> None:
    csv = tmp_path / "done.csv"
    csv.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_follow_ups(csv)
    with pytest.raises(InputError, match="can't be read"):
        read_follow_ups(tmp_path / "none.csv")


def test_broken_promises_are_counted_by_queue_since_it_is_not_always_the_agents_fault() -> None:
    calls = [_promised(RING, call_id=f"p{i}", customer=f"K{i}") for i in range(3)]
    calls += [_later(f"l{i}", at(18), "Nobody called me back.", customer=f"K{i}") for i in range(2)]
    calls += [_later("l2", at(18), "Thanks for calling me back.", customer="K2")]
    assert broken_by_queue(ledger(calls, now=at(30), phrases=PHRASES)) == (("parcels", 2, 3),)


def test_the_ledger_is_ordered_by_due_time_and_the_same_each_time() -> None:
    calls = [
        _promised("I'll do it", call_id="a"),
        _promised(RING, call_id="b"),
        _promised("I'll do it tomorrow", call_id="c"),
    ]
    made = ledger(calls, now=at(14), phrases=PHRASES)
    assert [p.call_id for p in made] == ["c", "b", "a"]
    assert made == ledger(list(reversed(calls)), now=at(14), phrases=PHRASES)


def test_what_shows_across_calls_becomes_findings() -> None:
    leaving = found("customer_escalation_request", 1, call_id="c0")
    thanks = found("customer_thanks", 1, call_id="c0")
    first = (
        _call("c0", at(1), ("agent", "Hello."), ("customer", "I'm leaving you.")),
        Detections("c0", (replace(leaving, quote="I'm leaving you"), thanks)),
    )
    back = _later("c2", at(14), "Oh hello.", direction="outbound")
    calls = (first, _promised(RING), back)
    findings = after_call_findings(calls, ledger(calls, now=at(30), phrases=PHRASES))
    assert [(f.call, f.behaviour) for f in findings] == [
        ("c1", "promise_kept"),
        ("c2", "follow_up_made"),
        ("c2", "win_back"),
    ]


def test_a_zone_on_one_side_only_is_no_obstacle() -> None:
    zoned = _later("c2", at(18).replace(tzinfo=UTC), "Nobody called me back.")
    assert _one(_promised(RING), zoned, now=at(30).replace(tzinfo=UTC)).status == "broken"


def test_phrases_that_are_no_regular_expression_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "phrases.yaml"
    path.write_text("kinds: {contact: '('}\nnot_done: {}\ndone: {}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not a regular expression"):
        PromisePhrases.load(path)


def test_the_command_counts_what_it_shows_and_knows_no_other_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer
    from made_store import keep_call, new_store
    from typer.testing import CliRunner

    from qa.cli import promises
    from qa.errors import NotAllowed
    from qa.store import SYSTEM
    from qa.store.promises import keep_ledger

    monkeypatch.setenv("QA_HOME", str(tmp_path))
    store = new_store(tmp_path)
    for call, agent in (("a", "Priya Nair"), ("b", "Tom Reed")):
        keep_call(store, call, agent=agent)
    made = [
        Promise(
            f"{call}:0:0", call, "x", "C-1", "deliveries", "agent", "A parcel by Friday, sent from the depot in Leeds.",
            "delivery", "Friday", SAID, None, SAID, Span(0, 1), 0.9, status, "The customer said so.",
        )
        for call, status in (("a", "broken"), ("b", "kept"))
    ]  # fmt: skip
    keep_ledger(store, SYSTEM, made)
    store.close()
    app = typer.Typer()
    promises.register(app)

    def run(*args: str) -> str:
        result = CliRunner().invoke(app, ["promises", "--no-refresh", *args])
        if isinstance(result.exception, NotAllowed):
            return str(result.exception)
        return " ".join(f"{result.stdout} {result.stderr}".split())

    assert "2 promises: 1 broken, 1 kept" in run()
    assert "deliveries: 1 broken of 2 whose fate is known" in run()
    assert "A parcel by Friday, sent from the depot in Leeds. 13 Nov 10:20 broken" in run()
    assert "1 promise: 1 kept" in run("--agent", "Tom Reed")
    assert run("--agent", "Nobody").startswith("agent Nobody: there is none of that name")
