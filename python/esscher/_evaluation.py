"""How low may beta go: rewards measured on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._arrays import checked_labels, features, labelled
from ._policy_results import BestOfNValue, PolicyValue
from ._policy_text import choices, interval_text, lines
from ._recommendations import BestOfNRecommendation, Forecast, Recommendation
from ._reference import at_rows, beside, like, refuse_without
from ._results import Record, axes_of, frozen, table_html

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas


@dataclass(frozen=True)
class RewardEvaluation:
    """One kind of reward over the temperatures.

    Attributes
    ----------
    name : str
        "auto", "uniform", "label", "surrogate", or "linear", the baseline.
    correlation : float
        Of held-out predictions with rewards, within groups where there are any.
    policies : tuple of PolicyValue
        In the order of the temperatures.
    best_of_n : tuple of BestOfNValue
        By the reward as deployed at the first temperature, over n. (Those at the KL of each policy
        are in `Evaluation.to_frame`.)
    recommendation : Recommendation
    best_of_n_recommendation : BestOfNRecommendation
    best_of_n_forecast : Forecast or None
        None where too few n can be told.
    """

    name: str
    correlation: float
    policies: tuple[PolicyValue, ...]
    best_of_n: tuple[BestOfNValue, ...]
    recommendation: Recommendation
    best_of_n_recommendation: BestOfNRecommendation
    best_of_n_forecast: Forecast | None

    @classmethod
    def _of(cls, record: dict[str, Any]) -> RewardEvaluation:
        return cls(
            record["name"],
            record["correlation"],
            tuple(PolicyValue._of(policy) for policy in record["policies"]),
            tuple(BestOfNValue._of(best) for best in record["best_of_n"]),
            Recommendation._of(record["advice"]),
            BestOfNRecommendation._of(record["best_of_n_advice"]),
            Forecast._of(record["best_of_n_forecast"]),
        )


@dataclass(frozen=True)
class Evaluation(Record):
    """What the policies of learned rewards are worth on rows that these have not seen.

    Attributes
    ----------
    reward_sd : float
        Standard deviation of the rewards (within groups): the unit of temperatures.
    rewards : tuple of RewardEvaluation
        As asked for by `weights`, then uniform, then linear.
    recommended : str or None
        Name of the reward to deploy: that of the best cautious gain among all; None where no tilt
        is supported.
    recommended_best_of_n : str or None
        The same of best-of-n.
    remarks : tuple of str
        Plain sentences.
    """

    reward_sd: float
    rewards: tuple[RewardEvaluation, ...]
    recommended: str | None
    recommended_best_of_n: str | None
    remarks: tuple[str, ...]

    @property
    def recommendation(self) -> Recommendation:
        """The verdict on the recommended reward or, where there is none, on the first."""
        return self._first(self.recommended).recommendation

    @property
    def best_of_n_recommendation(self) -> BestOfNRecommendation:
        """The same of best-of-n."""
        return self._first(self.recommended_best_of_n).best_of_n_recommendation

    def __getitem__(self, name: str) -> RewardEvaluation:
        """The reward of that name.

        Parameters
        ----------
        name : str

        Returns
        -------
        RewardEvaluation
        """
        for reward in self.rewards:
            if reward.name == name:
                return reward
        names = ", ".join(reward.name for reward in self.rewards)
        raise KeyError(f"{name}: there are {names}")

    def to_frame(self) -> pandas.DataFrame:
        """One row a reward and temperature; needs pandas.

        Returns
        -------
        pandas.DataFrame
            The columns of the program's policies.csv. A weight_temperature of equal weights is
            infinite, where the file leaves it empty.
        """
        import pandas

        return pandas.DataFrame(
            [_row(reward, policy) for reward in self._record["rewards"] for policy in
             reward["policies"]]
        )

    def plot(self, ax: matplotlib.axes.Axes | None = None) -> matplotlib.axes.Axes:
        """Gain over temperature, with intervals; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        ax = axes_of(ax)
        for reward in self.rewards:
            known = [p for p in reward.policies if p.gain.low is not None]
            beta = [p.beta for p in known]
            (line,) = ax.plot(beta, [p.gain.value for p in known], "o-", label=reward.name)
            ax.fill_between(
                beta,
                [p.gain.low for p in known if p.gain.low is not None],
                [p.gain.high for p in known if p.gain.high is not None],
                alpha=0.15,
                color=line.get_color(),
            )
        ax.axhline(0, color="0.5", linewidth=0.8)
        if self.recommendation.beta is not None:
            ax.axvline(self.recommendation.beta, color="0.5", linestyle=":")
        ax.set_xscale("log")
        ax.set_xlabel("beta (unit of the reward)")
        ax.set_ylabel("gain over the reference")
        ax.legend()
        return ax

    def __str__(self) -> str:
        text = [self._verdict()]
        for reward, record in zip(self.rewards, self._record["rewards"], strict=True):
            text += ["", f"{reward.name} (held-out correlation {reward.correlation:.3f})"]
            text += [*lines(_shown(reward)), *lines(choices(record))]
            text.append(reward.best_of_n_recommendation.verdict)
        return "\n".join(text)

    def _repr_html_(self) -> str:
        rows = _shown(self._first(self.recommended))
        return table_html(rows[0], rows[1:], self._verdict())

    def _first(self, recommended: str | None) -> RewardEvaluation:
        return self.rewards[0] if recommended is None else self[recommended]

    def _verdict(self) -> str:
        text = f"{self._first(self.recommended).name}: {self.recommendation.verdict}"
        if self.recommended_best_of_n is None:
            return text + " Best-of-n: by none of them."
        return text + f" Best-of-n, {self.recommended_best_of_n}: " + (
            self.best_of_n_recommendation.verdict
        )


