"""Objects that give their columns by Arrow's C data interface alone."""

from __future__ import annotations

from typing import Any

from ._arrow_files import arrow, index_columns


def of_arrow(values: Any, name: str) -> Any:
    """A table or an array of pyarrow, where `values` offers Arrow's interface and not NumPy's; of
    a table of pyarrow no columns that were the index of a data frame.

    Such are readers of record batches, relations of DuckDB and arrays of nanoarrow. Batches of
    pyarrow become tables, too: scikit-learn finds no names in them. A reader is read to its end.
    Of what has no `schema` nobody can tell an index.
    """
    if not _offers_arrow_alone(values):
        return _without_index(values, values) if hasattr(values, "column_names") else values
    pyarrow = arrow()
    try:
        column = pyarrow.chunked_array(values)  # asked once: there may be no second time
    except Exception as error:
        if hasattr(error, "add_note"):  # since Python 3.11
            error.add_note(f"{name}: what it holds was asked for by Arrow's interface")
        raise
    if not pyarrow.types.is_struct(column.type):
        return column
    return _without_index(pyarrow.Table.from_struct_array(column), values)


def _without_index(table: Any, given: Any) -> Any:
    index = index_columns(getattr(given, "schema", None))
    return table.drop_columns(index) if index else table


def as_column(values: Any) -> Any:
    """The only column of a table of Arrow, as a query gives it; all else as it is."""
    is_table = hasattr(values, "num_columns") and callable(getattr(values, "column", None))
    return values.column(0) if is_table and values.num_columns == 1 else values


def _offers_arrow_alone(values: Any) -> bool:
    offers = hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")
    is_batch = hasattr(values, "__arrow_c_array__") and hasattr(values, "num_columns")
    return offers and (is_batch or not hasattr(values, "__array__"))
