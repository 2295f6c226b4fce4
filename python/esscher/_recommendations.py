"""What evaluations and audits advise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

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
class Forecast:
    """What best-of-n would come to beyond the n that rows can tell: an extrapolation.

    Attributes
    ----------
    from_kl, to_kl : float
        Of the points to whose rises d (a - b d) and d (a - b log d), d = sqrt(KL), were fitted.
    turning_kl : tuple of float or None
        Where the first form turns, and the other; None: never.
    kl, n : tuple of float
        From the last point on.
    low, high : tuple of float
        The rise there, from going on as before to standing still.
    """

    from_kl: float
    to_kl: float
    turning_kl: tuple[float | None, float | None]
    kl: tuple[float, ...]
    n: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def _of(cls, record: dict[str, Any] | None) -> Forecast | None:
        if record is None:
            return None
        columns = [
            tuple(point[name] for point in record["points"]) for name in ("kl", "n", "low", "high")
        ]
        return cls(record["from_kl"], record["to_kl"], tuple(record["turning_kl"]), *columns)


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


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Each = TypeVar("Each", bound=_Named)


def named(items: tuple[Each, ...], name: str) -> Each:
    """The one of that name."""
    for item in items:
        if item.name == name:
            return item
    names = ", ".join(item.name for item in items) or "none"
    raise KeyError(f"{name}: there are {names}")