def evaluate(
    X: Any,
    y: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    fold: ArrayLike | None = None,
    gold: ArrayLike | None = None,
    reference: Any = None,
    reference_groups: ArrayLike | None = None,
    reference_clusters: ArrayLike | None = None,
    reference_weight: ArrayLike | None = None,
    beta: str | float | ArrayLike = "auto",
    beta_unit: str = "reward",
    weights: str | list[str] = "auto",
    weight_temperature: str | float = "beta",
    feature_transform: str = "standardise",
    reward_transform: str = "none",
    rounds: int = 12,
    feature_temperature: str | float = "auto",
    landmarks: str | int = "auto",
    loss: str = "squared",
    penalty: str | float = "folds",
    folds: str | int = "auto",
    ceiling: bool = True,
    evaluation_folds: int = 5,
    enumerated: bool = False,
    bootstrap: int = 1000,
    alpha: float = 0.05,
    best_of: str | ArrayLike = "auto",
    noise: str | float = "replicates",
    seed: int = 1,
    threads: int = 0,
    progress: Callable[[str, int, int], object] | None = None,
) -> Evaluation:
    """How low may beta go: fits the reward without each of some folds, and values its policies there.

    Parameters
    ----------
    X : array or data frame of shape (n, d)
        Features. NumPy arrays of float32, float64 or whole numbers, of any strides, are read where
        they lie, as are data frames that hold one such array.
    y : array of shape (n,)
        Rewards.
    groups : array of shape (n,), optional
        Labels of any kind: candidates of one prompt share one. Only differences within a group
        count then.
    sample_weight : array of shape (n,), optional
        Prior importance of the rows; rows of weight 0 are left out.
    clusters : array of shape (n,), optional
        What stands and falls together without competing (a family, a batch): stays in one fold.
    fold : array of shape (n,), optional
        Labels of your own folds: each is held out in turn, and folds inside a fit keep it whole.
        Groups, clusters and rows of equal features must lie within one.
    gold : array of shape (n,), optional
        A second reward that is only evaluated; the verdict goes by it.
    reference : array or data frame of shape (m, d), optional
        Candidates without a reward, such as a library or a pool, of which the rows of X must be a
        random draw: policies go over all of them, so that stronger ones can be told. Copies of rows
        of X are recognised.
    reference_groups : array of shape (m,), optional
        Groups of those rows, where there are `groups`: candidates of one may come from both.
    reference_clusters : array, optional
        Clusters of those rows, where there are `clusters`.
    reference_weight : array of shape (m,), optional
        Prior importance of those rows.
    beta : "auto", float or sequence of float
        Deployment temperatures; auto: 4, and from 2 down to 1/16 in steps of sqrt 2, standard
        deviations of the reward.
    evaluation_folds : int
        Folds of the evaluation, where `fold` does not name them; groups and clusters stay whole.
    enumerated : bool
        The rows are the whole reference (every variant), not a sample of it: values are exact.
    bootstrap : int
        Replicates behind the intervals; 0: normal theory.
    alpha : float
        Chance, at most, that any lower end of a gain is promised too high, of all temperatures and
        rewards among which the recommendation picks; as much again for best-of-n.
    best_of : "auto" or sequence of float
        Candidates of best-of-n, each above 1, ascending; auto: 2, 4, 8, ... as far as it can be
        told.
    noise : "replicates" or float
        Standard deviation of the noise of one label, for gains that noise-free rewards could
        attain (``noise_free_gain`` of `Evaluation.to_frame`); replicates: as rows of equal
        features tell it, if there are any.
    seed : int
        Of all random numbers.
    threads : int
        0: all cores. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` on this thread.
    beta_unit, weights, weight_temperature, feature_transform, reward_transform, rounds, \
feature_temperature, landmarks, loss, penalty, folds, ceiling
        How the reward is learned: see `TiltedRewardRegressor`.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError, TypeError
        With the parameter, its value, what it must be, and the remedy.
    """
    parameters = dict(locals())
    for array in (
        "X", "y", "groups", "sample_weight", "clusters", "fold", "gold", "progress",
        "reference", "reference_groups", "reference_clusters", "reference_weight",
    ):
        del parameters[array]
    x = features(X)
    table = labelled(len(x), y, groups, sample_weight, clusters, gold, fold)
    more = None
    dense, dense_clusters = table.groups, table.clusters
    if reference is None:
        refuse_without(
            reference_groups=reference_groups,
            reference_clusters=reference_clusters,
            reference_weight=reference_weight,
        )
    else:
        pool = features(like(reference, X), "reference")
        rest = beside(
            len(pool),
            _kept_labels(groups, "groups", len(x), table.kept),
            _kept_labels(clusters, "clusters", len(x), table.kept),
            reference_groups,
            reference_clusters,
            reference_weight,
        )
        more = (at_rows(pool, rest.kept), rest.groups, rest.log_weights, rest.clusters)
        dense, dense_clusters = rest.table_groups, rest.table_clusters
    record = _core.evaluate(
        x,
        table.y,
        dense,
        table.log_weights,
        dense_clusters,
        table.kept,
        table.folds,
        table.fold_names,
        table.gold,
        more,
        parameters,
        progress,
    )
    return Evaluation(
        record["reward_sd"],
        tuple(RewardEvaluation._of(reward) for reward in record["rewards"]),
        record["recommended"],
        record["recommended_best_of_n"],
        tuple(record["remarks"]),
        _record=frozen(record),
    )


