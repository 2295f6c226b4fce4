"""What evaluations and audits advise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ._policy_results import Estimate
from ._optional import needed
from ._results import table_html

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Recommendation:
    """The verdict on one reward.

    Attributes
    ----------
    beta : float or None
        The temperature to deploy at, in the unit of the reward; None: no safe temperature. Of those
        that rows can tell, and whose gain is above 0 by the lower end of its interval, it is that of
        the largest cautious gain, halfway between that end and the estimate; of those within a
        thousandth of it the highest. So another may have a higher lower end, and a lower estimate.
    admissible : tuple of float or None
        The lowest and the highest admissible temperature of the grid.
    gain : Estimate or None
        Of the recommended policy over the reference, KL paid; its interval holds for all policies
        of the evaluation at once.
    labels_to_halve : int or None
        So many more labels of rows drawn from the recommended policy, averaged apart from the
        table's, would halve the interval of its value, roughly.
    limit : str
        Why the admissible temperatures end: grid_end, learning_cost, unreliable, gold_turned,
        not_learnable.
    verdict : str
        The same in plain sentences.
    told_by_labelled_rows : bool
        The gain is told from the labelled rows alone, which promise more than all rows do.
    """

    beta: float | None
    admissible: tuple[float, float] | None
    gain: Estimate | None
    labels_to_halve: int | None
    limit: str
    verdict: str
    told_by_labelled_rows: bool

    @classmethod
    def _of(cls, advice: dict[str, Any]) -> Recommendation:
        found, gain = advice["admissible"], advice.get("gain")
        return cls(
            advice["recommended_beta"],
            None if found is None else (found["low"], found["high"]),
            None if gain is None else Estimate._of(gain),
            advice["labels_to_halve"],
            advice["limit"],
            advice["verdict"],
            advice["told_by_labelled_rows"],
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
        points = record["points"]
        return cls(
            record["from_kl"],
            record["to_kl"],
            tuple(record["turning_kl"]),
            tuple(point["kl"] for point in points),
            tuple(point["n"] for point in points),
            tuple(point["interval"][0] for point in points),
            tuple(point["interval"][1] for point in points),
        )


@dataclass(frozen=True)
class BestOfNRecommendation:
    """The verdict on best-of-n by one reward.

    Attributes
    ----------
    n : float or None
        Candidates to choose from; None: best-of-n gains for no n. It is picked as is beta of
        `Recommendation`, by the largest cautious gain, and of nearly equal ones the smallest.
    largest : float or None
        The largest n that is safe.
    gain : Estimate or None
        Of the recommended n over the reference, KL not counted; its interval holds for all n of
        all rewards at once.
    limit : str
        Why n ends there, as that of `Recommendation`.
    verdict : str
        The same in plain sentences.
    told_by_labelled_rows : bool
        As that of `Recommendation`.
    """

    n: float | None
    largest: float | None
    gain: Estimate | None
    limit: str
    verdict: str
    told_by_labelled_rows: bool

    @classmethod
    def _of(cls, advice: dict[str, Any]) -> BestOfNRecommendation:
        gain = advice.get("gain")
        return cls(
            advice["recommended_n"],
            advice["largest_n"],
            None if gain is None else Estimate._of(gain),
            advice["limit"],
            advice["verdict"],
            advice["told_by_labelled_rows"],
        )


@dataclass(frozen=True)
class ReachingPolicy:
    """A policy whose true mean reaches a target.

    Attributes
    ----------
    name : str
        Of its reward, proxy or log-ratio.
    beta : float or None
        Of a tilt.
    n : float or None
        Of best-of-n.
    value : float
        Estimated mean of the gold reward.
    low : float
        Lower end of that, at or above the target.
    """

    name: str
    beta: float | None
    n: float | None
    value: float
    low: float


@dataclass(frozen=True)
class TargetAnswer:
    """Which policies have a true mean of at least a target.

    Attributes
    ----------
    value : float
        The target.
    policies : int
        Policies that were held against it.
    untold : int
        Those that could not be told: too few rows with a label where the policy goes.
    reached : tuple of ReachingPolicy
        Tilts in the order of temperatures, then best-of-n, then trained policies. That any of them
        lies below the target has a nominal chance of `alpha`.
    verdict : str
        The same in plain sentences.
    """

    value: float
    policies: int
    untold: int
    reached: tuple[ReachingPolicy, ...]
    verdict: str

    @classmethod
    def _of(cls, record: dict[str, Any] | None) -> TargetAnswer | None:
        if record is None:
            return None
        names = [each.name for each in fields(ReachingPolicy)]
        reached = tuple(
            ReachingPolicy(**{name: policy.get(name) for name in names})
            for policy in record["reached"]
        )
        return cls(**{**record, "reached": reached})

    def to_frame(self) -> pandas.DataFrame:
        """One row a policy that reaches the target; needs pandas.

        Returns
        -------
        pandas.DataFrame
            Columns name, beta, n, value and low.
        """
        pandas = needed("pandas", "to_frame() needs")
        columns = [each.name for each in fields(ReachingPolicy)]
        return pandas.DataFrame([asdict(policy) for policy in self.reached], columns=columns)

    def __str__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        rows = [
            [
                policy.name,
                "-" if policy.beta is None else f"{policy.beta:.4g}",
                "-" if policy.n is None else f"{policy.n:.4g}",
                f"{policy.value:.4g}",
                f"{policy.low:.4g}",
            ]
            for policy in self.reached
        ]
        return table_html(["policy", "beta", "n", "gold", "at least"], rows, self.verdict)


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


class _Advised(_Named, Protocol):
    @property
    def recommendation(self) -> Recommendation: ...
    @property
    def best_of_n_recommendation(self) -> BestOfNRecommendation: ...


One = TypeVar("One", bound=_Advised)


class Advice(Mapping[str, One]):
    """What evaluations and audits say alike of the rewards that they hold against each other, which
    they map by name."""

    recommended: str | None
    recommended_best_of_n: str | None
    target: TargetAnswer | None

    @property
    def recommendation(self) -> Recommendation:
        """The verdict on the recommended one or, where there is none, on the first.

        Recommended is the one of the largest cautious gain: halfway between the lower end of the
        gain's interval, which holds for all of them at once, and its estimate. By lower ends alone
        most of what low temperatures gain would be left, and by estimates alone the luckiest win.

        Raises
        ------
        LookupError, AttributeError
            In one, where an audit has no proxies.
        """
        return self._first(self.recommended).recommendation

    @property
    def best_of_n_recommendation(self) -> BestOfNRecommendation:
        """The same of best-of-n."""
        return self._first(self.recommended_best_of_n).best_of_n_recommendation

    def __getitem__(self, name: str) -> One:
        """The one of that name.

        Parameters
        ----------
        name : str

        Returns
        -------
        RewardEvaluation or ProxyAudit
        """
        return named(self._all(), name)

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return True  # a result is there, though it may hold trained policies alone

    def _all(self) -> tuple[One, ...]:
        raise NotImplementedError

    def _first(self, recommended: str | None) -> One:
        return self._all()[0] if recommended is None else self[recommended]

    def _with_target(self, verdict: str) -> str:
        return verdict if self.target is None else f"{verdict} {self.target}"


def name_of(advised: dict[str, Any] | None, name: str) -> str | None:
    """Of what a record recommends."""
    return None if advised is None else str(advised[name])
