"""Rows of the reference beside a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import checked_labels, common_labels, log_weights


@dataclass(frozen=True)
class Beside:
    """What belongs to the rows of a reference; those of weight 0 are left out."""

    kept: NDArray[np.intp] | None
    log_weights: NDArray[np.float64] | None
    table_groups: NDArray[np.uint32] | None
    groups: NDArray[np.uint32] | None
    table_clusters: NDArray[np.uint32] | None
    clusters: NDArray[np.uint32] | None


def beside(
    count: int,
    table_groups: NDArray[Any] | None,
    table_clusters: NDArray[Any] | None,
    groups: ArrayLike | None,
    clusters: ArrayLike | None,
    weight: ArrayLike | None,
) -> Beside:
    """`count` rows of a reference beside a table whose groups and clusters have these labels."""
    if count == 0:
        raise ValueError("reference = 0 rows: must have one at least; give some, or leave it out")
    log_p = log_weights(weight, count, "reference_weight")
    kept = rows_with_weight(log_p)
    group = _joined(table_groups, groups, "groups", count, kept)
    cluster = _joined(table_clusters, clusters, "clusters", count, kept)
    return Beside(kept, at_rows(log_p, kept), *group, *cluster)


def _joined(
    ours: NDArray[Any] | None,
    theirs: ArrayLike | None,
    name: str,
    count: int,
    kept: NDArray[np.intp] | None,
) -> tuple[NDArray[np.uint32] | None, NDArray[np.uint32] | None]:
    if (ours is None) != (theirs is None):
        raise ValueError(
            f"reference_{name}: missing; say of which {name} the rows of reference are"
            if theirs is None
            else f"reference_{name}: there are no {name}; give them, or leave both out"
        )
    if ours is None or theirs is None:
        return None, None
    own = at_rows(checked_labels(theirs, f"reference_{name}", count), kept)
    return common_labels(ours, own, name)


def refuse_without(**given: ArrayLike | None) -> None:
    """What belongs to a reference where there is none."""
    for name, values in given.items():
        if values is not None:
            raise ValueError(f"{name}: belongs to the rows of reference; give them, or leave it out")


def like(rows: Any, table: Any) -> Any:
    """The columns of a data frame in the order of another's; anything else as it is."""
    there, names = column_names(rows), column_names(table)
    if there is None or names is None:
        return rows
    for name in names:
        if name not in there:
            raise ValueError(
                f"reference: has no column {name!r}; its columns must be those of X, and are "
                + _listed(there)
            )
    if _is_arrow(rows):
        return rows.select([there.index(name) for name in names])
    return rows[names]


def column_names(frame: Any) -> list[Any] | None:
    """Of a data frame of pandas or polars, or an Arrow table, whose `columns` are their values."""
    if _is_arrow(frame):
        return list(frame.column_names)
    return list(frame.columns) if hasattr(frame, "columns") else None


def feature_names(table: Any, count: int) -> list[str]:
    """Names of the columns of a table of features; x0, x1, ... of those that have none."""
    names = column_names(table)
    if names is None or len(names) != count:
        return [f"x{j}" for j in range(count)]
    found = [str(name) for name in names]
    refuse_twins(found)
    return found


def refuse_twins(names: list[str]) -> None:
    """Of two columns of one name nobody could say which is meant."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"X: {count} columns are called {name!r}; rename them")


def _is_arrow(frame: Any) -> bool:
    # A column of pandas may have any name.
    return hasattr(frame, "column_names") and not hasattr(frame, "iloc")


def _listed(names: list[Any]) -> str:
    """The first of many."""
    most = 8
    text = ", ".join(repr(name) for name in names[:most]) or "none"
    return text if len(names) <= most else f"{text}, ... ({len(names)} in all)"


def rows_with_weight(log_p: NDArray[np.float64] | None) -> NDArray[np.intp] | None:
    """Rows whose weight is above 0, where some have none."""
    if log_p is None or np.all(np.isfinite(log_p)):
        return None
    return np.flatnonzero(np.isfinite(log_p))


def at_rows(values: Any, rows: NDArray[np.integer[Any]] | None) -> Any:
    """`values`, or those of `rows`."""
    return values if values is None or rows is None else values[rows]
