"""Parquet, Arrow and JSON lines, read in batches of some columns, whose values come as NumPy has
them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._optional import needed

# Bytes of each column that are read at a time; there may be thousands of columns.
_BUFFER = 1 << 16
# Of JSON lines that are parsed at a time; the longest line must fit.
_PARSED = 1 << 22


def arrow(module: str = "") -> Any:
    """pyarrow, or a module of it, once a file needs it."""
    return needed(
        f"pyarrow{module}",
        "Parquet, Arrow files and interfaces, and JSON lines on the disk need",
    )


def index_columns(schema: Any) -> list[str]:
    """Columns that were the index of a data frame of pandas, which numbers or names its rows."""
    metadata = getattr(schema, "metadata", None)
    described = metadata.get(b"pandas") if isinstance(metadata, Mapping) else None
    try:
        index = json.loads(described)["index_columns"] if described else []
        return [name for name in index if isinstance(name, str) and name in schema.names]
    except (ValueError, KeyError, TypeError):  # not as pandas writes it
        return []


@dataclass(frozen=True)
class Batch:
    """Rows of a file that lie behind one another, or some of them."""

    path: Path
    numbers_of_rows: NDArray[np.int64]  # in the file, from 1
    records: Any

    def __len__(self) -> int:
        return len(self.numbers_of_rows)

    def filter(self, keep: NDArray[np.bool_]) -> Batch:
        rows = self.records.filter(arrow().array(keep))
        return Batch(self.path, self.numbers_of_rows[keep], rows)

    def require(self, good: NDArray[np.bool_], column: str, what: str) -> None:
        """Refuses the first row that is not good."""
        bad = np.flatnonzero(~good)
        if bad.size:
            row = self.numbers_of_rows[bad[0]]
            raise ValueError(f"{self.path}: row {row}, column {column}: {what}")

    def numbers(self, column: str) -> NDArray[np.float64]:
        """NaN where there is none."""
        values = _numbers(self.records.column(column))
        return np.asarray(values, dtype=np.float64)

    def vectors(self, column: str, width: int) -> NDArray[Any]:
        """A row of `width` numbers each; NaN where there is none."""
        values = _stored(self.records.column(column))
        if not is_list(values.type):
            return _numbers(values).reshape(-1, 1)
        lengths = arrow(".compute").list_value_length(values).fill_null(-1)
        lengths = lengths.to_numpy(zero_copy_only=False)
        self.require(lengths >= 0, column, "a vector is missing; drop the row")
        self.require(lengths == width, column, f"must hold {width} numbers, as the first does")
        return _numbers(values.flatten()).reshape(-1, width)

    def labels(self, column: str) -> tuple[list[object], NDArray[np.int64]]:
        """The distinct ones in order of first occurrence, and which of them each row has."""
        values = self.records.column(column)
        types = arrow().types
        if types.is_dictionary(values.type):
            values = values.dictionary_decode()
        kind = values.type
        if types.is_floating(kind):
            values = arrow(".compute").if_else(arrow(".compute").is_nan(values), None, values)
        elif not (types.is_integer(kind) or types.is_boolean(kind) or types.is_string(kind)
                  or types.is_large_string(kind) or types.is_string_view(kind)):
            raise ValueError(f"{self.path}: column {column}: labels must be text or numbers, not "
                             f"{kind}")
        valid = values.is_valid().to_numpy(zero_copy_only=False)
        self.require(valid, column, "a label is missing; give the row one, or drop it")
        encoded = values.dictionary_encode()
        try:
            distinct = encoded.dictionary.to_pylist()
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.path}: column {column}: is no UTF-8: {error}") from None
        return distinct, encoded.indices.to_numpy(zero_copy_only=False)


class BatchedFile(Protocol):
    """What all kinds of files give."""

    path: Path
    schema: Any

    def rows(self) -> int:
        """Or a few more."""
        ...

    def batches(self, columns: Sequence[str], most_rows: int) -> Iterator[Batch]: ...


class _ParquetFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        # Without the buffer of a whole row group, nor the pages of a mapped one.
        self._file = arrow(".parquet").ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        self.schema = self._file.schema_arrow

    def rows(self) -> int:
        return int(self._file.metadata.num_rows)

    def batches(self, columns: Sequence[str], most_rows: int) -> Iterator[Batch]:
        return _numbered(
            self.path, self._file.iter_batches(batch_size=most_rows, columns=list(columns)),
            most_rows,
        )


class _ArrowFile:
    """The file format (Feather, too) or the stream, which ``datasets`` writes."""

    def __init__(self, path: Path, is_stream: bool) -> None:
        self.path = path
        self._is_stream = is_stream
        self.schema = self._open([]).schema

    def rows(self) -> int:
        first = self.schema.names[:1]
        return sum(batch.num_rows for batch in self._records(first))

    def batches(self, columns: Sequence[str], most_rows: int) -> Iterator[Batch]:
        return _numbered(self.path, self._records(columns), most_rows)

    def _records(self, columns: Sequence[str]) -> Iterator[Any]:
        reader = self._open([self.schema.get_field_index(name) for name in columns])
        if self._is_stream:
            yield from reader
        else:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    def _open(self, columns: list[int]) -> Any:
        ipc = arrow(".ipc")
        source = arrow().OSFile(str(self.path))
        options = ipc.IpcReadOptions(included_fields=columns)
        return (ipc.open_stream if self._is_stream else ipc.open_file)(source, options=options)


class _JsonLinesFile:
    """An object a line, whose columns and types the first `_PARSED` bytes tell.

    Numbers are float64, since whole ones may stand before others, but for those that are labels.
    """

    def __init__(self, path: Path, labels: Collection[str]) -> None:
        self.path = path
        pyarrow = arrow()
        with self._reading():
            found = self._open(None).schema
        for name in labels:
            if name in found.names and pyarrow.types.is_floating(found.field(name).type):
                raise ValueError(f"{path}: column {name}: labels must be text, or whole numbers "
                                 "below 2^63; write them as text")
        self.schema = pyarrow.schema([
            pyarrow.field(each.name, _json_type(each.type, each.name in labels)) for each in found
        ])
        # Whose types the rest may not keep to.
        self._unknown = {each.name for each in found
                         if pyarrow.types.is_null(each.type) or "struct<" in str(each.type)}

    def rows(self) -> int:
        count = 1
        with self._reading(), self._bytes() as file:
            while some := file.read(_PARSED):
                count += some.count(b"\n")
        return count

    def batches(self, columns: Sequence[str], most_rows: int) -> Iterator[Batch]:
        return _numbered(self.path, self._records(columns), most_rows)

    def _records(self, columns: Sequence[str]) -> Iterator[Any]:
        with self._reading():
            # All columns are parsed, so that one that comes late is refused, as by the command;
            # not where there are objects, or nulls alone, that nobody asked for.
            kept = [each for each in self.schema
                    if each.name in columns or each.name not in self._unknown]
            for record in self._open(arrow().schema(kept)):
                yield record.select(list(columns))

    def _open(self, schema: Any) -> Any:
        json_lines = arrow(".json")
        others = "infer" if schema is None else "error"
        if schema is not None and len(schema) < len(self.schema):
            others = "ignore"
        return json_lines.open_json(
            self._bytes(),
            json_lines.ReadOptions(block_size=_PARSED, use_threads=False),
            json_lines.ParseOptions(explicit_schema=schema, unexpected_field_behavior=others),
        )

    def _bytes(self) -> Any:
        with self.path.open("rb") as file:
            first = file.read(4)
        packed = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}.get(first[:2])
        return arrow().input_stream(str(self.path), compression=packed)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Errors with the file; pyarrow's rows count within what is parsed at a time."""
        try:
            yield
        except (arrow().ArrowException, OSError, UnicodeDecodeError) as error:
            why = re.sub(r" in row \d+", "", str(error))
            raise ValueError(
                f"{self.path}: cannot be read on the disk: {why} (the first 4 MiB tell columns and "
                "their types, a line has 4 MiB at most; without on_disk it is read by other rules)"
            ) from None


