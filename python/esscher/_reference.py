"""Rows of the reference beside a table."""

from __future__ import annotations

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
    if not (hasattr(rows, "columns") and hasattr(table, "columns")):
        return rows
    names = list(table.columns)
    for name in names:
        if name not in rows.columns:
            raise ValueError(f"reference: has no column {name!r}; its columns must be those of X")
    return rows[names]


def rows_with_weight(log_p: NDArray[np.float64] | None) -> NDArray[np.intp] | None:
    """Rows whose weight is above 0, where some have none."""
    if log_p is None or np.all(np.isfinite(log_p)):
        return None
    return np.flatnonzero(np.isfinite(log_p))


def at_rows(values: Any, rows: NDArray[np.integer[Any]] | None) -> Any:
    """`values`, or those of `rows`."""
    return values if values is None or rows is None else values[rows]
