"""The stubs of the C++ side say what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from esscher import _core

STUBS = ast.parse((Path(_core.__file__).parent / "_core.pyi").read_text(encoding="utf-8")).body
FUNCTIONS = {node.name: node for node in STUBS if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name: node for node in STUBS if isinstance(node, ast.ClassDef)}


def test_they_name_all_that_the_module_has():
    def public(thing):
        return {name for name in vars(thing) if not name.startswith("_")}

    assert public(_core) == FUNCTIONS.keys() | CLASSES.keys()
    for name, stub in CLASSES.items():
        stated = {part.name for part in stub.body if not part.name.startswith("_")}
        assert public(getattr(_core, name)) == stated


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_those_of_the_function(name):
    ((signature, *_),) = getattr(_core, name).__nb_signature__
    while "[" in signature:  # what arrays hold is said in no language
        signature = re.sub(r"\[[^][]*\]", "", signature)
    (stated,) = ast.parse(signature + ": ...").body
    stub = [argument.arg for argument in FUNCTIONS[name].args.args]
    named = [argument.arg for argument in stated.args.args]
    # Without names a function takes all by position.
    assert stub == named or (not named and len(stub) == len(stated.args.posonlyargs))
