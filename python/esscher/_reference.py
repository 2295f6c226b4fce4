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


def beside(
    count: int, table_labels: NDArray[Any] | None, groups: ArrayLike | None, weight: ArrayLike | None
) -> Beside:
    """`count` rows of a reference beside a table whose groups have these labels."""
    log_p = log_weights(weight, count, "reference_weight")
    kept = rows_with_weight(log_p)
    if (table_labels is None) != (groups is None):
        raise ValueError(
            "reference_groups: missing; say of which groups the rows of reference are"
            if groups is None
            else "reference_groups: there are no groups; give them, or leave both out"
        )
    ours = theirs = None
    if table_labels is not None and groups is not None:
        own = at_rows(checked_labels(groups, "reference_groups", count), kept)
        ours, theirs = common_labels(table_labels, own, "groups")
    return Beside(kept, at_rows(log_p, kept), ours, theirs)


def refuse_without(reference_groups: ArrayLike | None, reference_weight: ArrayLike | None) -> None:
    """What belongs to a reference where there is none."""
    if reference_groups is not None or reference_weight is not None:
        which = "reference_weight" if reference_groups is None else "reference_groups"
        raise ValueError(f"{which}: belongs to the rows of reference; give them, or leave it out")


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
