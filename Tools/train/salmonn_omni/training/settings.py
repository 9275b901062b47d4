"""Configurations: nested dataclasses that a JSON file fills."""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def from_json(cls: type[T], values: dict[str, Any], path: str = "") -> T:
    """A dataclass from JSON; a name that it does not have is an error that lists those it has."""
    hints = typing.get_type_hints(cls)
    names = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in names:
            raise ValueError(f"{path}{name} is no setting; there are {', '.join(sorted(names))}")
    found = {n: _value(hints[n], v, f"{path}{n}") for n, v in values.items()}
    return cls(**found)


def _value(hint: Any, value: Any, path: str) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type, hint), value, f"{path}.")
    origin = typing.get_origin(hint)
    if origin is tuple:
        return tuple(value)
    if origin in (dict, list):
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint):
        raise ValueError(f"{path} is {value!r}, expected a value of type {hint.__name__}")
    return value


def load(cls: type[T], path: str | Path, changes: list[str] | None = None) -> T:
    """Reads a file; `changes` such as `trainer.steps=20` go over it, values in JSON or plain text."""
    values = json.loads(Path(path).read_text())
    for change in changes or []:
        key, _, text = change.partition("=")
        *parents, last = key.split(".")
        section = values
        for parent in parents:
            section = section.setdefault(parent, {})
        try:
            section[last] = json.loads(text)
        except json.JSONDecodeError:
            section[last] = text
    return from_json(cls, values)


def as_json(settings: Any) -> dict[str, Any]:
    """The values of a configuration, to be kept beside its results."""
    return dataclasses.asdict(settings)
