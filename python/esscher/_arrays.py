"""Arrays and data frames as the C++ side takes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrow_interface import as_column, of_arrow
from ._blocks import is_blocks, stored
from ._refusals import refuse_times

if TYPE_CHECKING:
    from ._core import Features


_FLOAT64 = np.dtype(np.float64)
# Complex numbers, dates and times: NumPy would make floats of them, and drop a part.
_NO_NUMBERS = "cmM"


def plain(values: Any, name: str) -> Any:
    """A tensor as an array, whose memory it shares; of Dask what it holds, and of what offers
    Arrow's interface alone; all else as it is."""
    if is_blocks(values):
        return values.compute()
    if not hasattr(values, "detach"):
        return of_arrow(values, name)
    try:
        return np.asarray(values)
    except (TypeError, RuntimeError) as reason:
        # Tensors that need a gradient, lie on a device, or are of a type that NumPy does not have.
        cast = ".float()" if "bfloat16" in str(values.dtype) else ""
        why = str(reason).rstrip(".")
        raise TypeError(
            f"{name}: {_described(values)} gives no array ({why}); give its values, "
            f".detach(){cast}.cpu().numpy()"
        ) from None


def unmasked(values: Any, name: str) -> Any:
    """`values`, of which nothing is masked: as an array they would lose their mask."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        at = ", ".join(map(str, np.argwhere(np.ma.getmaskarray(values))[0]))
        raise ValueError(f"{name}[{at}]: is masked; fill it, or drop the row")
    return values


def numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """A 1-D float64 array, C order; no copy where `values` is one."""
    if type(values) is np.ndarray and values.dtype is _FLOAT64 and values.ndim == 1:
        return np.ascontiguousarray(values)  # at once: brief calls have no time
    values = as_column(plain(unmasked(values, name), name))
    try:
        array = np.asarray(values)
        shape = array.shape
        if array.dtype.kind in _NO_NUMBERS:
            raise TypeError
        array = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: must be numbers, not {_described(values)}") from None
    if len(shape) != 1:
        hint = "; take its .ravel()" if shape.count(1) == len(shape) - 1 > 0 else ""
        raise ValueError(f"{name}: must be one-dimensional, not of shape {shape}{hint}")
    return array


def labels(values: ArrayLike | None, name: str, rows: int) -> NDArray[np.uint32] | None:
    """Any labels as numbers 0, 1, ... in order of first occurrence."""
    return None if values is None else _numbered(checked_labels(values, name, rows), name)[0]


def named_labels(values: ArrayLike, name: str, rows: int) -> tuple[NDArray[np.uint32], list[str]]:
    """`labels`, and what the label of each number is called."""
    dense, found = _numbered(checked_labels(values, name, rows), name)
    return dense, [str(label) for label in found]


def common_labels(
    first: NDArray[Any], second: NDArray[Any], name: str
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """`labels` of two of `checked_labels`, where equal ones have one number."""
    if first.dtype.kind != second.dtype.kind:
        # As one array NumPy would take 1 and "1" for one label.
        first, second = first.astype(object), second.astype(object)
    both, _ = _numbered(np.concatenate([first, second]), name)
    return both[: len(first)], both[len(first) :]


# Whole numbers up to so many are numbered faster without sorting them.
_FEW = 1000


def _numbered(array: NDArray[Any], name: str) -> tuple[NDArray[np.uint32], Iterable[Any]]:
    """Labels as numbers in order of first occurrence, and the label of each number."""
    if array.dtype == object or (array.dtype.kind in "iub" and len(array) <= _FEW):
        numbers_of: dict[Any, int] = {}
        try:
            dense = [numbers_of.setdefault(label, len(numbers_of)) for label in array.tolist()]
        except TypeError:
            raise TypeError(f"{name}: labels must be text, numbers or the like") from None
        return np.array(dense, dtype=np.uint32), numbers_of
    _, first, inverse = np.unique(array, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.uint32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.uint32)
    return rank[inverse], array[np.sort(first)]


def checked_labels(values: ArrayLike, name: str, rows: int) -> NDArray[Any]:
    """Labels as they are, none of which is missing."""
    if type(values) is np.ndarray and values.dtype.kind in "iub" and values.shape == (rows,):
        return values  # at once: brief calls have no time, and of these none can be missing
    values = as_column(plain(values, name))
    array = np.asarray(values)
    kind = array.dtype.kind
    if kind == "T" or (kind in "SU" and not isinstance(values, np.ndarray)):
        # As text, NumPy would take 1 and "1" of a list for one label, and NaN for another.
        array = np.asarray(values, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"{name}: must be one-dimensional, not of shape {array.shape}")
    require_length(array, name, rows)
    missing = np.flatnonzero(
        values.mask if isinstance(values, np.ma.MaskedArray) else _missing(array)
    )
    if missing.size:
        at = missing[0]
        raise ValueError(
            f"{name}[{at}] = {array[at]}: a label is missing; give the row one, or drop it"
        )
    return array


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    if labels.dtype.kind in "fc":
        return np.asarray(np.isnan(labels))
    if labels.dtype.kind in "mM":
        return np.asarray(np.isnat(labels))
    if labels.dtype == object:
        return np.fromiter(map(is_missing, labels), dtype=np.bool_, count=len(labels))
    return np.zeros(len(labels), dtype=np.bool_)


def is_missing(label: object) -> bool:
    """Whether it is None, NaN, NaT or pandas.NA."""
    if label is None:
        return True
    try:
        return bool(label != label)  # NaN and NaT
    except TypeError:  # pandas.NA is neither equal to itself nor not
        return True
    except ValueError:  # an array
        return False


def log_weights(
    values: ArrayLike | None, rows: int, name: str = "sample_weight"
) -> NDArray[np.float64] | None:
    """Logarithms of prior weights, -inf for those of 0."""
    if values is None:
        return None
    weights = numbers(values, name)
    require_length(weights, name, rows)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] = {weights[bad[0]]}: must be finite and not negative")
    if not np.any(weights > 0):
        raise ValueError(f"{name}: all weights are zero; some row must have weight")
    with np.errstate(divide="ignore"):
        return np.log(weights)


def require_length(values: NDArray[Any], name: str, rows: int) -> None:
    if len(values) != rows:
        raise ValueError(f"{name} = {len(values)} entries: must be as many as rows, {rows}")


def features(values: Any, name: str = "X") -> Features:
    """A table of numbers; no copy of an array or of a data frame that holds one."""
    return stored(values, name, matrix).rows if is_blocks(values) else matrix(values, name)


def matrix(values: Any, name: str) -> NDArray[Any]:
    """A 2-D array of numbers."""
    if hasattr(values, "toarray"):  # of SciPy
        raise TypeError(f"{name}: is sparse, and features are dense; give its .toarray()")
    values = plain(unmasked(values, name), name)
    refuse_times(values, name)
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name}: must be two-dimensional; its rows differ in length") from None
    if array.ndim != 2:
        what = f"of shape {array.shape}; reshape it" if array.ndim else type(values).__name__
        raise ValueError(f"{name}: must be two-dimensional, not {what}")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        try:
            if array.dtype.kind in _NO_NUMBERS:
                raise TypeError
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                f"{name}: must hold numbers, not {array.dtype}; encode text first, for example with "
                "sklearn.preprocessing.OneHotEncoder"
            ) from None
    if array.dtype == np.uint64 or not array.dtype.isnative:
        array = array.astype(np.float64)
    return array


@dataclass(frozen=True)
class Labelled:
    """All that belongs to the rows of a table; rows of weight 0 are left out."""

    y: NDArray[np.float64]
    groups: NDArray[np.uint32] | None
    log_weights: NDArray[np.float64] | None
    clusters: NDArray[np.uint32] | None
    kept: NDArray[np.uint64] | None
    gold: NDArray[np.float64] | None
    folds: NDArray[np.uint32] | None
    fold_names: list[str]


def labelled(
    rows: int,
    y: ArrayLike,
    groups: ArrayLike | None,
    sample_weight: ArrayLike | None,
    clusters: ArrayLike | None = None,
    gold: ArrayLike | None = None,
    fold: ArrayLike | None = None,
) -> Labelled:
    target = numbers(y, "y")
    require_length(target, "y", rows)
    second = None if gold is None else numbers(gold, "gold")
    if second is not None:
        require_length(second, "gold", rows)
    weights = log_weights(sample_weight, rows)
    group, cluster = labels(groups, "groups", rows), labels(clusters, "clusters", rows)
    folds, fold_names = (None, []) if fold is None else named_labels(fold, "fold", rows)
    kept = None
    if weights is not None and not np.all(np.isfinite(weights)):
        places = np.flatnonzero(np.isfinite(weights))
        kept = places.astype(np.uint64)
        rows = len(places)
        weights, target = weights[places], target[places]
        second = None if second is None else second[places]
        # Numbered anew, as a label may have gone with its rows.
        group = None if group is None else labels(group[places], "groups", rows)
        cluster = None if cluster is None else labels(cluster[places], "clusters", rows)
        if folds is not None:
            folds, left = named_labels(folds[places], "fold", rows)
            fold_names = [fold_names[int(number)] for number in left]
    _require_finite(target, "y", kept)
    if second is not None:
        _require_finite(second, "gold", kept)
    return Labelled(target, group, weights, cluster, kept, second, folds, fold_names)


def _require_finite(
    values: NDArray[np.float64], name: str, kept: NDArray[np.uint64] | None
) -> None:
    """Of the rows `kept`; None: of all."""
    infinite = np.flatnonzero(~np.isfinite(values))
    if infinite.size:
        at = infinite[0] if kept is None else kept[infinite[0]]
        raise ValueError(f"{name}[{at}] = {values[infinite[0]]}: must be finite; drop the row")


def _described(values: object) -> str:
    dtype = getattr(values, "dtype", None)
    return f"{type(values).__name__} of {dtype}" if dtype is not None else type(values).__name__
