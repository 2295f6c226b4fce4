"""Calls written down, for the records and pages of what they give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ._links import Link

# A call as code, and its parameters by name, as text.
Call = tuple[str, list[tuple[str, str]]]

# Results do not depend on them.
_IDLE = ("threads", "progress")


def call_of(function: Callable[..., Any], given: Mapping[str, Any], data: Sequence[str] = ()) -> Call:
    """The call of a function of the package.

    `given` holds its parameters; of arrays of `data` names and sizes are told, but no values.
    """
    return f"esscher.{function.__name__}({code_of(function, given, data)})", texts(given, data)


def call_of_fit(
    estimator: Callable[..., Any], parameters: Mapping[str, Any], data: Mapping[str, Any]
) -> Call:
    """That of an estimator with `parameters`, fitted on such of `data` as is not None."""
    given = [name for name, values in data.items() if values is not None]
    made = f"esscher.{estimator.__name__}({code_of(estimator, parameters)})"
    fitted = ", ".join(name if name in ("X", "y") else f"{name}={name}" for name in given)
    return f"{made}.fit({fitted})", texts(data, given) + texts(parameters)


def code_of(function: Callable[..., Any], given: Mapping[str, Any], data: Sequence[str] = ()) -> str:
    """What stands between the parentheses: what is not as by default."""
    parts = []
    for name, default in _defaults(function):
        if name in _IDLE or name not in given or _same(given[name], default):
            continue
        value = given[name]
        code = name if name in data and value is not None else _code(value)
        parts.append(code if default is inspect.Parameter.empty else f"{name}={code}")
    return ", ".join(parts)


def texts(given: Mapping[str, Any], data: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The parameters as pages show them."""
    return [
        (name, _size(value) if name in data else _text(value))
        for name, value in given.items()
        if name != "progress"
    ]


def described(function: Callable[..., Any]) -> dict[str, str]:
    """What its documentation says of each parameter."""
    words: dict[str, str] = {}
    names: list[str] = []
    lines = (inspect.getdoc(function) or "").splitlines()
    begin = next((i for i, line in enumerate(lines) if line == "Parameters"), len(lines))
    for i in range(begin + 2, len(lines)):
        line = lines[i]
        if lines[i + 1 : i + 2] and set(lines[i + 1]) == {"-"}:  # the next section
            break
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(" : ")[0].split(",")]
        elif line and len(names) < 4:  # what is said of many at once says nothing of each
            for name in names:
                text = line.strip().replace("`", "")
                words[name] = f"{words[name]} {text}" if name in words else text
    return words


@cache
def _defaults(function: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple((parameter.name, parameter.default) for parameter in parameters)


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    plain = (str, bool, int, float, tuple)
    return type(value) is type(default) and isinstance(value, plain) and bool(value == default)


def _code(value: Any) -> str:
    if isinstance(value, Link):
        return value.name if value._text is None else repr(value._text)
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return repr(value.item())
    if isinstance(value, tuple):
        return f"({', '.join(map(_code, value))}{',' * (len(value) == 1)})"
    if _is_list(value):
        return f"[{', '.join(map(_code, value))}]"
    return repr(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Link):
        return value.name
    if isinstance(value, tuple) or _is_list(value):
        return ", ".join(map(_text, value))
    return _code(value)


def _size(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(map(str, value))
    shape = value.shape if hasattr(value, "shape") else np.asarray(value).shape
    return " x ".join(str(int(count)) for count in shape)


def _is_list(value: Any) -> bool:
    return (
        not isinstance(value, (str, bytes))
        and hasattr(value, "__len__")
        and hasattr(value, "__iter__")
        and getattr(value, "ndim", 1) > 0
    )
