"""What given rewards' policies and weights come to, as frozen results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._results import Record, values_of


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated.

    Attributes
    ----------
    value : float
    standard_error : float or None
        0 where the value is exact; None where it is not known.
    low, high : float or None
        Ends of the 95 % interval: bootstrapped where there are replicates, else Student's.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None

    @classmethod
    def _of(cls, record: dict[str, Any]) -> Estimate:
        return cls(**values_of(cls, record))


def _estimates(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Estimate._of(part) if isinstance(part, dict) and "standard_error" in part else part
        for name, part in record.items()
    }


@dataclass(frozen=True)
class PolicyValue(Record):
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

    @classmethod
    def _of(cls, record: dict[str, Any]) -> PolicyValue:
        return cls(**values_of(cls, _estimates(record)), _record=record)


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


@dataclass(frozen=True)
class BestOfNValue(Record):
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

    @classmethod
    def _of(cls, record: dict[str, Any]) -> BestOfNValue:
        return cls(**values_of(cls, _estimates(record)), _record=record)


@dataclass(frozen=True)
class SmoothedWeights(Record):
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
