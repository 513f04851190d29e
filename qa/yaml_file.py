"""YAML files validated by a pydantic model, each mistake with file, line and what to do.

Conventions: unknown keys are the model's business (``extra="forbid"``); a key given twice is refused, since
one of the two would be lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from qa.errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """The safe loader, refusing a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key '{key}' stands twice; remove one", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _line_of(node: yaml.Node | None, place: Place) -> int:
    """The line (from 1) of the value at ``place``, or of the nearest part of it that exists."""
    line = 1
    for part in place:
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(part)]
            if not found:
                return line
            line = found[0][0].start_mark.line + 1
            node = found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def load_model(path: Path, model: type[Model]) -> Model:
    """The file's content as ``model``.

    Raises
    ------
    SettingsError
        Missing file, broken YAML, or content the model refuses: every mistake, one per line, as
        ``file:line: key: what is wrong``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(f"{path}: can't be read: {err}") from err
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
        tree = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        raise SettingsError(f"{path}:{line}: {err.problem or 'this is no YAML'}") from err
    try:
        return model.model_validate(content)
    except ValidationError as err:
        lines = [
            f"{path}:{_line_of(tree, tuple(e['loc']))}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}"
            for e in err.errors()
        ]
        raise SettingsError("\n".join(lines)) from err
