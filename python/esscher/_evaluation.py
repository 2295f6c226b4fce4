"""How low may beta go: rewards measured on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._arrays import checked_labels, features, labelled
from ._blocks import vectors_in_memory
from ._calls import call_of
from ._evaluation_results import Evaluation
from ._reference import at_rows, beside, feature_names, like, refuse_without
from ._refusals import explain_folds, refuse_preferences_without

# Parameters that hold rows.
_DATA = (
    "X", "y", "groups", "sample_weight", "clusters", "fold", "gold",
    "reference", "reference_groups", "reference_clusters", "reference_weight",
)


@vectors_in_memory
def evaluate(
    X: Any,
    y: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    fold: ArrayLike | None = None,
    gold: ArrayLike | None = None,
    reference: Any = None,
    reference_groups: ArrayLike | None = None,
    reference_clusters: ArrayLike | None = None,
    reference_weight: ArrayLike | None = None,
    beta: str | float | ArrayLike = "auto",
    beta_unit: str = "reward",
    weights: str | list[str] = "auto",
    weight_temperature: str | float = "beta",
    feature_transform: str = "standardise",
    reward_transform: str = "none",
    rounds: int = 12,
    feature_temperature: str | float = "auto",
    landmarks: str | int = "auto",
    loss: str = "squared",
    penalty: str | float = "folds",
    folds: str | int = "auto",
    ceiling: bool = True,
    evaluation_folds: int = 5,
    enumerated: bool = False,
    bootstrap: int = 1000,
    alpha: float = 0.05,
    best_of: str | ArrayLike = "auto",
    target: float | None = None,
    noise: str | float = "replicates",
    seed: int = 1,
    threads: int = 0,
    progress: Callable[[str, int, int], object] | None = None,
) -> Evaluation:
    """How low may beta go: fits the reward without each of some folds, and values its policies there.

    Parameters
    ----------
    X : array or data frame of shape (n, d)
        Features. NumPy arrays of float32, float64 or whole numbers, of any strides, are read where
        they lie, as are data frames that hold one such array. Those of Dask are computed block by
        block into a temporary file, and are never held whole.
    y : array of shape (n,)
        Rewards.
    groups : array of shape (n,), optional
        Labels of any kind: candidates of one prompt share one. Only differences within a group
        count then.
    sample_weight : array of shape (n,), optional
        Prior importance of the rows; rows of weight 0 are left out.
    clusters : array of shape (n,), optional
        What stands and falls together without competing (a family, a batch): stays in one fold.
    fold : array of shape (n,), optional
        Labels of your own folds: each is held out in turn, and folds inside a fit keep it whole.
        Groups, clusters and rows of equal features must lie within one.
    gold : array of shape (n,), optional
        A second reward that is only evaluated; the verdict goes by it.
    reference : array or data frame of shape (m, d), optional
        Candidates without a reward, such as a library or a pool, of which the rows of X must be a
        random draw: policies go over all of them, so that stronger ones can be told. Copies of rows
        of X are recognised.
    reference_groups : array of shape (m,), optional
        Groups of those rows, where there are `groups`: candidates of one may come from both.
    reference_clusters : array, optional
        Clusters of those rows, where there are `clusters`.
    reference_weight : array of shape (m,), optional
        Prior importance of those rows.
    beta : "auto", float or sequence of float
        Deployment temperatures; auto: 4, and from 2 down to 1/16 in steps of sqrt 2, standard
        deviations of the reward.
    evaluation_folds : int
        Folds of the evaluation, where `fold` does not name them; groups and clusters stay whole.
    enumerated : bool
        The rows are the whole reference (every variant), not a sample of it: values are exact.
    bootstrap : int
        Replicates behind the intervals; 0: normal theory.
    alpha : float
        Nominal chance that any gain lies outside its interval, of all temperatures and rewards
        among which the recommendation picks; as much again for best-of-n.
    best_of : "auto" or sequence of float
        Candidates of best-of-n, each above 1, ascending; auto: 2, 4, 8, ... as far as it can be
        told.
    target : float, optional
        Names the policies that have a true mean of at least this, in the unit of the gold reward
        (`Evaluation.target`): that any of them has not has a nominal chance of `alpha`. Not within
        groups, where the reward has no level.
    noise : "replicates" or float
        Standard deviation of the noise of one label, for gains that noise-free rewards could
        attain (``noise_free_gain`` of `Evaluation.to_frame`); replicates: as rows of equal
        features tell it, if there are any.
    seed : int
        Of all random numbers.
    threads : int
        0: all cores. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` on this thread.
    beta_unit, weights, weight_temperature, feature_transform, reward_transform, rounds, \
feature_temperature, landmarks, loss, penalty, folds, ceiling
        How the reward is learned: see `TiltedRewardRegressor`.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError, TypeError
        With the parameter, its value, what it must be, and the remedy.
    """
    given = dict(locals())
    parameters = {
        name: value for name, value in given.items() if name not in (*_DATA, "progress")
    }
    refuse_preferences_without(groups, loss)
    x = given["X"] = features(X)
    table = labelled(len(x), y, groups, sample_weight, clusters, gold, fold)
    more = None
    dense, dense_clusters = table.groups, table.clusters
    if reference is None:
        refuse_without(
            reference_groups=reference_groups,
            reference_clusters=reference_clusters,
            reference_weight=reference_weight,
        )
    else:
        pool = given["reference"] = features(like(reference, X), "reference")
        rest = beside(
            len(pool),
            _kept_labels(groups, "groups", len(x), table.kept),
            _kept_labels(clusters, "clusters", len(x), table.kept),
            reference_groups,
            reference_clusters,
            reference_weight,
        )
        counted = None if rest.kept is None else rest.kept.astype(np.uint64)
        more = (pool, counted, rest.groups, rest.log_weights, rest.clusters)
        dense, dense_clusters = rest.table_groups, rest.table_clusters
    try:
        record = _core.evaluate(
            x,
            table.y,
            dense,
            table.log_weights,
            dense_clusters,
            table.kept,
            table.folds,
            table.fold_names,
            feature_names(X, x.shape[1]),
            table.gold,
            more,
            parameters,
            call_of(evaluate, given, _DATA),
            progress,
        )
    except ValueError as reason:
        explain_folds(table.groups, table.y, reason)
        raise
    return Evaluation._of(record)


def _kept_labels(
    values: ArrayLike | None, name: str, rows: int, kept: NDArray[np.uint64] | None
) -> NDArray[Any] | None:
    return None if values is None else at_rows(checked_labels(values, name, rows), kept)
