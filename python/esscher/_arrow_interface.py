"""Objects that give their columns by Arrow's C data interface alone."""

from __future__ import annotations

from typing import Any

from ._arrow_files import arrow


def of_arrow(values: Any) -> Any:
    """A table or an array of pyarrow, where `values` offers Arrow's interface and not NumPy's.

    Such are readers of record batches, relations of DuckDB and arrays of nanoarrow. Batches of
    pyarrow become tables, too: scikit-learn finds no names in them. A reader is read to its end.
    """
    if not _offers_arrow_alone(values):
        return values
    pyarrow = arrow()
    try:
        return pyarrow.table(values)
    except pyarrow.ArrowInvalid:  # a column, and no table
        return pyarrow.chunked_array(values)


def _offers_arrow_alone(values: Any) -> bool:
    offers = hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")
    is_batch = hasattr(values, "__arrow_c_array__") and hasattr(values, "num_columns")
    return offers and (is_batch or not hasattr(values, "__array__"))