def _json_type(kind: Any, is_label: bool) -> Any:
    pyarrow = arrow()
    types = pyarrow.types
    if is_list(kind):
        return pyarrow.list_(_json_type(kind.value_type, False))
    if types.is_timestamp(kind) or (is_label and types.is_null(kind)):
        return pyarrow.string()  # as it is written
    whole_or_none = types.is_integer(kind) or types.is_null(kind)
    return pyarrow.float64() if whole_or_none and not is_label else kind


def is_json_lines(path: Path) -> bool:
    """By its name, as for the command."""
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    return name.endswith((".jsonl", ".ndjson"))


def open_files(path: Path, labels: Collection[str]) -> list[BatchedFile]:
    """The file, or the files of a folder in the order of their names; `labels` are columns."""
    paths = _files_of(path) if path.is_dir() else [path]
    files = [_open(part, labels) for part in paths]
    for file in files:
        names = file.schema.names
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"{file.path}: two columns are called {twice[0]!r}; rename one")
        if not file.schema.equals(files[0].schema, check_metadata=False):
            raise ValueError(f"{file.path}: has other columns, or of other types, than "
                             f"{files[0].path}; read them one by one")
    return files


def _open(path: Path, labels: Collection[str]) -> BatchedFile:
    with path.open("rb") as file:
        first = file.read(6)
    pyarrow = arrow()
    try:
        if first.startswith(b"PAR1"):
            return _ParquetFile(path)
        if first.startswith(b"FEA1"):
            raise ValueError(f"{path}: Feather of version 1; read it with an older pyarrow")
        if is_json_lines(path):
            return _JsonLinesFile(path, labels)
        return _ArrowFile(path, is_stream=not first.startswith(b"ARROW1"))
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None


