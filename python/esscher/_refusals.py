"""What scikit-learn refuses, told in one line that names the parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def refuse_times(values: Any, name: str) -> None:
    """Dates and times, of which NumPy and scikit-learn would make numbers."""
    for dtype in _dtypes(values):
        if getattr(dtype, "kind", "") in ("m", "M") or _is_time(dtype):
            raise TypeError(f"{name}: must hold numbers, not {dtype}; encode times first")


def refuse_preferences_without(groups: Any, loss: Any) -> None:
    """Of pairs of which groups there are none; the command has a column to name instead."""
    if groups is None and isinstance(loss, str) and loss == "preferences":
        raise ValueError("loss = preferences: compares candidates of one group; give groups")


def explain_folds(
    groups: NDArray[np.uint32] | None, y: NDArray[np.float64], reason: Exception
) -> None:
    """Raises the cause of `reason` if rewards vary within groups, but not beside some fold."""
    if groups is None or not str(reason).startswith("y: they do not vary within any group"):
        return
    least, greatest = np.full((2, int(groups.max()) + 1), np.inf)
    np.minimum.at(least, groups, y)
    np.minimum.at(greatest, groups, -y)
    varying = int(np.count_nonzero(least < -greatest))
    if varying:
        raise ValueError(
            f"groups: y varies within {varying} of {len(least)} groups, and one fold of the "
            "evaluation holds them all, so that the others teach nothing; take more groups of "
            "several rows, or other folds"
        ) from None


def _dtypes(values: Any) -> Any:
    if hasattr(values, "iloc"):  # of pandas, whose columns may have any name
        return values.dtypes if values.ndim == 2 else [values.dtype]
    if hasattr(getattr(values, "schema", None), "types"):  # a table of Arrow
        return values.schema.types
    if hasattr(values, "dtype"):
        return [values.dtype]
    if hasattr(values, "type"):  # a column of Arrow
        return [values.type]
    return getattr(values, "dtypes", ())


def _is_time(dtype: Any) -> bool:
    """Of Arrow and polars, by its name: neither need be installed."""
    name = str(getattr(dtype, "value_type", dtype)).lower()  # that of a dictionary's values
    return name.startswith(("date", "time", "duration"))


def explain(values: Any, name: str, reason: Exception) -> None:
    """Raises the cause of `reason`, which scikit-learn raised, if it lies in `values`."""
    if (values is None and name == "y") or hasattr(values, "toarray"):  # it says so in clear words
        return
    said = str(reason).partition("\n")[0]
    numeric = None
    try:
        array = np.asarray(values)
        if array.dtype.kind != "c":
            numeric = array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    if numeric is None:
        kind = TypeError if isinstance(reason, TypeError) else ValueError
        raise kind(said if said.startswith(f"{name} ") else f"{name}: {said}") from None
    if name == "X" and numeric.ndim != 2 and isinstance(reason, ValueError):
        raise ValueError(
            f"X: must be two-dimensional, not of shape {numeric.shape}. Reshape your data: "
            ".reshape(-1, 1) where it is one feature, .reshape(1, -1) where it is one row"
        ) from None
    bad = np.argwhere(~np.isfinite(numeric))
    if bad.size:
        at, value = tuple(bad[0]), numeric[tuple(bad[0])]
        where, what = ", ".join(map(str, at)), "NaN" if np.isnan(value) else str(value)
        raise ValueError(
            f"{name}[{where}] = {what}: must be finite; drop the row, or impute it"
        ) from None
