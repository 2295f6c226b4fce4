"""Tables in files as arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arrow_files import is_json_lines
from ._optional import needed
from ._results import frozen
from ._saved import existing

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Features and labels of a file's rows, by the names that `evaluate` and ``fit`` give them.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        Features, float32 or float64; of `read` with ``on_disk`` a table that memory does not hold,
        for `evaluate` and a `TiltedRewardRegressor`.
    names : tuple of str
        One for each column of X; numbers of a vector ``v`` are ``v[0]``, ``v[1]``, ...
    y : ndarray of shape (n,) or None
        Rewards; None where no column was named for them. So are all that follow.
    groups, clusters, fold : ndarray of shape (n,) or None
        Numbers of labels, 0, 1, ... in order of first occurrence.
    group_names : tuple of str
        What the label of each number of `groups` is called; empty where there are none.
    sample_weight, gold : ndarray of shape (n,) or None
    remarks : tuple of str
        Columns that are no features, rows that are left out: plain sentences.
    """

    X: Any
    names: tuple[str, ...]
    y: NDArray[np.float64] | None
    groups: NDArray[np.uint32] | None
    group_names: tuple[str, ...]
    sample_weight: NDArray[np.float64] | None
    clusters: NDArray[np.uint32] | None
    fold: NDArray[np.uint32] | None
    gold: NDArray[np.float64] | None
    remarks: tuple[str, ...]

    def to_frame(self) -> pandas.DataFrame:
        """X with its names, which shares its memory; needs pandas.

        Returns
        -------
        pandas.DataFrame
            A `TiltedRewardRegressor` that is fitted on it finds columns by name, and so does the
            command in the file that it saves.
        """
        pandas = needed("pandas", "to_frame() needs")
        return pandas.DataFrame(np.asarray(self.X), columns=list(self.names), copy=False)

    def __repr__(self) -> str:
        rows, columns = self.X.shape
        labels = [f.name for f in fields(self) if f.name not in ("X", "names", "group_names",
                                                                 "remarks")]
        given = [name for name in labels if getattr(self, name) is not None]
        beside = f", {', '.join(given)}" if given else ""
        return f"Table({rows} rows, {columns} features in {self.X.dtype}{beside})"


