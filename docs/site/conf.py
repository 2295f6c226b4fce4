"""Sphinx's settings for the site of the Python package; `make docs` builds it."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

import esscher

project = "esscher"
author = "the authors of esscher"
version = release = esscher.__version__
extensions = ["sphinx.ext.autodoc", "numpydoc"]
exclude_patterns: list[str] = []

# `name` is a thing of the package, where there is one.
default_role = "py:obj"
rst_prolog = ".. py:currentmodule:: esscher\n"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# Every parameter is documented, and none that is not there, and every result; but for classes of
# results, which nobody makes by hand.
numpydoc_validation_checks = {"GL08", "PR01", "PR02", "RT01"}
numpydoc_validation_exclude = {r"^esscher\.(?!Tilted|SequenceE)[A-Z]\w*$"}
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"esscher {release}"
html_copy_source = False
html_static_path: list[str] = []


def short_signature(
    _app: Any, _kind: str, _name: str, thing: Any, _options: Any, arguments: str, result: str
) -> tuple[str, str] | None:
    """Results are made by functions, so that their constructors are nobody's business."""
    if isinstance(thing, type) and not issubclass(thing, BaseEstimator):
        return "", ""
    return None


def setup(app: Any) -> None:
    app.connect("autodoc-process-signature", short_signature)
