"""Given rewards: weights, draws, and what policies are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._arrays import labels, log_weights, numbers, require_length
from ._policy_refusals import explained, explained_weights
from ._policy_results import AdmissibleTemperatures, BestOfNValue, PolicyValue, SmoothedWeights
from ._results import frozen, values_of
from ._scores import finite


def tilt(
    r: ArrayLike,
    beta: float,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Weights of the policy tilted by a reward: p_i exp(r_i / beta) / Z.

    Parameters
    ----------
    r : array of shape (n,)
        Rewards.
    beta : float
        Temperature, in the unit of r.
    groups : array of shape (n,), optional
        Labels of any kind: candidates of one prompt share one, and the softmax is within it.
    sample_weight : array of shape (n,), optional
        Prior importance p of the rows; equal by default.

    Returns
    -------
    ndarray of shape (n,)
        Probabilities, of sum 1 (within each group).
    """
    reward = finite(r, "r", never=True)
    rows = len(reward)
    group, weights = labels(groups, "groups", rows), log_weights(sample_weight, rows)
    try:
        log_p = _core.tilt(reward, {"beta": beta}, group, weights)
    except ValueError as reason:
        raise explained(reason, reward, groups, group, weights) from None
    return np.exp(log_p, out=log_p)


def resample(
    r: ArrayLike,
    beta: float,
    size: int,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    seed: int = 1,
    threads: int = 0,
) -> NDArray[np.int64]:
    """Rows drawn from the policy tilted by a reward, with replacement.

    Parameters
    ----------
    r : array of shape (n,)
        Rewards.
    beta : float
        Temperature, in the unit of r.
    size : int
        Draws; with groups, in each of them.
    groups, sample_weight
        As for `tilt`.
    seed : int
        Draws are a function of it, the group and the number of the draw: more of them begin with
        those of fewer.
    threads : int
        0: all cores. Results do not depend on it. Up to 20,000 rows, and as
        many draws, the calling thread does it all; beyond, Ctrl-C stops it within a second.

    Returns
    -------
    ndarray of int64
        Numbers of rows, of shape (size,) or, with groups, (groups, size); groups in order of first
        occurrence. ``X[resample(...)]`` are the draws.
    """
    parameters = {"kind": "tilted", "beta": beta, "size": size, "seed": seed, "threads": threads}
    return _draw(r, parameters, groups, sample_weight)


def best_of_n(
    r: ArrayLike,
    n: float,
    size: int,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    seed: int = 1,
    threads: int = 0,
) -> NDArray[np.int64]:
    """Rows each of which is the best, by its reward, of n drawn from the reference.

    Parameters
    ----------
    n : float
        Candidates of a draw, from 1 to 1e15; need not be whole.
    r, size, groups, sample_weight, seed, threads
        As for `resample`.

    Returns
    -------
    ndarray of int64
        As for `resample`.
    """
    parameters = {"kind": "best_of_n", "n": n, "size": size, "seed": seed, "threads": threads}
    return _draw(r, parameters, groups, sample_weight)


def soft_best_of_n(
    r: ArrayLike,
    beta: float,
    size: int,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    seed: int = 1,
    threads: int = 0,
) -> NDArray[np.int64]:
    """Distinct rows drawn from the tilted policy one after another, without replacement.

    These are the rows of the greatest ``r / beta + G`` with Gumbel noise G.

    Parameters
    ----------
    size : int
        At most the number of rows (of the smallest group).
    r, beta, groups, sample_weight, seed, threads
        As for `resample`.

    Returns
    -------
    ndarray of int64
        As for `resample`, in the order of drawing.
    """
    parameters = {
        "kind": "soft_best_of_n",
        "beta": beta,
        "size": size,
        "seed": seed,
        "threads": threads,
    }
    return _draw(r, parameters, groups, sample_weight)


def policy_value(
    r: ArrayLike,
    y: ArrayLike,
    beta: float,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    enumerated: bool = False,
    level: float = 0.95,
    bootstrap: int = 1000,
    seed: int = 1,
    threads: int = 0,
) -> PolicyValue:
    """What the policy tilted by r is worth when y is what counts, told from these rows.

    Parameters
    ----------
    r, y : arrays of shape (n,)
        The reward that tilts, and the true one, in one unit. For honest numbers r must come from
        a model that has not seen the row.
    beta : float
        Temperature, in the unit of r.
    groups, sample_weight
        As for `tilt`.
    clusters : array of shape (n,), optional
        Rows that stand and fall together: errors are those of draws of clusters.
    enumerated : bool
        The rows are the whole reference and no sample from it: values are exact.
    level : float
        Of the bootstrapped intervals; there must be replicates for another than 0.95.
    bootstrap : int
        Replicates, 100 at least; 0: Student's intervals, of 95 %.
    seed : int
        Of the bootstrap.
    threads : int
        0: all cores. Results do not depend on it.

    Returns
    -------
    PolicyValue

    Notes
    -----
    Up to 20,000 rows, times 1 + `bootstrap`, are valued on the calling thread alone; beyond,
    `threads` do it, and Ctrl-C stops them. The bits are the same.
    """
    reward, gold = _both(r, y)
    rows = len(reward)
    _require_replicates(level, bootstrap, enumerated)
    parameters = {
        "beta": beta,
        "level": level,
        "bootstrap": bootstrap,
        "seed": seed,
        "enumerated": enumerated,
        "threads": threads,
    }
    rest = _beside(rows, groups, sample_weight, clusters)
    try:
        record = _core.policy_value(reward, gold, parameters, *rest)
    except ValueError as reason:
        raise explained(reason, reward, groups, *rest) from None
    return PolicyValue._of(record)


