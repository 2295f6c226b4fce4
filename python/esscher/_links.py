"""Links: rewards as functions of one hidden direction, or a few."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._arrays import numbers


# Beyond, recurrences take long, and nobody has a use.
_MOST_ORDER = 1_000_000
# All finite numbers lie within it.
_LARGEST = sys.float_info.max


class Link:
    """A link f: the reward of an input x is f(<theta, x>). Made by `link`; immutable.

    Attributes
    ----------
    name : str
    formula : str
    directions : int
        Variables of f: 1, or up to 4.
    breaks : ndarray
        Where f or one of its derivatives may jump (one variable only).
    parity : str
        "none", "even" or "odd".
    least_beta : float
        The mean of exp(f / beta) is finite above this temperature: 0 for all, infinity for none.
    """

    __slots__ = ("_core", "_facts", "_text")

    def __init__(self, core: _core.Link, text: str | None) -> None:
        self._core = core
        self._text = text
        self._facts = core.facts()

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def formula(self) -> str:
        return str(self._facts["formula"])

    @property
    def directions(self) -> int:
        return self._core.directions

    @property
    def breaks(self) -> NDArray[np.float64]:
        return np.array(self._facts["breaks"], dtype=np.float64)

    @property
    def parity(self) -> str:
        return str(self._facts["parity"])

    @property
    def least_beta(self) -> float:
        return float(self._facts["least_beta"])

    def facts(self) -> dict[str, Any]:
        """All of the above, and a sentence on finiteness.

        Returns
        -------
        dict
        """
        return dict(self._facts)

    def __call__(self, z: ArrayLike) -> NDArray[np.float64]:
        """Values of the link.

        Parameters
        ----------
        z : array
            Of any shape; of a link of q > 1 variables of shape (..., q). Finite, or NaN.

        Returns
        -------
        ndarray of float64
            Of the shape of z; for q > 1 without its last axis. NaN where z, or one of its
            variables, is NaN.
        """
        at = np.ascontiguousarray(z, dtype=np.float64)
        shape = np.shape(z) if self.directions == 1 else np.shape(z)[:-1]
        if self.directions > 1 and np.shape(z)[-1:] != (self.directions,):
            raise ValueError(
                f"z: the last axis must hold the link's {self.directions} variables, not be of "
                f"shape {np.shape(z)}"
            )
        rows = at.reshape(-1, self.directions)
        if _core.first_unfit(rows.ravel(), _LARGEST, False) < 0:  # as NumPy would take longer
            return self._core.evaluate(rows).reshape(shape)
        _refuse_infinite(at, np.ndim(z))
        # Formulas take NaN for a place beside which they have a value.
        missing = np.isnan(rows)
        values = self._core.evaluate(np.where(missing, 0.0, rows))
        values[missing.any(axis=1)] = np.nan
        return values.reshape(shape)

    def __repr__(self) -> str:
        return f"esscher.link({self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._text is None:
            raise TypeError(
                f"{self!r} cannot be pickled: it holds a function; pickle that and call link again"
            )
        return (link, (self._text,))


def link(
    spec: str | Callable[[NDArray[np.float64]], Any] | Link,
    *,
    name: str | None = None,
    breaks: Sequence[float] | None = None,
) -> Link:
    """A link by name, as a formula, from a table, or a function of your own.

    Parameters
    ----------
    spec : str or callable
        "damped_hermite:3" (`links` lists the names), a formula in z ("tanh(z^3-3*z)") or in z1 to
        z4 ("z1*z2@clip:-2,2"), or "table:FILE.csv"; modifiers @clip:LO,HI, @scale:A, @shift:C.
        A callable takes a float64 array of shape (n,) and gives one of that shape, and must be
        finite on [-40, 40]. It is called from worker threads, one at a time; its breaks, growth and
        parity are found from about a million values, right in common cases but not proven. Within
        [-40, 40] piecewise polynomials then stand in for it, to 1e-14 of its size nearby.
    name : str, optional
        What messages call a callable; by default its own name.
    breaks : sequence of float, optional
        Of a callable, where it or a derivative may jump; by default they are searched for.

    Returns
    -------
    Link

    Examples
    --------
    >>> import esscher
    >>> float(esscher.link("hermite:2")(0.0))
    -0.7071067811865475
    """
    if isinstance(spec, Link):
        return spec
    if isinstance(spec, str):
        if name is not None or breaks is not None:
            raise TypeError("name, breaks: are for callables; formulas take @breaks:B1,B2")
        return Link(_core.parse_link(spec, "link"), spec)
    if not callable(spec):
        raise TypeError(f"link: must be text or a function, not {type(spec).__name__}")
    function = spec

    def vectorised(z: NDArray[np.float64]) -> NDArray[np.float64]:
        # Far out functions overflow, which the library looks at itself.
        with np.errstate(all="ignore"):
            return np.ascontiguousarray(function(z), dtype=np.float64)

    called = name if name is not None else getattr(function, "__name__", "function")
    if not isinstance(called, str):
        raise TypeError(f"name = {name!r}: must be text, not {type(name).__name__}")
    places = None if breaks is None else numbers(breaks, "breaks").tolist()
    return Link(_core.python_link(vectorised, called, places), None)


def _refuse_infinite(at: NDArray[np.float64], dimensions: int) -> None:
    """Where waves have no value, and crossings of formulas no end."""
    infinite = np.argwhere(np.isinf(at))
    if infinite.size:
        place = tuple(infinite[0])
        where = f"[{', '.join(map(str, place))}]" if dimensions else ""
        raise ValueError(
            f"z{where} = {at[place]}: must be finite, or NaN, which gives NaN; take a large number"
        )


def links() -> list[dict[str, str]]:
    """The links that have a name.

    Returns
    -------
    list of dict
        The keys ``name``, ``parameters``, ``formula``, ``remark`` and ``example``.
    """
    return _core.link_catalogue()


def hermite(order: int, z: ArrayLike) -> NDArray[np.float64]:
    """Normalised probabilists' Hermite polynomial He_k(z) / sqrt(k!), orthonormal under N(0, 1).

    Parameters
    ----------
    order : int
        k, from 0 to a million
    z : array
        Of any shape.

    Returns
    -------
    ndarray of float64
        Of the shape of z.
    """
    try:
        whole = operator.index(order)
    except TypeError:
        raise TypeError(
            f"order = {order!r}: must be a whole number, not {type(order).__name__}"
        ) from None
    if not 0 <= whole <= _MOST_ORDER:
        raise ValueError(f"order = {order}: must be from 0 to {_MOST_ORDER}")
    flat = numbers(np.ravel(z), "z")
    return _core.hermite(whole, flat).reshape(np.shape(z))
