"""What evaluations and audits advise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._policy_results import Estimate


@dataclass(frozen=True)
class Recommendation:
    """The verdict on one reward.

    Attributes
    ----------
    beta : float or None
        The temperature to deploy at, in the unit of the reward; None: no safe temperature.
    admissible : tuple of float or None
        The lowest and the highest admissible temperature of the grid.
    gain : Estimate or None
        Of the recommended policy over the reference, KL paid; its interval holds for all policies
        of the evaluation at once.
    labels_to_halve : int or None
        So many more labels, of rows drawn from the recommended policy, would halve the interval of
        its value, roughly.
    limit : str
        Why the admissible temperatures end: grid_end, learning_cost, unreliable, gold_turned,
        not_learnable.
    verdict : str
        The same in plain sentences.
    """

    beta: float | None
    admissible: tuple[float, float] | None
    gain: Estimate | None
    labels_to_halve: int | None
    limit: str
    verdict: str

    @classmethod
    def _of(cls, advice: dict[str, Any]) -> Recommendation:
        found, gain = advice["admissible"], advice["gain"]
        return cls(
            advice["recommended_beta"],
            None if found is None else (found["low"], found["high"]),
            None if gain is None else Estimate._of(gain),
            advice["labels_to_halve"],
            advice["limit"],
            advice["verdict"],
        )


@dataclass(frozen=True)
class BestOfNRecommendation:
    """The verdict on best-of-n by one reward.

    Attributes
    ----------
    n : float or None
        Candidates to choose from; None: best-of-n gains for no n.
    largest : float or None
        The largest n that is safe.
    gain : Estimate or None
        Of the recommended n over the reference, KL not counted; its interval holds for all n of
        all rewards at once.
    limit : str
        Why n ends there, as that of `Recommendation`.
    verdict : str
        The same in plain sentences.
    """

    n: float | None
    largest: float | None
    gain: Estimate | None
    limit: str
    verdict: str

    @classmethod
    def _of(cls, advice: dict[str, Any]) -> BestOfNRecommendation:
        gain = advice["gain"]
        return cls(
            advice["recommended_n"],
            advice["largest_n"],
            None if gain is None else Estimate._of(gain),
            advice["limit"],
            advice["verdict"],
        )
