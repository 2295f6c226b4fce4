"""What frozen results have in common."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from . import _core
from ._calls import described
from ._optional import needed


def frozen(value: Any) -> Any:
    """`value` with its arrays made read-only, in place."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, dict):
        for part in value.values():
            frozen(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            frozen(part)
    return value


def plain(value: Any) -> Any:
    """`value` with arrays as lists: what `json.dumps` takes."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


class ByContent:
    """Of dataclasses with arrays, which as they come cannot be told equal: ``==`` goes by what the
    fields hold, where NaN is equal to NaN. Such a class takes ``eq=False`` and has this one first.
    """

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(
            _same(getattr(self, f.name), getattr(other, f.name))
            for f in fields(self)  # type: ignore[arg-type]
            if f.compare
        )

    def __hash__(self) -> int:
        # Equal arrays may have other bits, such as those of 0 and -0; they have one shape.
        values = [getattr(self, f.name) for f in fields(self) if f.compare]  # type: ignore[arg-type]
        return hash(tuple(v.shape if isinstance(v, np.ndarray) else v for v in values))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(frozen(state))  # copies and pickles of arrays are writable


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    return bool(one == other)


@dataclass(frozen=True)
class Record:
    """A frozen result that keeps all that the library told."""

    _record: dict[str, Any] = field(repr=False, compare=False, kw_only=True)

    def to_dict(self, *, arrays: bool = True) -> dict[str, Any]:
        """Everything, as nested dictionaries.

        Numbers of rows, such as most_row of replicates, count from 0, as in X: ``X[most_row]``. The
        command's own results count them from 1, as in its file.

        Parameters
        ----------
        arrays : bool
            Keep arrays as they are; else they become lists, for `json.dumps`.

        Returns
        -------
        dict
            A copy.
        """
        if arrays:
            return copy.deepcopy(self._record)
        result: dict[str, Any] = plain(self._record)
        return result


@dataclass(frozen=True)
class Reported(Record):
    """A result that has a page."""

    _json: str = field(repr=False, compare=False, kw_only=True)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes a page to look at, the command's: one HTML file with charts, numbers and options.

        It opens from disk, without a network.

        Parameters
        ----------
        path : path-like
            It appears when it is whole.

        Raises
        ------
        OSError
            Where it cannot be written.
        """
        words: dict[str, str] = {}
        for function in self._documented():
            words |= described(function)
        _core.write_page(os.fspath(path), self._json, words)

    def _documented(self) -> tuple[Callable[..., Any], ...]:
        """What says what the parameters mean; later ones go before earlier."""
        raise NotImplementedError


_FIELDS: dict[type[Any], frozenset[str]] = {}  # names, by class: fields() takes longer than a call


def values_of(cls: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    """The entries of `record` that are fields of `cls`."""
    names = _FIELDS.get(cls)
    if names is None:
        names = _FIELDS[cls] = frozenset(f.name for f in fields(cls))
    return {name: value for name, value in record.items() if name in names}


def table_html(headings: list[str], rows: list[list[str]], caption: str) -> str:
    """A plain HTML table."""
    from html import escape

    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def paragraphs_html(sentences: Iterable[str]) -> str:
    """One each, as HTML."""
    from html import escape

    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def axes_of(ax: Any) -> Any:
    """`ax`, or those of a new figure where it is None; needs matplotlib."""
    if ax is not None:
        return ax
    return needed("matplotlib.pyplot", "plot() needs").subplots()[1]


def draw_band(
    ax: Any, points: list[tuple[float, float, float | None, float | None]], label: str | None = None
) -> Any:
    """A line through the points (x, value, low, high) that have an interval, and the band of these."""
    known = sorted(point for point in points if point[2] is not None and point[3] is not None)
    x, value, low, high = zip(*known, strict=True) if known else ((), (), (), ())
    (line,) = ax.plot(x, value, "o-", label=label)
    ax.fill_between(x, low, high, alpha=0.15, color=line.get_color())
    return line


def name_gain_axes(ax: Any, x: str) -> None:
    """Gains over temperatures, on a logarithmic axis, and where nothing is gained."""
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_xlabel(x)
    ax.set_ylabel("gain over the reference")
