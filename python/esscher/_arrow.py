"""Parquet, Arrow and JSON lines as arrays: batch by batch into one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arrow_files import Batch, BatchedFile, arrow, index_columns, is_list, open_files
from ._blocks import StoredBlocks

# Numbers and rows of a batch, at most: some megabytes.
_BATCH_NUMBERS = 1 << 20
_BATCH_ROWS = 1 << 16

_NUMBERS = ("y", "sample_weight", "gold")
_LABELS = ("groups", "clusters", "fold")


def read_arrow(
    path: Path, features: str | None, roles: Mapping[str, str | None], dtype: str | None,
    on_disk: bool,
) -> dict[str, Any]:
    """The fields of a `Table`; `roles` are columns of labels."""
    named = {role: name for role, name in roles.items() if name is not None}
    files = open_files(path, [named[role] for role in _LABELS if role in named])
    schema = files[0].schema
    for role, name in named.items():
        _require_column(path, name, role, schema)
    chosen, remarks = _features(path, features, named, schema)
    widths = [_width(files, name) for name in chosen]
    most = sum(file.rows() for file in files)
    columns = list(dict.fromkeys([*chosen, *named.values()]))
    most_rows = max(1, min(_BATCH_ROWS, _BATCH_NUMBERS // max(1, sum(widths))))
    blocks = StoredBlocks("X") if on_disk else None
    with blocks or nullcontext():
        into = _Arrays(most, chosen, widths, named, dtype or _exact_dtype(schema, chosen), blocks)
        for file in files:
            for batch in file.batches(columns, most_rows):
                into.add(batch)
        if into.rows > 0:
            fields = into.fields()
    rows = into.rows + sum(into.left_out.values())
    for why, count in into.left_out.items():
        if count:
            remarks.append(f"{path}: {count} of {rows} rows are left out, {why}")
    if into.rows == 0:
        raise ValueError(f"{path}: no row is left of {rows}")
    lists = [is_list(_stored_type(schema, name)) for name in chosen]
    names = [
        f"{name}[{j}]" if is_vector else name
        for name, width, is_vector in zip(chosen, widths, lists, strict=True)
        for j in range(width)
    ]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ValueError(f"{path}: two features are called {twice[0]!r}; rename one")
    return {**dict.fromkeys(_NUMBERS + _LABELS), **fields, "names": names,
            "remarks": remarks}


class _Arrays:
    """What is read, in arrays for all rows, which are filled one batch after the other."""

    def __init__(
        self, rows: int, features: list[str], widths: list[int], named: Mapping[str, str],
        dtype: str, blocks: StoredBlocks | None,
    ) -> None:
        self.rows = 0
        self._most = rows
        self.left_out = {"without a reward": 0, "of weight 0": 0}
        self._features = features
        self._ends = np.cumsum(widths)
        self._widths = widths
        self._named = named
        self._dtype = dtype
        self._blocks = blocks  # where X goes, if it is not to be held
        self._x = np.empty((0 if blocks else rows, sum(widths)), dtype)
        self._numbers = {role: np.empty(rows) for role in named if role in _NUMBERS}
        self._labels = {role: np.empty(rows, np.uint32) for role in named if role in _LABELS}
        self._codes: dict[str, dict[object, int]] = {role: {} for role in self._labels}

    def add(self, batch: Batch) -> None:
        batch = self._kept(batch)
        begin, end = self.rows, self.rows + len(batch)
        if end > self._most:
            raise ValueError(f"{batch.path}: holds more objects than lines; write one a line")
        for role, into in self._numbers.items():
            values = batch.numbers(self._named[role])
            batch.require(np.isfinite(values), self._named[role], "must be a finite number")
            into[begin:end] = values
        for role, labels in self._labels.items():
            distinct, which = batch.labels(self._named[role])
            codes = self._codes[role]
            numbers = [codes.setdefault(label, len(codes)) for label in distinct]
            labels[begin:end] = np.array(numbers, dtype=np.uint32)[which]
        if self._blocks:
            x = np.empty((len(batch), self._x.shape[1]), self._dtype)
        else:
            x = self._x[begin:end]
        for name, last, width in zip(self._features, self._ends, self._widths, strict=True):
            block = x[:, last - width : last]
            values = batch.vectors(name, width)
            with np.errstate(over="ignore"):
                block[:] = values
            good = np.all(np.isfinite(block), axis=1)
            if not good.all():
                given = np.all(np.isfinite(values), axis=1)
                batch.require(given, name, "must be finite; drop the row, or fill it in")
                batch.require(good, name, "must be finite in float32; take float64")
        if self._blocks:
            self._blocks.add(x, x)
        self.rows = end

    def _kept(self, batch: Batch) -> Batch:
        if "y" in self._named:
            batch = self._without(batch, np.isnan(batch.numbers(self._named["y"])),
                                  "without a reward")
        if "sample_weight" in self._named:
            column = self._named["sample_weight"]
            weights = batch.numbers(column)
            batch.require(weights >= 0, column, "must be a number that is not negative")
            batch = self._without(batch, weights == 0, "of weight 0")
        return batch

    def _without(self, batch: Batch, dropped: NDArray[np.bool_], why: str) -> Batch:
        if not dropped.any():
            return batch
        self.left_out[why] += int(dropped.sum())
        return batch.filter(~dropped)

    def fields(self) -> dict[str, Any]:
        arrays: dict[str, NDArray[Any]] = {**self._numbers, **self._labels}
        names = [str(label) for label in self._codes.get("groups", ())]
        return {"X": self._blocks.finish() if self._blocks else self._x[: self.rows],
                **{name: array[: self.rows] for name, array in arrays.items()},
                "group_names": names}


def _require_column(path: Path, name: str, role: str, schema: Any) -> None:
    if name not in schema.names:
        _core.select_columns(name, schema.names, role)  # tells the nearest
        raise ValueError(f"{role} = {name!r}: must be the name of one column")
    kind = schema.field(name).type
    if role in _NUMBERS and (is_list(kind) or _element(schema, name) is None):
        raise ValueError(f"{path}: column {name}: {role} must be numbers, not {kind}")


def _features(
    path: Path, chosen: str | None, named: Mapping[str, str], schema: Any
) -> tuple[list[str], list[str]]:
    """Names of features in the file's order, and what to say of columns that are none."""
    numeric = {name for name in schema.names if _element(schema, name) is not None}
    if chosen is None:
        index = [name for name in index_columns(schema) if name not in named.values()]
        left = [name for name in schema.names if name not in [*named.values(), *index]]
        if not numeric.intersection(left):
            kinds = ", ".join(f"{name} ({schema.field(name).type})" for name in left)
            raise ValueError(
                f"{path}: features: no column of numbers, or of vectors of them, is left; there "
                f"are {kinds or 'none'}"
            )
        others = ", ".join(name for name in [*left, *index] if name not in numeric)
        remarks = [f"{path}: no features, as they hold no numbers: {others}"] if others else []
        numbered = ", ".join(name for name in index if name in numeric)
        if numbered:
            remarks.append(f"{path}: no features, as they were a data frame's index: {numbered}; "
                           "name them in features if they are")
        return [name for name in left if name in numeric], remarks
    at = _core.select_columns(chosen, schema.names, "features")
    columns = [schema.names[position] for position in at]
    for name in columns:
        for role in ("y", "gold"):
            if named.get(role) == name:
                raise ValueError(f"features: {name!r} is {role}; leave it out: '!{name}'")
        if name not in numeric:
            raise ValueError(
                f"{path}: column {name}: must hold numbers, or vectors of them, not "
                f"{schema.field(name).type}; leave it out: '!{name}'"
            )
    return columns, []


