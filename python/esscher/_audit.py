"""How far given scores may be optimised: what their policies are worth by a gold reward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _core
from ._arrays import checked_labels, labels, log_weights
from ._audit_results import Audit
from ._blocks import all_in_memory
from ._calls import call_of
from ._reference import at_rows, beside, refuse_without, rows_with_weight
from ._scores import Scores, chosen, gold_rewards, named_scores, scores_like

# Parameters that hold rows.
_DATA = (
    "proxy", "gold", "groups", "log_ratio", "sample_weight", "clusters",
    "reference", "reference_groups", "reference_clusters", "reference_weight",
)


@all_in_memory
def audit(
    proxy: Any,
    gold: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    log_ratio: Any = None,
    sample_weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    reference: Any = None,
    reference_groups: ArrayLike | None = None,
    reference_clusters: ArrayLike | None = None,
    reference_weight: ArrayLike | None = None,
    beta: str | float | ArrayLike = "auto",
    beta_unit: str = "reward",
    best_of: str | float | ArrayLike = "auto",
    target: float | None = None,
    enumerated: bool = False,
    alpha: float = 0.05,
    bootstrap: int = 1000,
    seed: int = 1,
    threads: int = 0,
    progress: Callable[[str, int, int], object] | None = None,
) -> Audit:
    """How far scores that you have may be optimised: nothing is fitted.

    Parameters
    ----------
    proxy : array of shape (n,) or (n, k), mapping of names to arrays, or data frame
        Scores of any origin that tilt: for honest numbers predictions of a model that has not seen
        the row, such as those of `sklearn.model_selection.cross_val_predict`. Scores without names
        are called proxy0, proxy1, ... None: there are none, and `log_ratio` is audited alone.
    gold : array of shape (n,)
        The true reward; NaN or None where it is not known. Rows that have one must be a random
        draw from all, or from those of their group.
    groups : array of shape (n,), optional
        Labels of any kind: candidates of one prompt share one. Scores matter up to a constant in
        each group then.
    log_ratio : as proxy, optional
        log pi/pi_0 of trained policies.
    sample_weight : array of shape (n,), optional
        Prior importance of the rows; rows of weight 0 are left out.
    clusters : array of shape (n,), optional
        What stands and falls together without competing (a family, an annotator): errors are those
        of draws of clusters.
    reference : as proxy, optional
        The same scores, proxies and then log-ratios, of further rows without a gold reward, such as
        a library or a pool of candidates: by name, or in their order.
    reference_groups : array, optional
        Groups of those rows, where there are `groups`: candidates of one may come from both.
    reference_clusters : array, optional
        Clusters of those rows, where there are `clusters`.
    reference_weight : array, optional
        Prior importance of those rows.
    beta : "auto", float or sequence of float
        Deployment temperatures, of proxies as they are; auto: 4, and from 2 down to 1/16 in steps
        of sqrt 2, standard deviations of the gold reward.
    beta_unit : "reward" or "sd"
        Of `beta`; sd: standard deviations of the gold reward, within groups.
    best_of : "auto", float or sequence of float
        Candidates of best-of-n, ascending; auto: 2, 4, 8, ... as far as it can be told.
    target : float, optional
        Names the policies that have a true mean of at least this, in the unit of the gold reward
        (`Audit.target`): that any of them has not has a nominal chance of `alpha`. Not within
        groups, where the reward has no level.
    enumerated : bool
        The rows are the whole reference (every variant), not a sample of it: values are exact.
    alpha : float
        Nominal chance that any gain lies outside its interval, of all proxies and temperatures; as
        much again for best-of-n, and for trained policies.
    bootstrap : int
        Replicates behind the intervals of single values, where every row has a gold reward; 0:
        normal theory.
    seed : int
        Of the replicates.
    threads : int
        0: all cores. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` on this thread.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError, TypeError
        With the parameter, its value, what it must be, and the remedy.
    """
    given = dict(locals())
    parameters = {
        name: value for name, value in given.items() if name not in (*_DATA, "progress")
    }
    proxies, ratios, rows = _both(proxy, log_ratio)
    y = gold_rewards(gold, rows)
    log_p = log_weights(sample_weight, rows)
    kept = rows_with_weight(log_p)
    group = None if groups is None else at_rows(checked_labels(groups, "groups", rows), kept)
    cluster = None if clusters is None else at_rows(checked_labels(clusters, "clusters", rows), kept)
    dense = None if group is None else labels(group, "groups", len(group))
    pool: tuple[Scores | None, Scores | None] = (None, None)
    pool_group = pool_log_p = pool_cluster = None
    dense_clusters = None if cluster is None else labels(cluster, "clusters", len(cluster))
    if reference is not None:
        more = scores_like([proxies, ratios], reference)
        count = len(next(iter((more[0] or more[1]).values())))
        rest = beside(
            count, group, cluster, reference_groups, reference_clusters, reference_weight
        )
        pool = chosen(more[0], rest.kept), chosen(more[1], rest.kept)
        pool_group, pool_log_p, pool_cluster = rest.groups, rest.log_weights, rest.clusters
        dense, dense_clusters = rest.table_groups, rest.table_clusters
    else:
        refuse_without(
            reference_groups=reference_groups,
            reference_clusters=reference_clusters,
            reference_weight=reference_weight,
        )
    record = _core.audit(
        chosen(proxies, kept),
        chosen(ratios, kept),
        at_rows(y, kept),
        dense,
        at_rows(log_p, kept),
        dense_clusters,
        None if kept is None else kept.astype(np.uint64),
        *pool,
        pool_group,
        pool_log_p,
        pool_cluster,
        parameters,
        call_of(audit, given, _DATA),
        progress,
    )
    return Audit._of(record)


def _both(proxy: Any, log_ratio: Any) -> tuple[Scores, Scores, int]:
    """Proxies, log-ratios, and the number of rows."""
    proxies = {} if proxy is None else named_scores(proxy, "proxy")
    ratios = {} if log_ratio is None else named_scores(log_ratio, "log_ratio")
    for name in ratios:
        if name in proxies:
            raise ValueError(
                f"log_ratio: {name!r} is a proxy, too; rename one of them, or leave it out"
            )
    lengths = {name: len(values) for name, values in (proxies | ratios).items()}
    if not lengths:
        raise ValueError("proxy = None: there is no score; give proxy, log_ratio or both")
    rows = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != rows:
            raise ValueError(
                f"log_ratio[{name!r}] = {length} entries: must be as many as rows, {rows}"
            )
    return proxies, ratios, rows
