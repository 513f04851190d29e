"""Fonts for PDFs: the first of several installed ones that has a letter draws it.

The fonts that every PDF reader has know Western European letters only. So DejaVu Sans (or another wide font)
is looked for where systems keep fonts; letters that it has not are drawn by the first other installed font
that has them, and Chinese, Japanese and Korean ones without any by the reader's own Asian fonts. What no font
has (most pictures among letters) is left out rather than drawn as an empty box.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from html import escape
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from qa.report.right_to_left import drawn

PLAIN, BOLD = "QaSans", "QaSans-Bold"
PAIRS = (
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    ("arial.ttf", "arialbd.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),
    ("Arial Unicode.ttf", "Arial Unicode.ttf"),
)
MOST_FONTS = 200
_CUT = re.compile(r"bold|italic|oblique|light|thin|black|medium|condensed|mono|emoji", re.IGNORECASE)
ASIAN = (("Hiragana Katakana", "HeiseiKakuGo-W5"), ("Hangul", "HYGothic-Medium"), ("CJK", "STSong-Light"))


def font_folders() -> tuple[Path, ...]:
    """Where systems keep fonts."""
    home = Path.home()
    found = [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts/Supplemental"),
        home / "Library/Fonts",
    ]
    if windows := os.environ.get("WINDIR"):
        found.append(Path(windows) / "Fonts")
    return tuple(folder for folder in found if folder.is_dir())


@lru_cache(maxsize=1)
def find_font() -> Path | None:
    """The installed font with the most letters, in its upright cut; None where there is none."""
    pair = _find_pair()
    return None if pair is None else pair[0]


@lru_cache(maxsize=1)
def _find_pair() -> tuple[Path, Path] | None:
    there = {path.name: path for folder in font_folders() for path in sorted(folder.rglob("*.ttf"))}
    for plain, bold in PAIRS:
        if plain in there:
            return there[plain], there.get(bold, there[plain])
    return None


@lru_cache(maxsize=1)
def register() -> tuple[str, str]:
    """Make the fonts known to the PDF writer; gives the names of the upright and the bold one."""
    pair = _find_pair()
    if pair is None:
        return "Helvetica", "Helvetica-Bold"
    try:
        pdfmetrics.registerFont(TTFont(PLAIN, str(pair[0])))
        pdfmetrics.registerFont(TTFont(BOLD, str(pair[1])))
    except TTFError:
        return "Helvetica", "Helvetica-Bold"
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return PLAIN, BOLD


def marked_up(text: str, *, bold: bool = False) -> str:
    """Text as a paragraph's markup: escaped, each run of letters in a font that has them."""
    plain, heavy = register()
    wanted = heavy if bold else plain
    parts = []
    for font, letters in runs(text, bold=bold):
        run = escape(letters, quote=True)
        parts.append(run if font == wanted else f'<font name="{font}">{run}</font>')
    body = "".join(parts)
    return f'<font name="{heavy}">{body}</font>' if bold else body


def runs(text: str, *, bold: bool = False) -> list[tuple[str, str]]:
    """Text in the order in which it is drawn, cut into runs of letters of one font: pairs of font and letters."""
    plain, heavy = register()
    wanted = heavy if bold else plain
    clean = "".join(c for c in unicodedata.normalize("NFC", text) if c.isprintable() or c == " ")
    shown = drawn(clean, has=lambda c: _has(wanted, c))
    fonts = [(_font_for(c, wanted), c) for c in shown]
    return [
        (font, "".join(c for _, c in pairs)) for font, pairs in groupby(fonts, key=lambda p: p[0]) if font
    ]


def width_of(text: str, size: float) -> float:
    """How wide a text is drawn on one line, in points."""
    return sum(float(pdfmetrics.stringWidth(letters, font, size)) for font, letters in runs(text))


@lru_cache(maxsize=4096)
def _font_for(letter: str, wanted: str) -> str:
    """The font that draws a letter; an empty name where none has it."""
    if _has(wanted, letter):
        return wanted
    if other := _other_font(letter):
        return other
    name = unicodedata.name(letter, "")
    for scripts, font in ASIAN:
        if any(name.startswith(script.upper()) for script in scripts.split()):
            return _asian(font)
    return "" if unicodedata.category(letter) in ("So", "Sk", "Mn") else wanted


@lru_cache(maxsize=1)
def _others() -> tuple[str, ...]:
    """Names of further installed fonts, made known to the PDF writer; those that it can't use are left out."""
    pair = _find_pair()
    found = []
    there = sorted({p.name: p for folder in font_folders() for p in folder.rglob("*.ttf")}.items())
    upright = [p for name, p in there if not _CUT.search(name) and (pair is None or p not in pair)]
    for path in upright[:MOST_FONTS]:
        name = f"QaOther-{path.stem}"
        try:
            pdfmetrics.registerFont(TTFont(name, str(path)))
        except (TTFError, OSError, ValueError):
            continue
        found.append(name)
    return tuple(found)


@lru_cache(maxsize=4096)
def _other_font(letter: str) -> str | None:
    if find_font() is None:
        return None
    return next((name for name in _others() if _has(name, letter)), None)


@lru_cache
def _asian(font: str) -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    return font


def _has(font: str, letter: str) -> bool:
    face = getattr(pdfmetrics.getFont(font), "face", None)
    glyphs = getattr(face, "charToGlyph", None)
    if glyphs is not None:
        return ord(letter) in glyphs
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
