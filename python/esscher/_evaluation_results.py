"""What evaluations of learned rewards come to, as frozen results."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._policy_results import BestOfNValue, PolicyValue
from ._policy_text import choices, labelled, lines, temperatures
from ._recommendations import (
    Advice,
    BestOfNRecommendation,
    Forecast,
    Recommendation,
    TargetAnswer,
    name_of,
)
from ._optional import needed
from ._results import Reported, axes_of, draw_band, name_gain_axes, paragraphs_html, table_html

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
class Evaluation(Reported, Advice[RewardEvaluation]):
    """What the policies of learned rewards are worth on rows that these have not seen.

    A mapping, too, of names to rewards: ``evaluation["auto"]``, ``evaluation.items()``.

    Attributes
    ----------
    reward_sd : float
        Standard deviation of the rewards (within groups): the unit of temperatures.
    rewards : tuple of RewardEvaluation
        As asked for by `weights`, then uniform, then linear.
    recommended : str or None
        Name of the reward to deploy: that of the largest cautious gain among all, halfway between the
        lower end of the gain's interval and its estimate; None where no tilt is supported.
    recommended_best_of_n : str or None
        The same of best-of-n.
    target : TargetAnswer or None
        Which policies reach the target; None where none is asked for.
    remarks : tuple of str
        Plain sentences.
    """

    reward_sd: float
    rewards: tuple[RewardEvaluation, ...]
    recommended: str | None
    recommended_best_of_n: str | None
    target: TargetAnswer | None
    remarks: tuple[str, ...]

    @classmethod
    def _of(cls, text: str) -> Evaluation:
        record = json.loads(text)
        return cls(
            record["reward_sd"],
            tuple(RewardEvaluation._of(reward) for reward in record["rewards"]),
            name_of(record["recommendation"], "weights"),
            name_of(record["best_of_n_recommendation"], "weights"),
            TargetAnswer._of(record["target"]),
            (*record["data_remarks"], *record["remarks"]),
            _record=record,
            _json=text,
        )

    def to_frame(self) -> pandas.DataFrame:
        """One row a reward and temperature; needs pandas.

        Returns
        -------
        pandas.DataFrame
            The columns of the program's policies.csv. A weight_temperature of equal weights is
            infinite, where the file leaves it empty.
        """
        pandas = needed("pandas", "to_frame() needs")
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
            gains = [(p.beta, p.gain.value, p.gain.low, p.gain.high) for p in reward.policies]
            draw_band(ax, gains, reward.name)
        if self.recommendation.beta is not None:
            ax.axvline(self.recommendation.beta, color="0.5", linestyle=":")
        name_gain_axes(ax, "beta (unit of the reward)")
        ax.legend()
        return ax

    def __str__(self) -> str:
        text = [self._verdict()]
        for reward, record in zip(self.rewards, self._record["rewards"], strict=True):
            text += ["", f"{reward.name} (held-out correlation {reward.correlation:.3f})"]
            text += lines(temperatures(reward.policies)) + lines(labelled(record["policies"], "beta"))
            text.append(reward.recommendation.verdict)
            text += lines(choices(record)) + lines(labelled(record["best_of_n"], "n"))
            text.append(reward.best_of_n_recommendation.verdict)
        return "\n".join(text + ["", *self.remarks] if self.remarks else text)

    def _repr_html_(self) -> str:
        rows = temperatures(self._first(self.recommended).policies)
        return table_html(rows[0], rows[1:], self._verdict()) + paragraphs_html(self.remarks)

    def _all(self) -> tuple[RewardEvaluation, ...]:
        return self.rewards

    def _documented(self) -> tuple[Callable[..., Any], ...]:
        from ._estimator import TiltedRewardRegressor
        from ._evaluation import evaluate

        return TiltedRewardRegressor, evaluate

    def _verdict(self) -> str:
        text = f"{self._first(self.recommended).name}: {self.recommendation.verdict}"
        if self.recommended_best_of_n is None:
            text += " Best-of-n: by none of them."
        else:
            text += f" Best-of-n, {self.recommended_best_of_n}: " + (
                self.best_of_n_recommendation.verdict
            )
        return self._with_target(text)


def _row(reward: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    folds = sorted(t if t is not None else float("inf") for t in policy.get("weight_temperatures", ()))
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
        "noise_free_gain": policy.get("noise_free_gain"),
    }
