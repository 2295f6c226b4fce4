"""What theory says about a link."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._calls import call_of
from ._links import Link, link as as_link
from ._optional import needed
from ._results import ByContent, Reported, frozen, table_html

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Theory(ByContent, Reported):
    """What exponential reward weighting does to a link; rewards in their unit, KL in nats.

    The arrays have an entry for each temperature of `beta`. `to_dict` tells everything, error
    estimates and signals of all orders among them.

    Attributes
    ----------
    link, noise : str
    information_exponent, generative_exponent : int or None
        What plain regression, and the best label transform, sees of the hidden direction; None
        where no order that was looked at shows it.
    hermite : ndarray of shape (max_order + 1,)
        Coefficients E[f h_k].
    lambda_squared : ndarray of shape (max_order + 1,)
        E[E[h_k | Y]^2] of the noisy label.
    best_beta1 : float or None
        The feature temperature that keeps most of the signal of the label transform y e^{y/beta1}.
    dead_beta1 : ndarray
        Those at which that weighting hides the direction, descending.
    beta : ndarray
        Deployment temperatures.
    optimal_value, mean_reward, kl : ndarrays
        Of the optimal policy: J* = E r - beta KL, E r, KL.
    ess_fraction : ndarray
        Effective share of reference samples; 0 in the limit where chi-square is infinite.
    learned_value, learned_efficiency : ndarray or None
        J and efficiency of the learned reward's policy (1 optimal, 0 useless, negative
        over-optimised); NaN where the true reward is constant.
    remarks : tuple of str
        What could not be computed, and why.
    """

    link: str
    noise: str
    information_exponent: int | None
    generative_exponent: int | None
    hermite: NDArray[np.float64]
    lambda_squared: NDArray[np.float64]
    best_beta1: float | None
    dead_beta1: NDArray[np.float64]
    beta: NDArray[np.float64]
    optimal_value: NDArray[np.float64]
    mean_reward: NDArray[np.float64]
    kl: NDArray[np.float64]
    ess_fraction: NDArray[np.float64]
    learned_value: NDArray[np.float64] | None
    learned_efficiency: NDArray[np.float64] | None
    remarks: tuple[str, ...]

    @classmethod
    def _of(cls, text: str) -> Theory:
        record = json.loads(text)
        exponents, rows = record["exponents"], record["temperatures"]
        weighting: dict[str, Any] = next(
            (t for t in record["feature_temperatures"] or () if t["transform"] == "label_exp"),
            {"best_beta": None, "dead": []},
        )
        learned = [row["learned"] for row in rows if "learned" in row]

        def column(name: str, missing: float = np.nan) -> NDArray[np.float64]:
            return _numbers((row[name] for row in rows), missing)

        return cls(
            record["options"]["link"],
            record["options"]["noise"],
            exponents["information_exponent"],
            exponents["generative_exponent"],
            _numbers(exponents["hermite"]),
            _numbers(exponents["lambda_squared"]),
            weighting["best_beta"],
            _numbers(zero["beta"] for zero in weighting["dead"]),
            column("beta"),
            column("optimal_value"),
            column("mean_reward"),
            column("kl"),
            column("ess_fraction", 0.0),
            _numbers(value["value"] for value in learned) if learned else None,
            _numbers(value["efficiency"] for value in learned) if learned else None,
            tuple(record["remarks"]),
            _record=record,
            _json=text,
        )

    def to_frame(self) -> pandas.DataFrame:
        """One row a temperature; needs pandas.

        Returns
        -------
        pandas.DataFrame
        """
        pandas = needed("pandas", "to_frame() needs")
        skip = {"signal", "best_of_n", "learned"}
        rows = []
        for row in self._record["temperatures"]:
            flat = {key: value for key, value in row.items() if key not in skip}
            for part in ("best_of_n", "learned"):
                flat |= {f"{part}_{key}": value for key, value in (row.get(part) or {}).items()}
            rows.append(flat)
        return pandas.DataFrame(rows)

    def _documented(self) -> tuple[Callable[..., Any], ...]:
        return (theory,)

    def _repr_html_(self) -> str:
        rows = [
            [f"{b:.4g}", f"{j:.6g}", f"{m:.6g}", f"{k:.4g}", f"{e:.3g}"]
            for b, j, m, k, e in zip(
                self.beta,
                self.optimal_value,
                self.mean_reward,
                self.kl,
                self.ess_fraction,
                strict=True,
            )
        ]
        caption = (
            f"{self.link}: information exponent {self.information_exponent}, generative exponent "
            f"{self.generative_exponent}"
        )
        return table_html(["beta", "J*", "E r", "KL", "ESS share"], rows, caption)


def theory(
    link: str | Link | Callable[[NDArray[np.float64]], Any],
    *,
    noise: str = "none",
    beta: float | ArrayLike | str | None = None,
    max_order: int = 12,
    learned: str | Link | Callable[[NDArray[np.float64]], Any] | None = None,
    overlap: float = 1.0,
) -> Theory:
    """Exponents, feature temperatures and the exact tilted policy of a link.

    Parameters
    ----------
    link : str, Link or callable
        As `esscher.link` takes it; of one variable.
    noise : str
        Of the label: "none", "gaussian:TAU", "uniform:TAU" or "rademacher:TAU".
    beta : float or sequence, optional
        Temperatures; by default 8 to 0.125 in steps of sqrt 2, where they are finite.
    max_order : int
        Highest Hermite order, 1 to 64.
    learned : str, Link or callable, optional
        A learned reward of one direction, whose policy is valued by the true one.
    overlap : float
        Cosine of the learned direction and the true one.

    Returns
    -------
    Theory
    """
    given = dict(locals()) | {
        "link": as_link(link),
        "learned": None if learned is None else as_link(learned),
    }
    parameters = {
        name: value._core if isinstance(value, Link) else value for name, value in given.items()
    }
    return Theory._of(_core.theory(parameters, call_of(theory, given)))


def _numbers(values: Iterable[float | None], missing: float = np.nan) -> NDArray[np.float64]:
    array: NDArray[np.float64] = frozen(
        np.array([missing if value is None else value for value in values], dtype=np.float64)
    )
    return array