def _stored_type(schema: Any, name: str) -> Any:
    kind = schema.field(name).type
    return kind.storage_type if isinstance(kind, arrow().BaseExtensionType) else kind


def _element(schema: Any, name: str) -> Any:
    """The type of a column's numbers, or of its vectors'; None for any other."""
    types = arrow().types
    kind = _stored_type(schema, name)
    kind = kind.value_type if is_list(kind) else kind
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    return kind if number or types.is_decimal(kind) else None


def _exact_dtype(schema: Any, features: list[str]) -> str:
    """float32 where it loses nothing."""
    types = arrow().types
    for name in features:
        kind = _element(schema, name)
        narrow = types.is_float32(kind) or types.is_float16(kind) or types.is_boolean(kind)
        if not narrow and not (types.is_integer(kind) and kind.bit_width <= 16):
            return "float64"
    return "float32"


def _width(files: list[BatchedFile], name: str) -> int:
    """Numbers in each row of a column: of lists, those of the first."""
    kind = _stored_type(files[0].schema, name)
    if not is_list(kind):
        return 1
    if arrow().types.is_fixed_size_list(kind):
        return int(kind.list_size)
    for file in files:
        for batch in file.batches([name], 1):
            first = batch.records.column(0)[0].as_py()
            if first is not None:
                return len(first)
    return 0
