"""What given rewards' policies and weights come to, as frozen results."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._policy_text import figures, lines, temperatures
from ._optional import needed
from ._results import ByContent, Record, axes_of, draw_band, name_gain_axes, table_html

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated.

    Attributes
    ----------
    value : float
    standard_error : float or None
        0 where the value is exact; None where it is not known.
    low, high : float or None
        Ends of an interval: of 95 % by Student's law, or what the call that made it says, such as
        the bootstrapped one of `policy_value` at its `level`, or one that holds for all policies at
        once. Where some replicates ran out of rows it is Student's, of 95 %.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None

    @classmethod
    def _of(cls, record: dict[str, Any]) -> Estimate:
        one = _new(cls)
        values = one.__dict__
        values["value"] = record["value"]
        values["standard_error"] = record["standard_error"]
        values["low"] = record["low"]
        values["high"] = record["high"]
        return one


# Frozen classes set each field by a call of their own, which would be a third of a brief call: the
# library's records go into instances at once.
_new = object.__new__
_Value = TypeVar("_Value", bound="_PolicyRecord")
# By class the names of fields that are taken as they are, and of those that are estimates: fields()
# takes longer than a call.
_FIELDS: dict[type[Any], tuple[tuple[str, ...], tuple[str, ...]]] = {}


def _fields_of(cls: type[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = _FIELDS.get(cls)
    if found is None:
        own = [f for f in fields(cls) if not f.name.startswith("_")]
        estimates = tuple(f.name for f in own if f.type == "Estimate")
        found = _FIELDS[cls] = tuple(f.name for f in own if f.type != "Estimate"), estimates
    return found


@dataclass(frozen=True)
class _PolicyRecord(Record):
    """What one policy comes to."""

    @classmethod
    def _of(cls: type[_Value], record: dict[str, Any]) -> _Value:
        one = _new(cls)
        values = one.__dict__
        plain, estimates = _fields_of(cls)
        for name in plain:
            values[name] = record[name]
        for name in estimates:
            values[name] = Estimate._of(record[name])
        values["_record"] = record
        return one

    def to_frame(self) -> pandas.DataFrame:
        """One row, so that `pandas.concat` makes a table of several; needs pandas.

        Returns
        -------
        pandas.DataFrame
            Of an estimate four columns, such as gain, gain_se, gain_low and gain_high.
        """
        pandas = needed("pandas", "to_frame() needs")
        return pandas.DataFrame([self._row()])

    def _row(self) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Estimate):
                row[field.name] = value.value
                row[f"{field.name}_se"] = value.standard_error
                row[f"{field.name}_low"], row[f"{field.name}_high"] = value.low, value.high
            elif not field.name.startswith("_"):
                row[field.name] = value
        return row

    def _repr_html_(self) -> str:
        estimates = _fields_of(type(self))[1]
        shown = figures([(name, getattr(self, name)) for name in estimates])
        return table_html(shown[0], shown[1:], self._caption())

    def _caption(self) -> str:
        raise NotImplementedError


def _trust(reliable: bool, ess: float, remark: str) -> str:
    return f"{ess:.0f} effective rows" if reliable else f"not reliable: {remark}"


@dataclass(frozen=True)
class PolicyValue(_PolicyRecord):
    """What the policy tilted by a reward is worth; rewards in their unit, KL in nats.

    Attributes
    ----------
    beta : float
        Temperature of the tilt.
    gold : Estimate
        Mean of y under the policy.
    proxy : Estimate
        Mean of r under the policy, which is what the reward claims.
    kl : Estimate
        KL divergence of the policy from the reference.
    objective : Estimate
        gold - beta * kl
    reference : Estimate
        Mean of y under the reference.
    rise : Estimate
        gold - reference
    gain : Estimate
        objective - reference
    over_optimisation : Estimate
        Rise of r less rise of y.
    ess : float
        Effective rows.
    pareto_k : float or None
        Shape of the weights' tail; None where it is too short to tell.
    beyond : float
        Share of the policy's weight on scores above the highest of a row whose y is known: there
        predictions stand alone. 0 where every y is known.
    reliable : bool
    remark : str
        Why it is not reliable.
    """

    beta: float
    gold: Estimate
    proxy: Estimate
    kl: Estimate
    objective: Estimate
    reference: Estimate
    rise: Estimate
    gain: Estimate
    over_optimisation: Estimate
    ess: float
    pareto_k: float | None
    beyond: float
    reliable: bool
    remark: str

    def _caption(self) -> str:
        return f"beta = {self.beta:.4g}: {_trust(self.reliable, self.ess, self.remark)}"


@dataclass(frozen=True)
class AdmissibleTemperatures(Record):
    """Temperatures of a grid at which a reward may be deployed, as runs of neighbours on it.

    Attributes
    ----------
    gaining : tuple of (float, float)
        Lowest and highest temperature of each run in which the policy's gain is above 0 by the
        lower end of its interval, ascending.
    efficient : tuple of (float, float) or None
        Runs in which the policy has at least 1 - tolerance of the gain of the policy that y itself
        tilts; None unless the table is enumerated, as noise in y would feign that gain.
    gold_optimal_beta : float or None
        Where the mean of y under the policy is largest: below it, more optimisation earns less.
        None where no temperature is reliable.
    gold_optimal_at_end : bool
        It is the lowest reliable temperature: the turning point, if there is one, lies below.
    policies : tuple of PolicyValue
        In the order of the temperatures.
    """

    gaining: tuple[tuple[float, float], ...]
    efficient: tuple[tuple[float, float], ...] | None
    gold_optimal_beta: float | None
    gold_optimal_at_end: bool
    policies: tuple[PolicyValue, ...]

    @classmethod
    def _of(cls, record: dict[str, Any]) -> AdmissibleTemperatures:
        return cls(
            tuple(record["gaining"]),
            None if record["efficient"] is None else tuple(record["efficient"]),
            record["gold_optimal_beta"],
            record["gold_optimal_at_end"],
            tuple(PolicyValue._of(policy) for policy in record["policies"]),
            _record=record,
        )

    def to_frame(self) -> pandas.DataFrame:
        """One row a temperature, as of `PolicyValue.to_frame`; needs pandas.

        Returns
        -------
        pandas.DataFrame
        """
        pandas = needed("pandas", "to_frame() needs")
        return pandas.DataFrame([policy._row() for policy in self.policies])

    def plot(self, ax: matplotlib.axes.Axes | None = None) -> matplotlib.axes.Axes:
        """Gain over temperature, each with an interval of its own; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        ax = axes_of(ax)
        draw_band(ax, [(p.beta, p.gain.value, p.gain.low, p.gain.high) for p in self.policies])
        if self.gold_optimal_beta is not None:
            ax.axvline(self.gold_optimal_beta, color="0.5", linestyle=":")
        name_gain_axes(ax, "beta (unit of the reward)")
        return ax

    def __str__(self) -> str:
        return "\n".join([self._verdict(), *lines(temperatures(self.policies))])

    def _repr_html_(self) -> str:
        shown = temperatures(self.policies)
        return table_html(shown[0], shown[1:], self._verdict())

    def _verdict(self) -> str:
        if not self.gaining:
            return "No temperature gains for sure."
        runs = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in self.gaining)
        return f"Policies gain for sure at beta from {runs}."


