"""Writes trained heads as skops with the same bytes each time.

Conventions: skops names the arrays of its archive by where objects lay in memory and stamps them with the time of
day. Here both are told anew: objects are numbered in the order in which the schema names them, entries are
written in that order with one fixed date. What is loaded is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

SCHEMA = "schema.json"
PLACE_IN_MEMORY = "_stop_words_id"
"""scikit-learn notes where its stop words lie in memory, so as to check them once; it checks again without."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip archive can hold."""


def write_heads(content: dict[str, Any], file: Path) -> None:
    """Write the heads' content; the same content gives the same bytes.

    The file appears whole or not at all.
    """
    from skops.io import dumps

    for vectorizer in content.get("vectorizers", ()):
        # numpy numbers would become an archive entry each: tens of thousands, slow to load
        vectorizer.vocabulary_ = {word: int(at) for word, at in sorted(vectorizer.vocabulary_.items())}
        vars(vectorizer).pop(PLACE_IN_MEMORY, None)
    partial = file.with_suffix(".part")
    partial.write_bytes(renumbered(dumps(content)))
    partial.replace(file)


def renumbered(archive: bytes) -> bytes:
    """A skops archive with its objects numbered in the order of the schema."""
    with ZipFile(BytesIO(archive)) as given:
        schema = json.loads(given.read(SCHEMA))
        names = _renumber(schema)
        out = BytesIO()
        with ZipFile(out, "w") as made:
            for old, new in names.items():
                _put(made, new, given.read(old))
            _put(made, SCHEMA, json.dumps(schema, indent=1).encode())
    return out.getvalue()


def _renumber(schema: Any) -> dict[str, str]:
    """Change ids and file names of a schema in place, and give the new name of each file, in order."""
    ids: dict[int, int] = {}
    files: dict[str, str] = {}
    for node in _nodes(schema):
        if isinstance(node.get("__id__"), int):
            node["__id__"] = ids.setdefault(node["__id__"], len(ids))
        if isinstance(node.get("file"), str):
            name = node["file"]
            node["file"] = files.setdefault(name, f"{len(files)}{Path(name).suffix}")
    return files


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON value, parents first, in order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            waiting.extend(reversed(one))


def _put(archive: ZipFile, name: str, data: bytes) -> None:
    entry = ZipInfo(name, LONG_AGO)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    archive.writestr(entry, data)
