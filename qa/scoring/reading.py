"""Reading a form from YAML, with every mistake named by file and line and what to do about it.

Conventions: lines count from 1. :func:`check_form` reports all mistakes; :func:`load_form` raises on the
first and says how many more there are. Nothing is guessed: an unknown key or behaviour is a mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from qa.errors import SettingsError
from qa.scoring.form import (
    CALL_FACTS,
    AppliesWhen,
    Bands,
    Criterion,
    CriterionBase,
    Form,
    Manual,
    PerEvent,
    PerOpportunity,
    Section,
    behaviours_of,
)

Loc = tuple[str | int, ...]

MOST_NODES = 50_000
"""A form of a thousand criteria has so many keys and values; more is no form."""
MOST_DEPTH = 30

_KEYS = sorted(
    {
        key
        for model in (
            Form, Section, CriterionBase, AppliesWhen, PerEvent, Bands, PerOpportunity, Manual,
        )
        for key in model.model_fields
    }
    | {"at_least", "where", "up_to", "share"}
)  # fmt: skip

_PLAIN = {
    "missing": "is missing; add it",
    "union_tag_not_found": "has no 'answered_by'; say presence, absence, per_event, bands, per_opportunity or manual",
    "union_tag_invalid": "is answered_by something unknown; say presence, absence, per_event, bands, "
    "per_opportunity or manual",
}


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a form: where it is and what to do."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def load_form(path: Path, *, behaviours: Collection[str] | None = None) -> Form:
    """The form in a file.

    Parameters
    ----------
    behaviours : collection of str, optional
        Every known behaviour id; naming another one is then a mistake.

    Raises
    ------
    SettingsError
        The file can't be used; the message gives file, line and what to do.
    """
    form, mistakes = _read(_text_of(path), file=str(path), stem=path.stem, behaviours=behaviours)
    if form is None or mistakes:
        more = f" (and {len(mistakes) - 1} more: qa form check {path})" if len(mistakes) > 1 else ""
        raise SettingsError(f"{mistakes[0]}{more}")
    return form


def check_form(path: Path, *, behaviours: Collection[str] | None = None) -> tuple[Mistake, ...]:
    """Every mistake in a form file, in the order of its lines; empty where it can be used."""
    return tuple(_read(_text_of(path), file=str(path), stem=path.stem, behaviours=behaviours)[1])


def parse_form(text: str, *, file: str = "form", behaviours: Collection[str] | None = None) -> Form:
    """The form in a text; ``file`` is what the messages call it.

    Raises
    ------
    SettingsError
        As :func:`load_form`.
    """
    form, mistakes = _read(text, file=file, stem=None, behaviours=behaviours)
    if form is None or mistakes:
        raise SettingsError("; ".join(str(m) for m in mistakes))
    return form


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise SettingsError(f"{path}: there is no such form; give the path of a YAML file") from err
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(f"{path}: can't be read as UTF-8 text; save it again as UTF-8") from err


def _read(
    text: str, *, file: str, stem: str | None, behaviours: Collection[str] | None
) -> tuple[Form | None, list[Mistake]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        # before anything is made of it: aliases can make a small file endless, or larger than any memory
        if node is not None and (endless := _too_large(node)) is not None:
            return None, [Mistake(file, endless, "repeats itself by aliases (*name) too often; write it out")]
        data: Any = yaml.safe_load(text)
    except RecursionError:
        return None, [
            Mistake(file, 1, "is nested too deeply to be a form; it has sections and their criteria")
        ]
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        return None, [Mistake(file, line, f"not valid YAML: {_yaml_problem(err.problem or '')}")]
    except yaml.YAMLError as err:
        return None, [Mistake(file, 1, f"not valid YAML: {err}".splitlines()[0])]
    if not isinstance(data, dict) or node is None:
        return None, [Mistake(file, 1, "holds no form; it begins with 'id:', 'title:' and 'sections:'")]
    lines = dict(_lines(node))
    mistakes = [Mistake(file, line, f"'{key}' stands here twice; remove one") for key, line in _twice(node)]
    try:
        form = Form.model_validate(data)
    except ValidationError as err:
        mistakes += [_plain(e, file, lines, data) for e in _causes([dict(e) for e in err.errors()])]
        return None, sorted(mistakes)
    mistakes += [Mistake(file, _line_of(loc, lines), what) for loc, what in _disagreements(form, stem)]
    if behaviours is not None:
        known = set(behaviours) | CALL_FACTS
        mistakes += [Mistake(file, _line_of(loc, lines), what) for loc, what in _unknown(form, known)]
    return form, sorted(mistakes)


def _yaml_problem(problem: str) -> str:
    if r"'\t'" in problem:
        return "a tab stands in the indentation; use spaces"
    if "another document" in problem:
        return "a second form begins here (---); put it into a file of its own"
    return f"{problem}; correct the indentation or quotes"


def _too_large(node: yaml.Node) -> int | None:
    """The line at which a file grows past every form once its aliases are written out; None where it does not."""
    left = MOST_NODES
    waiting = [(node, 0)]
    while waiting:
        here, depth = waiting.pop()
        left -= 1
        if left < 0 or depth > MOST_DEPTH:
            return int(here.start_mark.line) + 1
        if isinstance(here, yaml.MappingNode):
            waiting += [(part, depth + 1) for pair in here.value for part in pair]
        elif isinstance(here, yaml.SequenceNode):
            waiting += [(part, depth + 1) for part in here.value]
    return None


def _causes(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors without those that only follow from another: a misspelt key is not missing as well, and a
    list is not too short because its items are wrong."""
    misspelt = {
        (e["loc"][:-1], _meant(str(e["loc"][-1])))
        for e in errors
        if e["type"] == "extra_forbidden" and e["loc"]
    }
    causes = []
    for error in errors:
        loc, kind = error["loc"], error["type"]
        if kind == "missing" and (loc[:-1], str(loc[-1])) in misspelt:
            continue
        if kind == "too_short" and any(
            len(o["loc"]) > len(loc) and o["loc"][: len(loc)] == loc for o in errors
        ):
            continue
        causes.append(error)
    return causes


