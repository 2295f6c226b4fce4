"""Tables that memory need not hold: in files, and of Dask, which is known by what it offers.

Dask is not imported. What is one-dimensional is brought into memory. Of a table, blocks are
computed in the order of their rows, some at a time, and written into one file, which the engine
reads as often as it needs. So each block is computed once, and all else is as with an array of the
same rows, to the last bit.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arrow_interface import of_arrow

# Of the blocks that are computed at one time; one may be larger.
_WINDOW_BYTES = 1 << 26

# Types whose numbers float32 holds exactly. All others become float64, in which the engine works.
_SHORT = "e f b B h H ?".split()

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def is_blocks(values: Any) -> bool:
    """Whether it is an array, data frame or series of Dask, or is as these are, or lies in a file."""
    return isinstance(values, Stored) or (
        hasattr(values, "__dask_graph__")
        and isinstance(getattr(values, "npartitions", None), int)
        and isinstance(getattr(values, "ndim", None), int)
    )


def vectors_in_memory(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function, for which one-dimensional arguments of Dask are computed, each once, and
    what offers Arrow's interface alone becomes a table or an array of pyarrow."""
    return _with_computed(function, most_dimensions=1)


def all_in_memory(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The same, for which all arguments of Dask are computed."""
    return _with_computed(function, most_dimensions=2)


def _with_computed(
    function: Callable[_Given, _Result], most_dimensions: int
) -> Callable[_Given, _Result]:
    names = list(inspect.signature(function).parameters)

    def computed(name: str, value: Any) -> Any:
        if is_blocks(value):
            return value.compute() if value.ndim <= most_dimensions else value
        return of_arrow(value, name)

    @functools.wraps(function)
    def with_arrays(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        # More than there are names: Python refuses them below.
        places = itertools.zip_longest(names[: len(args)], args, fillvalue="")
        arguments: Any = [computed(name, value) for name, value in places]
        named: Any = {name: computed(name, value) for name, value in kwargs.items()}
        return function(*arguments, **named)

    return with_arrays


@dataclass(frozen=True, eq=False, repr=False)
class Stored:
    """A table in a file that has no name any more and ends with `rows`."""

    rows: _core.StoredRows
    head: Any  # the first row, in the array or the data frame that it came in

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the first row; a data frame's may differ by column."""
        return np.asarray(self.head).dtype

    def __len__(self) -> int:
        return self.shape[0]

    def compute(self) -> Any:
        raise TypeError(
            f"{self!r}: is for X of evaluate, fit, predict and score; read it without on_disk for "
            "anything else"
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.compute()

    def __repr__(self) -> str:
        return "a table on the disk of {} x {}".format(*self.shape)


def stored(table: Any, name: str, convert: Callable[[Any, str], NDArray[Any]]) -> Stored:
    """A Dask array or data frame of numbers, which `convert` makes of its blocks."""
    if isinstance(table, Stored):
        return table
    if table.ndim != 2:
        raise ValueError(f"{name}: must be two-dimensional, not of {table.ndim} dimensions; "
                         "reshape it")
    with StoredBlocks(name) as blocks:
        for some in _windows(table):
            blocks.add(convert(some, name), some)
        return blocks.finish()


class StoredBlocks:
    """Writes a table, block by block."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file = tempfile.NamedTemporaryFile(prefix="esscher-", suffix=".npy")
        self._written = _Written(name, self._file)
        self._head: Any = None

    def __enter__(self) -> StoredBlocks:
        return self

    def __exit__(self, *reason: Any) -> None:
        self._file.__exit__(*reason)

    def add(self, block: NDArray[Any], given: Any) -> None:
        """A block of numbers, and the array or data frame that it was."""
        self._written.add(block, given)
        if self._head is None and len(given):
            self._head = given[:1].copy()

    def finish(self) -> Stored:
        """What was written, which lies in the file from now on."""
        if self._head is None:
            raise ValueError(f"{self._name} = 0 rows: its blocks are empty; give rows")
        self._written.finish()
        return Stored(_core.stored_rows(self._file.name), self._head)


def _windows(table: Any) -> Iterator[Any]:
    """What neighbouring blocks hold, all columns of them, from the first row to the last."""
    # Of an array in a grid of blocks, `partitions` of a row of it are joined by Dask.
    count = table.numblocks[0] if hasattr(table, "numblocks") else table.npartitions
    begin, size, largest = 0, 1, 1
    while begin < count:
        some = table.partitions[begin : begin + size].compute()
        begin += size
        largest = max(largest, -(-_bytes(some) // size))
        size = max(1, _WINDOW_BYTES // largest)
        yield some


def _bytes(some: Any) -> int:
    if hasattr(some, "memory_usage"):
        return int(np.sum(some.memory_usage()))
    return int(getattr(some, "nbytes", 0))


class _Written:
    """Rows as they come, in a file of NumPy's."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name = name
        self._file = file
        self._rows = 0
        self._columns = 0
        self._labels: list[Any] | None = None
        self._type: np.dtype[Any] = np.dtype(np.float64)
        self._begin = 0

    def add(self, block: NDArray[Any], given: Any) -> None:
        labels = list(given.columns) if hasattr(given, "columns") else None
        if self._columns == 0:
            self._columns = block.shape[1]
            self._labels = labels
            self._type = np.dtype(np.float32 if block.dtype.char in _SHORT else np.float64)
            self._header()
            self._begin = self._file.tell()
        self._require(block, labels)
        values = np.ascontiguousarray(block, self._type)
        good = np.isfinite(values)
        if not good.all():
            row, column = np.argwhere(~good)[0]
            raise ValueError(f"{self._name}[{self._rows + row}, {column}] = {values[row, column]}: "
                             "must be finite; drop the row, or impute it")
        self._write(values)
        self._rows += len(values)

    def finish(self) -> None:
        self._file.seek(0)
        self._header()
        assert self._file.tell() == self._begin  # NumPy leaves room for a number of rows
        self._file.flush()

    def _require(self, block: NDArray[Any], labels: list[Any] | None) -> None:
        where = f"{self._name}: the block that begins at row {self._rows}"
        if block.shape[1] != self._columns:
            raise ValueError(f"{where} has {block.shape[1]} columns, and the first {self._columns}; "
                             "give all of them the same")
        if labels != self._labels:
            raise ValueError(f"{where} has the columns {labels}, and the first {self._labels}; give "
                             "all of them the same")
        if self._type == np.float32 and block.dtype.char not in _SHORT:
            raise ValueError(f"{where} holds {block.dtype}, and the first what fits into float32; "
                             f"take {self._name}.astype('float64')")

    def _header(self) -> None:
        np.lib.format.write_array_header_1_0(self._file, {
            "shape": (self._rows, self._columns), "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(self._type),
        })

    def _write(self, values: NDArray[Any]) -> None:
        try:
            self._file.write(values.data)
        except OSError as error:
            raise OSError(error.errno, f"{self._name}: its blocks do not fit into "
                          f"{tempfile.gettempdir()} ({error.strerror}); name a folder on a larger "
                          "disk by the variable TMPDIR") from None