def _files_of(folder: Path) -> list[Path]:
    if (folder / "dataset_dict.json").exists():
        splits = json.loads((folder / "dataset_dict.json").read_text(encoding="utf-8"))["splits"]
        raise ValueError(f"{folder}: holds several data sets; read one of them: "
                         f"{', '.join(str(folder / split) for split in splits)}")
    state = folder / "state.json"
    if state.exists():
        saved = json.loads(state.read_text(encoding="utf-8"))
        if saved.get("_indices_data_files"):
            raise ValueError(f"{folder}: holds a choice of rows of its files; save it anew behind "
                             "flatten_indices()")
        return [folder / part["filename"] for part in saved["_data_files"]]
    for ending in ("parquet", "arrow"):
        found = sorted(folder.glob(f"*.{ending}"))
        if found:
            return found
    raise ValueError(f"{folder}: holds no .parquet or .arrow files, and is no data set that "
                     "save_to_disk() wrote")


def _numbered(path: Path, records: Iterator[Any], most_rows: int) -> Iterator[Batch]:
    """In batches of at most `most_rows`, which count their rows through the file."""
    first = 1
    for record in records:
        for begin in range(0, record.num_rows, most_rows):
            some = record.slice(begin, most_rows)
            rows = np.arange(first, first + some.num_rows, dtype=np.int64)
            first += some.num_rows
            yield Batch(path, rows, some)


def is_list(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _stored(values: Any) -> Any:
    """Tensors of one shape, and others with a name of their own, as what they are made of."""
    return values.storage if isinstance(values.type, arrow().BaseExtensionType) else values


def _numbers(values: Any) -> NDArray[Any]:
    types = arrow().types
    if types.is_boolean(values.type):
        values = values.cast(arrow().uint8())
    elif types.is_decimal(values.type):
        values = values.cast(arrow().float64())
    elif values.null_count and types.is_float16(values.type):
        values = values.cast(arrow().float32())
    numbers: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return numbers
