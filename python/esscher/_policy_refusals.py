"""What the library refuses of given rewards, told by the caller's parameters and entries."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint32] | None
Numbers = NDArray[np.float64] | None

_WITHOUT_WEIGHT = re.compile(r"group \d+ = \d+ rows: has no row with a positive weight")
_FEW_TO_DRAW = re.compile(r"(size = \d+): group (\d+) (has only .*)", re.DOTALL)
_ONE_ROW = re.compile(r"stratum \d+ = 1 row: ")


def explained_weights(reason: ValueError, log_weights: NDArray[np.float64]) -> ValueError:
    """The cause of `reason`, for which no weights were smoothed."""
    if not len(log_weights):
        return ValueError("log_weights: are empty; give at least one")
    bad = np.flatnonzero(np.isnan(log_weights) | (log_weights == np.inf))
    if bad.size:
        at = bad[0]
        return ValueError(
            f"log_weights[{at}] = {log_weights[at]}: must be finite, or -inf for no weight; drop the row"
        )
    if np.all(log_weights == -np.inf):
        return ValueError("log_weights: all are -inf; at least one must be finite")
    return reason


def explained(
    reason: ValueError, r: NDArray[np.float64], given: Any, groups: Labels, log_p: Numbers,
    clusters: Labels = None,
) -> ValueError:
    """The cause of `reason`: `given` are the groups as the caller has them, `log_p` logarithms of
    sample weights."""
    said = str(reason)
    if said.startswith("rows = 0: "):
        return ValueError("r: is empty; give at least one row")
    if said.startswith("log weights = ") or _WITHOUT_WEIGHT.match(said):
        return _without_weight(reason, r, given, groups, log_p)
    few = _FEW_TO_DRAW.match(said)
    if few and groups is not None:
        at = _first(groups, int(few[2]))
        left = few[3].replace(" 1 rows ", " 1 row ")
        return ValueError(f"{few[1]}: the group of {_entry(given, at)} {left}")
    if "= several clusters: " in said and groups is not None and clusters is not None:
        return _several_clusters(reason, given, groups, clusters)
    said = _ONE_ROW.sub("r = 1 row: ", said)
    for words, others in (
        ("use fewer folds, or say that the table is enumerated",
         "give more rows, or enumerated=True if they are the whole reference"),
        ("say that the table is enumerated",
         "give enumerated=True if the rows are the whole reference"),
        ("check the column of groups, or leave it out", "check groups, or leave them out"),
    ):
        said = said.replace(words, others)
    return reason if said == str(reason) else ValueError(said)


def _without_weight(
    reason: ValueError, r: NDArray[np.float64], given: Any, groups: Labels, log_p: Numbers
) -> ValueError:
    """The first group all of whose rows have no chance; without groups, all rows."""
    of = np.zeros(len(r), dtype=np.uint32) if groups is None else groups
    weighs = np.ones(len(r), dtype=bool) if log_p is None else log_p > -np.inf
    for chance, name, what in (
        (weighs, "sample_weight", "is 0"),
        (r > -np.inf, "r", "is -inf"),
        (weighs & (r > -np.inf), "r", "is -inf, or sample_weight 0,"),
    ):
        none = np.flatnonzero(np.bincount(of, weights=chance) == 0)
        if not none.size:
            continue
        if groups is None:
            return ValueError(f"{name}: {what} in all rows; one must have a chance")
        return ValueError(
            f"{_entry(given, _first(groups, int(none[0])))}: {name} {what} in all rows of this group; "
            "leave them out"
        )
    return reason


def _several_clusters(
    reason: ValueError, given: Any, groups: NDArray[np.uint32], clusters: NDArray[np.uint32]
) -> ValueError:
    _, first = np.unique(groups, return_index=True)
    own = first[groups]  # the first row of each row's group
    other = np.flatnonzero(clusters != clusters[own])
    if not other.size:
        return reason
    at = other[0]
    return ValueError(
        f"clusters[{at}]: differs from clusters[{own[at]}], in one group, that of {_entry(given, at)}; "
        "a group must lie within one cluster; give its rows one"
    )


def _first(groups: NDArray[np.uint32], number: int) -> int:
    return int(np.flatnonzero(groups == number)[0])


def _entry(given: Any, at: int) -> str:
    """With its label, where the caller's object still tells it."""
    try:
        array = np.asarray(given, dtype=object)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(())
    return f"groups[{at}] = {array[at]}" if array.ndim == 1 else f"groups[{at}]"