def _kept_labels(
    values: ArrayLike | None, name: str, rows: int, kept: NDArray[np.uint64] | None
) -> NDArray[Any] | None:
    return None if values is None else at_rows(checked_labels(values, name, rows), kept)


def _row(reward: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    folds = sorted(t if t is not None else float("inf") for t in policy["weight_temperatures"])
    best = policy["best_of_n"]
    return {
        "reward": reward["name"],
        "beta": policy["beta"],
        "beta_sd": policy["beta_sd"],
        "gold": policy["gold"]["value"],
        "gold_se": policy["gold"]["standard_error"],
        "rise": policy["rise"]["value"],
        "rise_se": policy["rise"]["standard_error"],
        "proxy": policy["proxy"]["value"],
        "proxy_se": policy["proxy"]["standard_error"],
        "kl": policy["kl"]["value"],
        "kl_se": policy["kl"]["standard_error"],
        "gain": policy["gain"]["value"],
        "gain_low": policy["gain"]["low"],
        "gain_high": policy["gain"]["high"],
        "attainable_gain": policy["attainable_gain"],
        "over_optimisation": policy["over_optimisation"]["value"],
        "over_optimisation_se": policy["over_optimisation"]["standard_error"],
        "ess": policy["ess"],
        "pareto_k": policy["pareto_k"],
        "reliable": policy["reliable"],
        "weight_temperature": folds[len(folds) // 2] if folds else None,
        "best_of_n": best["n"],
        "best_of_n_gold": best["gold"]["value"],
        "best_of_n_gold_se": best["gold"]["standard_error"],
        "noise_free_gain": policy["noise_free_gain"],
    }


def _shown(reward: RewardEvaluation) -> list[list[str]]:
    rows = [["beta", "gold", "proxy", "KL", "gain", "95 %", "ESS", "reliable"]]
    for policy in reward.policies:
        rows.append(
            [
                f"{policy.beta:.4g}",
                f"{policy.gold.value:.4g}",
                f"{policy.proxy.value:.4g}",
                f"{policy.kl.value:.3g}",
                f"{policy.gain.value:.4g}",
                interval_text(policy.gain.low, policy.gain.high),
                f"{policy.ess:.0f}",
                "yes" if policy.reliable else "no",
            ]
        )
    return rows
