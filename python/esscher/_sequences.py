"""Sequences as features, in the manner of scikit-learn's transformers."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from . import _core
from ._arrays import plain

_Result = TypeVar("_Result")


class SequenceEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Sequences of one length, or mutations of a wild type, as features: one-hot by position.

    As ``esscher fit --one-hot`` and ``--wild-type`` do it. Positions at which nothing varies in
    the sequences that it is fitted on give no features; none is left out of the others, so that
    each position's sum to 1.

    Parameters
    ----------
    wild_type : str, optional
        A sequence, or "@FILE" of one: then texts are mutations of it, "A24G:T30S" or
        "p.(Ala24Gly)", and "WT" or an empty text is itself.
    first_position : int
        Number of the wild type's first letter.
    fold_case : bool
        Lower case is read as upper case.

    Attributes
    ----------
    encoding_ : str
        How texts become features, as models of the command keep it (JSON).
    remarks_ : tuple of str
        What was found: plain sentences.

    Examples
    --------
    >>> import esscher
    >>> encoder = esscher.SequenceEncoder().fit(["AC", "AD", "CD"])
    >>> encoder.get_feature_names_out().tolist()
    ['sequence[1]=A', 'sequence[1]=C', 'sequence[2]=C', 'sequence[2]=D']
    >>> encoder.transform(["CC"]).tolist()
    [[0.0, 1.0, 1.0, 0.0]]
    """

    def __init__(
        self, *, wild_type: str | None = None, first_position: int = 1, fold_case: bool = False
    ) -> None:
        self.wild_type = wild_type
        self.first_position = first_position
        self.fold_case = fold_case

    def fit(self, X: ArrayLike, y: Any = None) -> SequenceEncoder:
        """Learns which letters there are at each position.

        Parameters
        ----------
        X : array of str of shape (n,) or (n, 1)
            A list, an array, a series, or a frame of one column.
        y : None
            Not looked at.

        Returns
        -------
        SequenceEncoder
            Itself.

        Raises
        ------
        ValueError, TypeError
            With the entry, and the remedy.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> NDArray[np.float32]:
        """`fit`, and the features of the same texts.

        Parameters
        ----------
        X : array of str of shape (n,) or (n, 1)
        y : None
            Not looked at.

        Returns
        -------
        ndarray of float32 of shape (n, d)
        """
        if self.wild_type == "":
            raise ValueError("wild_type = '': must be letters; leave it out where texts are sequences")
        if self.wild_type is None and self.first_position != 1:
            raise ValueError(
                f"first_position = {self.first_position}: numbers the letters of a wild type; give "
                "wild_type"
            )
        record = _from_file(
            _listed(X, self.wild_type is not None),
            lambda path: _core.encode_text(path, self.get_params()),
        )
        self.encoding_: str = record["encoding"]
        self.remarks_ = tuple(record["remarks"])
        self._names: list[str] = record["names"]
        features: NDArray[np.float32] = record["X"]
        return features

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Features of texts, which have no letter at a position that `fit` has not seen there.

        Parameters
        ----------
        X : array of str of shape (n,) or (n, 1)

        Returns
        -------
        ndarray of float32 of shape (n, d)

        Raises
        ------
        ValueError, TypeError
            With the entry, and the remedy.
        """
        check_is_fitted(self, "encoding_")
        return _from_file(
            _listed(X, self.wild_type is not None),
            lambda path: _core.encoded_text(path, self.encoding_),
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names such as ``sequence[24]=A``; positions count from 1, or as the wild type's do.

        Parameters
        ----------
        input_features : None
            Not looked at.

        Returns
        -------
        ndarray of str of shape (d,)
        """
        check_is_fitted(self, "encoding_")
        return np.array(self._names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _from_file(texts: list[str], read: Callable[[str], _Result]) -> _Result:
    """What `read` makes of a file with these texts, which the library reads as it reads all others;
    refusals in terms of X."""
    lines = [json.dumps({"sequence": text}) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "X.jsonl")
        Path(path).write_text("\n".join([*lines, ""]), encoding="ascii")
        try:
            return read(path)
        except ValueError as refusal:
            raise ValueError(_told(str(refusal), path)) from None


def _told(message: str, path: str) -> str:
    """A message on the file's rows, which count from 1, as one on X."""
    if not message.startswith(f"{path}: "):  # on a parameter
        return message
    text = message[len(path) + 2 :]
    text = re.sub(r"\brow (\d+)", lambda row: f"X[{int(row[1]) - 1}]", text)
    text = re.sub(r"^(X\[\d+\]|)(?:, )?column sequence: ", lambda at: f"{at[1] or 'X'}: ", text)
    return text if text.startswith("X") else f"X: {text}"


def _listed(texts: Any, may_be_empty: bool) -> list[str]:
    if hasattr(texts, "columns") and hasattr(texts, "iloc"):  # of pandas
        texts = texts.to_numpy(dtype=object)
    array = np.asarray(plain(texts, "X"), dtype=object)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"X: must be one-dimensional, a text a row, not of shape {array.shape}")
    if not len(array):
        raise ValueError("X: must have a row at least")
    for i, text in enumerate(array):
        if not isinstance(text, str):
            raise TypeError(f"X[{i}] = {text!r}: must be text, not {type(text).__name__}")
        if not text and not may_be_empty:
            raise ValueError(f"X[{i}]: is empty; drop the row")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise ValueError(
                    f"X[{i}] = {text!a}: is no text, but half a character; decode it anew"
                ) from None
    return [str(text) for text in array]