def _meant(key: str) -> str | None:
    """The known key that an unknown one is closest to."""
    return next(iter(difflib.get_close_matches(key, _KEYS, n=1)), None)


def _lines(node: yaml.Node, loc: Loc = ()) -> Iterator[tuple[Loc, int]]:
    yield loc, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*loc, str(key.value))
            yield from _lines(value, here)
            yield here, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*loc, index))


def _twice(node: yaml.Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(key.value)
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)


def _line_of(loc: Loc, lines: Mapping[Loc, int]) -> int:
    """The line of the nearest thing that is in the file: pydantic names union tags and missing keys too."""
    best: Loc = ()
    for part in loc:
        if (*best, part) in lines:
            best = (*best, part)
    return lines[best]


def _plain(error: dict[str, Any], file: str, lines: Mapping[Loc, int], data: Any) -> Mistake:
    loc: Loc = error["loc"]
    line, key, kind = _line_of(loc, lines), str(loc[-1]) if loc else "form", error["type"]
    where = _name_of(loc, data)
    if kind == "extra_forbidden":
        meant = _meant(key)
        hint = f"did you mean '{meant}'?" if meant else "remove it"
        return Mistake(file, line, f"{where}unknown key '{key}'; {hint}")
    if kind.startswith("union_tag"):
        return Mistake(file, line, f"{where}criterion {_PLAIN[kind]}")
    said = _PLAIN.get(kind) or f"{error['msg'][0].lower()}{error['msg'][1:]}; got {error.get('input')!r}"
    return Mistake(file, line, f"{where}'{key}' {said}" if kind == "missing" else f"{where}'{key}': {said}")


def _name_of(loc: Loc, data: Any) -> str:
    """The section and criterion that a place in the file belongs to, for the message."""
    name, here = "", data
    for part in loc:
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            if isinstance(here, dict) and isinstance(here.get("id"), str):
                name = f"{here['id']}: "
        else:
            continue
    return name


def _disagreements(form: Form, stem: str | None) -> Iterator[tuple[Loc, str]]:
    """What each key allows but the form as a whole does not."""
    if stem is not None and form.id != stem:
        yield ("id",), f"the id '{form.id}' is not the file's name '{stem}'; rename one of them"
    if form.cap is not None and form.cap > 100:
        yield ("auto_fail",), "the cap is over 100 points; say cap:0 to cap:100, zero or mark"
    if not any(not c.bonus for _, c in form.criteria()):
        yield ("sections",), "every criterion is a bonus; at least one must carry points"
    seen: dict[str, str] = {}
    for s, section in enumerate(form.sections):
        if section.id in seen:
            yield ("sections", s, "id"), f"the id '{section.id}' is used twice; ids must differ"
        seen[section.id] = "section"
        for c, criterion in enumerate(section.criteria):
            here: Loc = ("sections", s, "criteria", c)
            if criterion.id in seen and seen[criterion.id] == "criterion":
                yield (*here, "id"), f"the criterion '{criterion.id}' is there twice; ids must differ"
            seen[criterion.id] = "criterion"
            for key, what in _criterion_mistakes(criterion):
                yield (*here, *key), f"{criterion.id}: {what}"


def _criterion_mistakes(c: Criterion) -> Iterator[tuple[Loc, str]]:
    if not c.question.endswith("?"):
        yield ("question",), "the question does not end in '?'; word it as a person would ask it"
    if c.bonus and c.fails:
        yield ("fails",), "a bonus can't fail anything; remove 'fails' or 'bonus'"
    if c.applies_when is not None and not c.applies_when.behaviours:
        yield ("applies_when",), "names no behaviour; give any_of or all_of, or remove it"
    if isinstance(c, PerEvent):
        if c.off_each > c.weight:
            yield ("off_each",), f"{c.off_each:g} points off each is more than its weight {c.weight:g}"
        if c.floor >= c.weight:
            yield ("floor",), f"the floor {c.floor:g} leaves nothing to lose of {c.weight:g} points"
    if isinstance(c, Bands):
        limits = [b.up_to for b in c.bands[:-1]]
        if c.bands[-1].up_to is not None:
            yield ("bands", len(c.bands) - 1), "the last band must have no 'up_to', to hold all the rest"
        if any(v is None for v in limits) or limits != sorted({v for v in limits if v is not None}):
            yield ("bands",), "bands must rise: each 'up_to' higher than the one before"
    if isinstance(c, PerOpportunity) and set(c.opportunities) & set(c.behaviours):
        yield ("opportunities",), "a behaviour can't be the opportunity for itself"


def _unknown(form: Form, known: set[str]) -> Iterator[tuple[Loc, str]]:
    for s, section in enumerate(form.sections):
        for c, criterion in enumerate(section.criteria):
            for behaviour in sorted(set(behaviours_of(criterion)) - known):
                close = difflib.get_close_matches(behaviour, sorted(known), n=1)
                hint = f"did you mean '{close[0]}'?" if close else "add its card or remove it"
                loc: Loc = ("sections", s, "criteria", c)
                yield loc, f"{criterion.id}: no behaviour is called '{behaviour}'; {hint}"