@dataclass(frozen=True)
class BestOfNValue(_PolicyRecord):
    """What choosing the best of n draws by a reward is worth.

    Attributes
    ----------
    n : float
    gold, proxy, gain : Estimate
        Mean of y, mean of r, and gold - reference.
    kl : Estimate
        From the reference, on these rows, in nats; at most log n - (n - 1) / n.
    ess : float
        Effective rows.
    beyond : float
        As that of `PolicyValue`.
    reliable : bool
    remark : str
    """

    n: float
    gold: Estimate
    proxy: Estimate
    kl: Estimate
    gain: Estimate
    ess: float
    beyond: float
    reliable: bool
    remark: str

    def _caption(self) -> str:
        return f"best of {self.n:.4g}: {_trust(self.reliable, self.ess, self.remark)}"


@dataclass(frozen=True, eq=False)
class SmoothedWeights(ByContent, Record):
    """Pareto smoothed importance weights.

    Attributes
    ----------
    log_weights : ndarray of shape (n,)
        Smoothed; their exponentials sum to 1.
    k : float
        Shape of the tail; infinite where nothing was smoothed.
    threshold : float
        Above it an estimate from so many weights is not to be relied on.
    tail : int
        Weights that were replaced.
    ess : float
        Effective sample size of the raw weights.
    """

    log_weights: NDArray[np.float64]
    k: float
    threshold: float
    tail: int
    ess: float

    @property
    def reliable(self) -> bool:
        """Whether k is at most its threshold."""
        return self.k <= self.threshold
