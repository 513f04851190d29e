"""The texts the model is trained on: this project's own labelled sentences, and sentences of its own grammar.

Conventions
-----------
- A text is what a voice can say and a transcript would show: ASCII letters, digits as words, and ``, . ? '``.
- A twentieth of the texts is held out by a hash of the text: no voice says them in training.
- Texts of the demo's own scripts are never used: ``without`` drops every text that shares a sentence with them.
"""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

MAX_WORDS = 30
HELD_OUT_OF = 20
REPLACED = {
    "’": "'", "“": "", "”": "", '"': "", "…": ".", "—": ", ", "–": ", ", "--": ",", "...": ".",
    "!": ".", ";": ",", ":": ",", "-": " ", "&": " and ", "%": " percent ",
}  # fmt: skip
ALLOWED = re.compile(r"[A-Za-z',.? ]+")
TURN = re.compile(r"^[AC] [^:]*: (.*)$")
INNERMOST = re.compile(r"\{([^{}]*)\}")
SENTENCE = re.compile(r"(?<=[.?])\s+")


def clean(text: str) -> str | None:
    """The text as it will be said and written, or None where it holds signs that are said in many ways."""
    for sign, written in REPLACED.items():
        text = text.replace(sign, written)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"\s+([,.?])", r"\1", text)
    text = re.sub(r"([,.?])[,.?]*", r"\1", text)
    text = re.sub(r"(?<![A-Za-z])'|'(?![A-Za-z])", "", text)
    text = re.sub(r"([,.?])(?=[A-Za-z])", r"\1 ", " ".join(text.split())).strip(" ,")
    text = re.sub(r"^[,.? ]+", "", text)
    return text if text and ALLOWED.fullmatch(text) else None


def pieces(text: str) -> Iterator[str]:
    """The text in runs of whole sentences of at most ``MAX_WORDS`` words."""
    run: list[str] = []
    for sentence in SENTENCE.split(text):
        words = sentence.split()
        if run and len(run) + len(words) > MAX_WORDS:
            yield " ".join(run)
            run = []
        run += words
        while len(run) > MAX_WORDS:
            yield " ".join(run[:MAX_WORDS])
            run = run[MAX_WORDS:]
    if run:
        yield " ".join(run)


def labelled_texts(labels: Path) -> list[str]:
    """Everything said in the project's labelled calls and utterances, cleaned, each text once."""
    raw: list[str] = []
    for path in sorted((labels / "utterances").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            _, _, said = line.partition("||")
            for part in re.split(r"\|\||//", said):
                raw.append(re.sub(r"^\s*[AC]:\s*", "", part))
    for path in sorted((labels / "calls").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = TURN.match(line)
            if found:
                raw.append(found.group(1))
    cleaned = [text for text in (clean(one) for one in raw) if text]
    return list(dict.fromkeys(piece for text in cleaned for piece in pieces(text)))


def grammar_texts(rules: dict[str, Sequence[str]], *, n: int, seed: int) -> list[str]:
    """``n`` texts of one to three sentences, expanded from the grammar's start rules."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < n:
        text = clean(" ".join(_sentence(rules, rng) for _ in range(rng.choice((1, 1, 2, 2, 3)))))
        if text and len(text.split()) <= MAX_WORDS + 4:
            found[text] = None
    return list(found)


def _sentence(rules: dict[str, Sequence[str]], rng: random.Random) -> str:
    """One expanded start rule: the innermost ``{...}`` is replaced until none is left."""
    text = rng.choice(rules["start"])
    while found := INNERMOST.search(text):
        text = text[: found.start()] + _expansion(rules, found.group(1), rng) + text[found.end() :]
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def _expansion(rules: dict[str, Sequence[str]], name: str, rng: random.Random) -> str:
    """``name`` is a rule, ``name*3`` three of it, ``a|b`` one of two words."""
    if "|" in name:
        return rng.choice(name.split("|"))
    rule, _, count = name.partition("*")
    options = rules[rule]
    if isinstance(options, str):
        options = options.split()
    return " ".join(rng.choice(options) for _ in range(int(count or 1)))


def held_out(text: str) -> bool:
    """Whether the text is kept for measuring; decided by its letters, so the same everywhere."""
    return hashlib.sha256(text.lower().encode()).digest()[0] % HELD_OUT_OF == 0


def sentences(texts: Iterable[str]) -> set[str]:
    """Every sentence of at least four words, in lower-case letters, for telling texts apart."""
    found = set()
    for text in texts:
        for sentence in SENTENCE.split(clean(text) or ""):
            words = re.findall(r"[a-z']+", sentence.lower())
            if len(words) >= 4:
                found.add(" ".join(words))
    return found


def script_sentences(folder: Path) -> set[str]:
    """Every sentence of the demo's scripts: lines ``A 0.4: ...`` and ``C 0.4: ...`` of ``*.txt``."""
    lines = (line for path in sorted(folder.glob("*.txt")) for line in path.read_text("utf-8").splitlines())
    return sentences(found.group(1) for found in map(TURN.match, lines) if found)


def without(texts: Sequence[str], forbidden: set[str]) -> list[str]:
    """The texts that hold none of the forbidden sentences."""
    return [text for text in texts if not sentences([text]) & forbidden]
