"""Scores by name, and the rows to which they belong, as the C++ side takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._arrays import is_missing, numbers, plain, require_length, unmasked

Scores = dict[str, NDArray[np.float64]]

# As the library takes them.
_GREATEST = 1e100
_RANGE = f"[-{_GREATEST:g}, {_GREATEST:g}]"


def named_scores(values: Any, name: str) -> Scores:
    """Columns of an array, a mapping or a data frame."""
    columns, _ = _columns(values, name)
    if not columns:
        raise ValueError(f"{name}: has no column; give at least one score")
    return _checked(columns, name)


def _checked(columns: list[tuple[str, Any]], name: str) -> Scores:
    scores: Scores = {}
    for key, column in columns:
        if key in scores:
            raise ValueError(f"{name}: two columns are called {key!r}; rename one of them")
        scores[key] = finite(column, f"{name}[{key!r}]")
    rows = len(next(iter(scores.values())))
    for key, column in scores.items():
        require_length(column, f"{name}[{key!r}]", rows)
    return scores


def gold_rewards(values: ArrayLike, rows: int) -> NDArray[np.float64]:
    """NaN where they are not known; None, a mask and the like say so, too."""
    array = np.asarray(plain(values, "gold"))
    if array.ndim != 1:
        raise ValueError(f"gold: must be one-dimensional, not of shape {array.shape}")
    if isinstance(values, np.ma.MaskedArray):
        array = np.where(np.ma.getmaskarray(values), np.nan, array.astype(np.float64))
    if array.dtype == object:
        array = np.array([np.nan if is_missing(value) else value for value in array], dtype=object)
    gold = numbers(array, "gold")
    require_length(gold, "gold", rows)
    bad = np.flatnonzero(np.abs(gold) > _GREATEST)
    if bad.size:
        at = bad[0]
        raise ValueError(
            f"gold[{at}] = {gold[at]}: "
            + (
                "must be finite, or NaN where it is not known"
                if np.isinf(gold[at])
                else f"must lie in {_RANGE}; measure it in another unit"
            )
        )
    return gold


def scores_like(wanted: list[Scores], values: Any) -> list[Scores]:
    """Of each of `wanted` the same scores in further rows: by name or, unnamed, in their order."""
    columns, named = _columns(values, "reference")
    names = [name for part in wanted for name in part]
    if not named:
        if len(columns) != len(names):
            raise ValueError(
                f"reference = {len(columns)} columns: must be as many as scores, {len(names)}: "
                + ", ".join(names)
            )
        columns = [(name, column) for name, (_, column) in zip(names, columns, strict=True)]
    for name in names:
        if name not in (key for key, _ in columns):
            there = ", ".join(repr(key) for key, _ in columns) or "none"
            raise ValueError(f"reference: has no column {name!r}; there are {there}")
    # Other columns, such as the text of a prompt, are nobody's business.
    scores = _checked([each for each in columns if each[0] in names], "reference")
    return [{name: scores[name] for name in part} for part in wanted]


def chosen(scores: Scores, rows: NDArray[np.intp] | None) -> Scores:
    """`rows` of each; None: all."""
    return scores if rows is None else {name: values[rows] for name, values in scores.items()}


def _columns(values: Any, name: str) -> tuple[list[tuple[str, Any]], bool]:
    if isinstance(values, Mapping):
        return [(str(key), column) for key, column in values.items()], True
    if hasattr(values, "columns") and hasattr(values, "iloc"):
        # pandas: by place, as names may recur.
        return [(str(key), values.iloc[:, j]) for j, key in enumerate(values.columns)], True
    if hasattr(values, "column_names") and hasattr(values, "column"):  # Arrow
        return [(key, values.column(j)) for j, key in enumerate(values.column_names)], True
    if hasattr(values, "columns") and hasattr(values, "get_column"):  # polars
        return [(key, values.get_column(key)) for key in values.columns], True
    array = np.asarray(plain(unmasked(values, name), name))
    if array.ndim == 1:
        own = getattr(values, "name", None)  # of a series
        if isinstance(own, str) and own:
            return [(own, array)], True
        return [(f"{name}0", array)], False
    if array.ndim == 2:
        return [(f"{name}{j}", array[:, j]) for j in range(array.shape[1])], False
    raise ValueError(
        f"{name}: must be one-dimensional, or two-dimensional with a column a score, not of shape "
        f"{array.shape}"
    )


def finite(values: Any, name: str, *, never: bool = False) -> NDArray[np.float64]:
    """Numbers of which sums of squares are numbers, too; with `never` also -inf, for no chance."""
    array = numbers(values, name)
    at = _core.first_unfit(array, _GREATEST, never)
    if at >= 0:
        raise ValueError(
            f"{name}[{at}] = {array[at]}: "
            + (
                f"must lie in {_RANGE}; measure it in another unit"
                if np.isfinite(array[at])
                else "must be finite; score the row, or drop it"
            )
        )
    return array