def read(
    path: str | os.PathLike[str],
    *,
    y: str | None = None,
    groups: str | None = None,
    features: str | Sequence[str] | None = None,
    one_hot: str | Sequence[str] | None = None,
    wild_type: str | None = None,
    first_position: int = 1,
    fold_case: bool = False,
    sample_weight: str | None = None,
    clusters: str | None = None,
    fold: str | None = None,
    gold: str | None = None,
    dtype: str | None = None,
    on_disk: bool = False,
    delimiter: str | None = None,
    decimal: str | None = None,
    missing: str | Sequence[str] | None = None,
    unpack_limit: float | None = None,
    embeddings_key: str | None = None,
) -> Table:
    """Arrays for `evaluate` and `TiltedRewardRegressor` from a file, one array for all features.

    Rows without a reward, and rows of weight 0, are left out; a feature or label that is missing
    is refused, with its row and column.

    Parameters
    ----------
    path : path-like
        Parquet and Arrow (Feather, IPC), a folder of Parquet files, or a data set that Hugging
        Face's ``datasets`` saved to disk: read in batches with pyarrow, so that memory is that of
        the result and of one batch. Else a file that the command reads (CSV, JSON lines, also
        compressed; npy, npz, safetensors), as it reads it, which is held twice for a moment. Of npz
        and safetensors the array `embeddings_key` is X, and columns are keys.
    y : str, optional
        The column of rewards.
    groups, sample_weight, clusters, fold, gold : str, optional
        Columns of what `evaluate` calls so.
    features : str or sequence of str, optional
        Names, or a text of names, globs, ranges and exclusions as the command takes them:
        ``"embedding*,!embedding_id"``. By default all columns of numbers and of vectors that are
        not named otherwise, and none where `one_hot` or `wild_type` is given. What was the index of
        a data frame of pandas is none then, and is told in the remarks. Of tables of text
        only, the command's screening then leaves out those that number rows, split them, never vary
        or are functions of the reward.
    one_hot : str or sequence of str, optional
        Columns of text to expand, of tables of text only: sequences of one length, or categories.
    wild_type : str, optional
        A sequence, or "@FILE" of one: then such columns, or the one that holds them, are read as
        mutations of it, "A24G:T30S" or "p.(Ala24Gly)", and become whole sequences.
    first_position : int
        Number of the wild type's first letter.
    fold_case : bool
        Lower case of sequences is read as upper case.
    dtype : {"float32", "float64"}, optional
        Of X. By default float32 where Arrow columns fit into it exactly, else float64.
    on_disk : bool
        X is not held: it goes batch by batch into a temporary file without a name (where the
        variable TMPDIR says), of which 128 MiB are in memory at a time. Of files that pyarrow
        reads, with the same results, to the last bit, and of JSON lines (``.jsonl``, ``.ndjson``, also
        compressed). Those are read by pyarrow then: the first 4 MiB tell columns and types, objects
        within objects are no columns, labels are text or whole numbers, and no column is screened.
    delimiter : str, optional
        Between the fields of a table of text: comma, tab, semicolon, pipe, space, or the mark
        itself. By default whichever of the first four fits the first rows.
    decimal : {".", ","}, optional
        Before decimals of a table of text; once it is said, the other of the two, a space or an
        apostrophe may part thousands. By default as most columns of the first rows have it.
    missing : str or sequence of str, optional
        Words of a table of text for a missing number, beside nothing and the usual ones.
    unpack_limit : float, optional
        A table of text compressed by gzip or zstd may unpack to so many GB, by default 2.
    embeddings_key : str, optional
        The array of an npz or safetensors file that is X. By default "embeddings".

    Returns
    -------
    Table

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        With the file, and the row (from 1) and column if there are such.
    ImportError
        Where the file needs pyarrow, and it is not installed.

    Examples
    --------
    >>> table = esscher.read("scores.parquet", y="score", groups="prompt")  # doctest: +SKIP
    >>> esscher.evaluate(table.X, table.y, table.groups)  # doctest: +SKIP
    """
    if dtype not in (None, "float32", "float64"):
        raise ValueError(f"dtype = {dtype!r}: must be 'float32' or 'float64'")
    if not isinstance(on_disk, bool):
        raise TypeError(f"on_disk = {on_disk!r}: must be True or False")
    labels = {
        "y": y, "groups": groups, "sample_weight": sample_weight, "clusters": clusters,
        "fold": fold, "gold": gold,
    }
    place = Path(existing(path))
    if wild_type is None and first_position != 1:
        raise ValueError(
            f"first_position = {first_position}: numbers the letters of a wild type; give wild_type"
        )
    if _is_arrow(place) or (on_disk and not place.is_dir() and is_json_lines(place)):
        of_text = {"one_hot": one_hot, "wild_type": wild_type, "fold_case": fold_case or None}
        for name, given in of_text.items():
            if given is not None:
                raise ValueError(
                    f"{name}: of tables of text only; encode the column with "
                    "esscher.SequenceEncoder or sklearn.preprocessing.OneHotEncoder"
                )
        written = {"delimiter": delimiter, "decimal": decimal, "missing": missing,
                   "unpack_limit": unpack_limit, "embeddings_key": embeddings_key}
        for name, said in written.items():
            if said is not None:
                raise ValueError(f"{name} = {said!r}: not of files that pyarrow reads; leave it out")
        from ._arrow import read_arrow

        record = read_arrow(place, _pattern(features), labels, dtype, on_disk)
    elif on_disk:
        raise ValueError(
            "on_disk = True: is for Parquet, Arrow, data sets of Hugging Face and JSON lines; of a "
            "large npy file take numpy.load(path, mmap_mode='r')"
        )
    else:
        parameters = {**labels, "features": _pattern(features), "one_hot": _pattern(one_hot),
                      "wild_type": wild_type, "first_position": first_position,
                      "fold_case": fold_case, "dtype": dtype, "delimiter": delimiter,
                      "decimal": decimal, "missing": missing, "unpack_limit": unpack_limit,
                      "embeddings_key": embeddings_key}
        record = _core.read_table(os.fspath(path), parameters)
    for name in ("names", "group_names", "remarks"):
        record[name] = tuple(record[name])
    return Table(**frozen(record))


def _pattern(columns: str | Sequence[str] | None) -> str | None:
    """Names as the text that the command takes."""
    return columns if columns is None or isinstance(columns, str) else ",".join(columns)


def _is_arrow(path: Path) -> bool:
    """Whether pyarrow reads it, by its first bytes; folders always."""
    if path.is_dir():
        return True
    with path.open("rb") as file:
        first = file.read(6)
    return first.startswith((b"PAR1", b"ARROW1", b"FEA1", b"\xff\xff\xff\xff"))
