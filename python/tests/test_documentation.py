"""Docstrings in NumPy's style tell of everything public."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

import esscher

PUBLIC = {name: getattr(esscher, name) for name in esscher.__all__ if name != "__version__"}
METHODS = {
    f"{name}.{method}": value
    for name, of in PUBLIC.items()
    if inspect.isclass(of)
    for method, value in vars(of).items()
    if not method.startswith("_") and inspect.isfunction(value)
}
CALLS = {name: of for name, of in PUBLIC.items() if inspect.isfunction(of)} | METHODS


def named(text: str, section: str) -> list[str]:
    """The names that a section tells of."""
    lines = inspect.cleandoc(text).splitlines()
    if section not in lines:
        return []
    names: list[str] = []
    begin = lines.index(section)
    assert set(lines[begin + 1]) == {"-"}
    for line, following in zip(lines[begin + 2 :], [*lines[begin + 3 :], ""], strict=True):
        if following and set(following) == {"-"}:
            break
        if line and not line.startswith(" "):
            names += [name.strip() for name in line.partition(" : ")[0].split(",") if name.strip()]
    return names


@pytest.mark.parametrize("name", CALLS)
def test_parameters_are_told(name):
    text = CALLS[name].__doc__
    assert text, name
    signature = inspect.signature(CALLS[name])
    parameters = [parameter for parameter in signature.parameters if parameter != "self"]
    assert sorted(named(text, "Parameters")) == sorted(parameters)
    if signature.return_annotation not in ("None", None):
        assert "\nReturns\n" in inspect.cleandoc(text) or "\n" not in text.strip()


@pytest.mark.parametrize("name", [name for name, of in PUBLIC.items() if inspect.isclass(of)])
def test_fields_and_parameters_are_told(name):
    of = PUBLIC[name]
    if dataclasses.is_dataclass(of):
        fields = [field.name for field in dataclasses.fields(of) if not field.name.startswith("_")]
        assert sorted(named(of.__doc__, "Attributes")) == sorted(fields)
    elif hasattr(of, "get_params"):
        assert sorted(named(of.__doc__, "Parameters")) == sorted(of().get_params())
