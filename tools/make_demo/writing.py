"""One call's three files: the recording, the transcript beside it, and the truth."""

from __future__ import annotations

import json
import zlib
from itertools import product
from pathlib import Path
from typing import Any

from tools.make_demo.engines import Sound, Voice
from tools.make_demo.line import over_the_line, store, tracks
from tools.make_demo.placing import RATE_HZ, Placed, Timeline, place
from tools.make_demo.script import Script, Speaker

LEFT_RIGHT = {"left": 0, "right": 1}


def make_call(script: Script, voices: dict[str, Voice], calls: Path, truths: Path) -> dict[str, Any]:
    """Writes the call's files and returns its truth."""
    timeline = place(script, voices_of(script, voices))
    sides = over_the_line(
        tracks(timeline),
        noise_db=float(script.head.get("noise_db", "-50")),
        cross_talk=script.head.get("cross_talk") == "yes",
        seed=zlib.crc32(script.call_id.encode()),
    )
    agent_on = script.head["agent_on"]
    if agent_on == "mono":
        channels: list[Sound] = [(sides["agent"] + sides["customer"]) * 0.8]
    else:
        channels = [sides["agent"], sides["customer"]]
        channels = channels if agent_on == "left" else channels[::-1]
    store(channels, calls / f"{script.call_id}.opus")
    (calls / f"{script.call_id}.json").write_text(_dump(transcript(script, timeline)), encoding="utf-8")
    truth = truth_of(script, timeline)
    (truths / f"{script.call_id}.truth.json").write_text(_dump(truth), encoding="utf-8")
    return truth


def voices_of(script: Script, voices: dict[str, Voice]) -> dict[Speaker, Voice]:
    agent, customer = script.head["voices"].split()
    return {"agent": voices[agent], "customer": voices[customer]}


def _facts(script: Script, timeline: Timeline) -> dict[str, Any]:
    head = script.head
    names = ("agent", "customer", "queue", "direction", "started_at")
    return {
        "call_id": script.call_id,
        **{name: head[name] for name in names},
        "language": "en",
        "duration": _s(timeline.length),
    }


def transcript(script: Script, timeline: Timeline) -> dict[str, Any]:
    """Call JSON: what a good transcriber would have given, without any judgement."""
    turns = [
        {
            "speaker": one.turn.speaker,
            "start": _s(one.at),
            "end": _s(one.end),
            "text": one.turn.text,
            "words": _words(one),
        }
        for one in timeline.placed
    ]
    return _facts(script, timeline) | {"turns": turns}


def truth_of(script: Script, timeline: Timeline) -> dict[str, Any]:
    """Everything that was placed on purpose."""
    head = script.head
    agent_on = head["agent_on"]
    return _facts(script, timeline) | {
        "about": head["about"],
        "handled": head["handled"],
        "rate_hz": RATE_HZ,
        "recording": "mono" if agent_on == "mono" else "two_channels",
        "agent_channel": LEFT_RIGHT.get(agent_on),
        "noise_db": float(head.get("noise_db", "-50")),
        "cross_talk": head.get("cross_talk") == "yes",
        "turns": [_turn_truth(one) for one in timeline.placed],
        "overlaps": overlaps(timeline),
        "silences": [{"start": _s(a), "end": _s(b), "kind": kind} for a, b, kind in timeline.silences],
        "call_behaviours": list(script.call_behaviours),
    }


def _turn_truth(one: Placed) -> dict[str, Any]:
    turn = one.turn
    return {
        "speaker": turn.speaker,
        "start": _s(one.at),
        "end": _s(one.end),
        "text": turn.text,
        "cut": turn.cut,
        "loud": "loud" in turn.flags,
        "pause_s": None if turn.at_word else turn.pause_s,
        "at_word": turn.at_word,
        "words": _words(one),
        "behaviours": [{"behaviour": name, "quote": quote} for name, quote in turn.behaviours],
    }


def overlaps(timeline: Timeline) -> list[dict[str, Any]]:
    """Each stretch in which an agent's and a customer's turn both run."""
    rows = []
    numbered = list(enumerate(timeline.placed))
    agent = [(i, one) for i, one in numbered if one.turn.speaker == "agent"]
    customer = [(i, one) for i, one in numbered if one.turn.speaker == "customer"]
    for (i, one), (j, other) in product(agent, customer):
        start, end = max(one.at, other.at), min(one.end, other.end)
        if start < end:
            span = {"start": _s(start), "end": _s(end), "ms": round((end - start) * 1000 / RATE_HZ)}
            rows.append(span | {"agent_turn": i, "customer_turn": j})
    return sorted(rows, key=lambda row: row["start"])


def _words(one: Placed) -> list[dict[str, Any]]:
    at = one.at / RATE_HZ
    return [
        {"word": word, "start": round(at + a, 3), "end": round(at + b, 3)} for word, a, b in one.clip.words
    ]


def _s(samples: int) -> float:
    return round(samples / RATE_HZ, 3)


def _dump(value: dict[str, Any]) -> str:
    """JSON with one turn a line: small, and a change shows where it is."""
    lines = []
    for name, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in item)
            lines.append(f'"{name}": [\n  {rows}\n ]')
        else:
            lines.append(f'"{name}": {json.dumps(item, ensure_ascii=False)}')
    return "{" + ",\n ".join(lines) + "}\n"
