"""``python -m tools.make_demo [CALL_ID...]``: makes all calls of the demo, or those named."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from tools.make_demo.engines import Voice, available
from tools.make_demo.script import read_script
from tools.make_demo.writing import make_call

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


def load_voices(path: Path = DEMO / "voices.yaml") -> dict[str, Voice]:
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        row["id"]: Voice(row["id"], row["engine"], row["voice"], int(row.get("rate_wpm", 0))) for row in rows
    }


def main(names: list[str]) -> int:
    why_not = available()
    if why_not:
        print(why_not, file=sys.stderr)
        return 1
    voices = load_voices()
    for folder in ("calls", "truth"):
        (DEMO / folder).mkdir(exist_ok=True)
    for path in sorted((DEMO / "scripts").glob("*.txt")):
        script = read_script(path)
        if names and script.call_id not in names:
            continue
        truth = make_call(script, voices, DEMO / "calls", DEMO / "truth")
        size = (DEMO / "calls" / f"{script.call_id}.opus").stat().st_size
        print(
            f"{script.call_id} {truth['duration']:6.1f} s {size / 1000:6.0f} kB {len(truth['turns'])} turns"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