def admissible_temperatures(
    r: ArrayLike,
    y: ArrayLike,
    beta: float | ArrayLike | str,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    enumerated: bool = False,
    tolerance: float = 0.2,
    threads: int = 0,
) -> AdmissibleTemperatures:
    """Temperatures at which the policy tilted by r is worth more than no tilt, told from these rows.

    Each temperature goes by an interval of its own. `audit` goes by intervals that hold for all at
    once, and recommends one.

    Parameters
    ----------
    r, y : arrays of shape (n,)
        The reward that tilts, and the true one, in one unit. For honest numbers r must come from
        a model that has not seen the row.
    beta : float, sequence of float or str
        The grid of temperatures, distinct, in the unit of r; "0.1:2:log9" is a range.
    groups, sample_weight
        As for `tilt`.
    clusters : array of shape (n,), optional
        Rows that stand and fall together: errors are those of draws of clusters.
    enumerated : bool
        The rows are the whole reference and no sample from it: values are exact.
    tolerance : float
        Share of the attainable gain that may be lost, of `AdmissibleTemperatures.efficient`.
    threads : int
        0: all cores. Results do not depend on it. Up to 10,000 rows,
        times temperatures, the calling thread does it all.

    Returns
    -------
    AdmissibleTemperatures

    Raises
    ------
    ValueError, TypeError
        With the parameter, its value, what it must be, and the remedy.

    Examples
    --------
    >>> import esscher
    >>> y = [0.0, 1.0, 2.0, 3.0]
    >>> r = [0.0, 1.0, 3.0, 2.0]
    >>> found = esscher.admissible_temperatures(
    ...     r, y, [4, 1, 0.25], enumerated=True, tolerance=0.6
    ... )
    >>> found.gaining, found.efficient, found.gold_optimal_beta
    (((0.25, 4.0),), ((4.0, 4.0),), 1.0)
    """
    reward, gold = _both(r, y)
    rows = len(reward)
    parameters = {"beta": beta, "enumerated": enumerated, "tolerance": tolerance, "threads": threads}
    rest = _beside(rows, groups, sample_weight, clusters)
    try:
        record = _core.admissible(reward, gold, parameters, *rest)
    except ValueError as reason:
        raise explained(reason, reward, groups, *rest) from None
    return AdmissibleTemperatures._of(record)


def best_of_n_value(
    r: ArrayLike,
    y: ArrayLike,
    n: float,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    enumerated: bool = False,
) -> BestOfNValue:
    """What choosing the best by r of n draws is worth when y is what counts: exact sums, no draws.

    Parameters
    ----------
    n : float
        Candidates, 1 at least; need not be whole.
    r, y, groups, sample_weight, clusters, enumerated
        As for `policy_value`.

    Returns
    -------
    BestOfNValue
    """
    reward, gold = _both(r, y)
    rows = len(reward)
    parameters = {"n": n, "enumerated": enumerated}
    rest = _beside(rows, groups, sample_weight, clusters)
    try:
        record = _core.best_of_n_value(reward, gold, parameters, *rest)
    except ValueError as reason:
        raise explained(reason, reward, groups, *rest) from None
    return BestOfNValue._of(record)


def pareto_smooth(log_weights: ArrayLike) -> SmoothedWeights:
    """Pareto smoothed importance sampling (Vehtari, Simpson, Gelman, Yao, Gabry 2024).

    Parameters
    ----------
    log_weights : array of shape (n,)
        Logarithms of importance weights, up to a constant; -inf for none.

    Returns
    -------
    SmoothedWeights
    """
    given = numbers(log_weights, "log_weights")
    try:
        record = _core.pareto_smooth(given)
    except ValueError as reason:
        raise explained_weights(reason, given) from None
    return SmoothedWeights(**values_of(SmoothedWeights, record), _record=frozen(record))


def _both(r: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    reward, gold = finite(r, "r"), finite(y, "y")
    require_length(gold, "y", len(reward))
    return reward, gold


def _beside(
    rows: int, groups: ArrayLike | None, sample_weight: ArrayLike | None, clusters: ArrayLike | None
) -> tuple[NDArray[np.uint32] | None, NDArray[np.float64] | None, NDArray[np.uint32] | None]:
    return (
        labels(groups, "groups", rows),
        log_weights(sample_weight, rows),
        labels(clusters, "clusters", rows),
    )


def _require_replicates(level: float, bootstrap: int, enumerated: bool) -> None:
    """Behind intervals of a level of one's own; what is no level at all is refused by the library."""
    own = isinstance(level, (int, float)) and level != 0.95 and 0 < level < 1
    if own and isinstance(bootstrap, int) and bootstrap == 0 and not enumerated:
        raise ValueError(
            f"level = {level:g}: is of bootstrapped intervals, and bootstrap = 0 leaves Student's, of "
            "95 %; give bootstrap, or leave level out"
        )


def _draw(
    r: ArrayLike,
    parameters: dict[str, Any],
    groups: ArrayLike | None,
    sample_weight: ArrayLike | None,
) -> NDArray[np.int64]:
    reward = finite(r, "r")
    rows = len(reward)
    dense = labels(groups, "groups", rows)
    weights = log_weights(sample_weight, rows)
    try:
        drawn = _core.draw(reward, parameters, dense, weights)
    except ValueError as reason:
        raise explained(reason, reward, groups, dense, weights) from None
    return drawn if dense is None else drawn.reshape(int(dense.max()) + 1, -1)
