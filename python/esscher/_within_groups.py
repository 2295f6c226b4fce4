"""How well differences within groups are predicted."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import r2_score

from ._arrays import labelled


def r2_within_groups(
    y: ArrayLike, r: NDArray[np.float64], groups: ArrayLike, sample_weight: ArrayLike | None
) -> float:
    """R2 of `r` for `y`, both about their group's weighted mean; NaN where no group has two rows."""
    table = labelled(len(r), y, groups, sample_weight)
    assert table.groups is not None
    if table.kept is not None:
        r = r[table.kept]
    weight = np.ones(len(r)) if table.log_weights is None else np.exp(table.log_weights)
    several = (np.bincount(table.groups) > 1)[table.groups]
    if not several.any():
        warnings.warn(
            "R2 within groups is not defined where no group has two rows; give groups of several",
            UndefinedMetricWarning,
            stacklevel=4,  # the caller of score()
        )
        return float("nan")
    group, weight = table.groups[several], weight[several]
    differences = [_about_mean(values[several], group, weight) for values in (table.y, r)]
    return float(r2_score(*differences, sample_weight=weight))


def _about_mean(
    values: NDArray[np.float64], group: NDArray[np.uint32], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values less their group's weighted mean: exactly 0 where those of a group are one."""
    _, first, member = np.unique(group, return_index=True, return_inverse=True)
    steps = values - values[first][member]
    means = np.bincount(member, weight * steps) / np.bincount(member, weight)
    return np.asarray(steps - means[member])
