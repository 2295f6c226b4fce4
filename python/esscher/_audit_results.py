"""What audits of given scores come to, as frozen results."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._audit_text import best_of_n_verdict, frame_row, tilt_verdict, trained
from ._policy_results import BestOfNValue, Estimate, PolicyValue
from ._policy_text import choices, labelled, lines, tilts
from ._recommendations import (
    Advice,
    BestOfNRecommendation,
    Forecast,
    Recommendation,
    TargetAnswer,
    name_of,
)
from ._optional import needed
from ._results import (
    ByContent,
    Reported,
    axes_of,
    draw_band,
    frozen,
    name_gain_axes,
    paragraphs_html,
    table_html,
    values_of,
)

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas


@dataclass(frozen=True, eq=False)
class Calibration(ByContent):
    """How gold rewards go with a proxy, in rows where both are known; arrays are a curve's points.

    Attributes
    ----------
    slope : Estimate
        Rise of the gold reward for one unit of the proxy, by least squares.
    tied : float
        Share of the rows whose proxy another row has, too (within groups where there are any).
    proxy : ndarray
        Means of the proxy over up to 20 sets of neighbouring rows, ascending; within groups about
        the group's mean.
    gold, gold_se : ndarray
        Means of the gold reward there, and their standard errors.
    isotonic : ndarray
        The gold reward that a rising curve through all points has there.
    rows : ndarray
        Rows of each set.
    """

    slope: Estimate
    tied: float
    proxy: NDArray[np.float64]
    gold: NDArray[np.float64]
    gold_se: NDArray[np.float64]
    isotonic: NDArray[np.float64]
    rows: NDArray[np.uint64]

    @classmethod
    def _of(cls, record: dict[str, Any]) -> Calibration:
        curve = record["curve"]

        def column(name: str) -> NDArray[np.float64]:
            return _column([point[name] for point in curve], np.float64)

        return cls(
            Estimate._of(record["slope"]),
            record["tied"],
            column("proxy"),
            _column([point["gold"]["value"] for point in curve], np.float64),
            _column([point["gold"]["standard_error"] for point in curve], np.float64),
            column("isotonic"),
            _column([point["rows"] for point in curve], np.uint64),
        )


@dataclass(frozen=True)
class ProxyAudit:
    """One proxy over temperatures and n; temperatures are those of the proxy as it is.

    Attributes
    ----------
    name : str
        "mean": the mean of several proxies, each in its standard deviations.
    unit : float
        What one unit of the proxy is taken to be worth in that of the gold reward, so that KL has a
        price: 1 where they are alike.
    sd : float
        Standard deviation of the proxy (within groups where there are any).
    correlation : float
        With the gold reward (within groups where there are any).
    calibration : Calibration
    policies : tuple of PolicyValue
        In the order of the temperatures; all but the temperatures in the gold reward's unit.
    best_of_n : tuple of BestOfNValue
    recommendation : Recommendation
        Its gain's interval holds for all temperatures of all proxies at once.
    best_of_n_recommendation : BestOfNRecommendation
    best_of_n_forecast : Forecast or None
        None where too few n can be told.
    """

    name: str
    unit: float
    sd: float
    correlation: float
    calibration: Calibration
    policies: tuple[PolicyValue, ...]
    best_of_n: tuple[BestOfNValue, ...]
    recommendation: Recommendation
    best_of_n_recommendation: BestOfNRecommendation
    best_of_n_forecast: Forecast | None

    @classmethod
    def _of(cls, record: dict[str, Any]) -> ProxyAudit:
        return cls(
            record["name"],
            record["unit"],
            record["sd"],
            record["correlation"],
            Calibration._of(record["calibration"]),
            tuple(PolicyValue._of(policy) for policy in record["policies"]),
            tuple(BestOfNValue._of(best) for best in record["best_of_n"]),
            Recommendation._of(record["advice"]),
            BestOfNRecommendation._of(record["best_of_n_advice"]),
            Forecast._of(record["best_of_n_forecast"]),
        )


@dataclass(frozen=True)
class PolicyAudit:
    """What a trained policy is worth.

    Attributes
    ----------
    name : str
    gold : Estimate
        Mean of the gold reward under the policy.
    rise : Estimate
        Over the reference; its interval holds for all trained policies at once.
    kl : Estimate
        From the reference, in nats.
    worth : float or None
        rise / kl: the policy pays where a nat costs less, in the gold reward's unit.
    mean_ratio : Estimate
        Mean of pi/pi_0 over the reference: 1 for log-ratios that are what they are said to be.
    ess : float
        Effective rows.
    pareto_k : float or None
        Shape of the weights' tail; None where it is too short to tell.
    reliable : bool
    remark : str
        Why it is not reliable.
    """

    name: str
    gold: Estimate
    rise: Estimate
    kl: Estimate
    worth: float | None
    mean_ratio: Estimate
    ess: float
    pareto_k: float | None
    reliable: bool
    remark: str

    @classmethod
    def _of(cls, record: dict[str, Any]) -> PolicyAudit:
        values = values_of(cls, record)
        for name in ("gold", "kl", "mean_ratio"):
            values[name] = Estimate._of(record[name])
        rise = record["rise"]
        values["rise"] = Estimate(
            rise["value"],
            rise["standard_error"],
            *rise["simultaneous_interval"],
        )
        return cls(**values)


class _NoProxyError(LookupError, AttributeError):
    """There is no proxy to tell of. For hasattr() and getattr() that is no attribute."""


@dataclass(frozen=True)
class Audit(Reported, Advice[ProxyAudit]):
    """What policies tilted by given scores are worth, best-of-n by them, and trained policies.

    A mapping, too, of names to proxies: ``audit["judge"]``, ``"judge" in audit``, ``audit.items()``.

    Attributes
    ----------
    proxies : tuple of ProxyAudit
        As given, then their mean where there are several.
    policies : tuple of PolicyAudit
        Trained policies, as given by `log_ratio`.
    recommended : str or None
        Name of the proxy to tilt by: that of the largest cautious gain among all, halfway between the
        lower end of the gain's interval and its estimate; None where no tilt is supported.
    recommended_best_of_n : str or None
        The same of best-of-n.
    target : TargetAnswer or None
        Which policies reach the target; None where none is asked for.
    gold_sd : float
        Standard deviation of the gold reward (within groups where there are any).
    rows, known : int
        Rows, and those with a gold reward.
    remarks : tuple of str
        Plain sentences.
    """

    proxies: tuple[ProxyAudit, ...]
    policies: tuple[PolicyAudit, ...]
    recommended: str | None
    recommended_best_of_n: str | None
    target: TargetAnswer | None
    gold_sd: float
    rows: int
    known: int
    remarks: tuple[str, ...]

    @classmethod
    def _of(cls, text: str) -> Audit:
        record = json.loads(text)
        return cls(
            tuple(ProxyAudit._of(each) for each in record["rewards"]),
            tuple(PolicyAudit._of(each) for each in record["policies"]),
            name_of(record["recommendation"], "proxy"),
            name_of(record["best_of_n_recommendation"], "proxy"),
            TargetAnswer._of(record["target"]),
            record["reward_sd"],
            record["rows"],
            record["known"],
            (*record["data_remarks"], *record["remarks"]),
            _record=record,
            _json=text,
        )

    def to_frame(self) -> pandas.DataFrame:
        """One row a proxy and temperature or n, and a trained policy; needs pandas.

        Returns
        -------
        pandas.DataFrame
            The columns of the program's policies.csv; gain_low and gain_high hold for all at once.
        """
        pandas = needed("pandas", "to_frame() needs")
        rows = []
        for proxy in self._record["rewards"]:
            rows += [frame_row(proxy["name"], "tilt", policy) for policy in proxy["policies"]]
            rows += [frame_row(proxy["name"], "best_of_n", best) for best in proxy["best_of_n"]]
        rows += [frame_row(policy["name"], "policy", policy) for policy in self._record["policies"]]
        return pandas.DataFrame(rows)

    def plot(self, ax: matplotlib.axes.Axes | None = None) -> matplotlib.axes.Axes:
        """Gain over temperature, with intervals that hold for all at once; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        ax = axes_of(ax)
        for proxy in self._record["rewards"]:
            # Proxies of other units have one axis only so.
            gains = [
                (p["beta_sd"], p["gain"]["value"], *p["gain"]["simultaneous_interval"])
                for p in proxy["policies"]
            ]
            line = draw_band(ax, gains, proxy["name"])
            if proxy["name"] == self.recommended:
                recommended = proxy["advice"]["recommended_beta"] * proxy["unit"] / self.gold_sd
                ax.axvline(recommended, color=line.get_color(), linestyle=":")
        name_gain_axes(ax, "beta (standard deviations of the gold reward)")
        if self.proxies:
            ax.legend()
        return ax

    def __str__(self) -> str:
        text = [self._verdict()]
        for proxy, record in zip(self.proxies, self._record["rewards"], strict=True):
            text += ["", f"{proxy.name} (correlation with gold {proxy.correlation:.3f})"]
            text += lines(tilts(record)) + lines(labelled(record["policies"], "beta"))
            text.append(proxy.recommendation.verdict)
            text += lines(choices(record)) + lines(labelled(record["best_of_n"], "n"))
            text.append(proxy.best_of_n_recommendation.verdict)
        if self.policies:
            text += ["", "trained policies", *lines(trained(self.policies))]
        return "\n".join(text + ["", *self.remarks] if self.remarks else text)

    def _repr_html_(self) -> str:
        if self.proxies:
            at = self.proxies.index(self._first(self.recommended))
            rows = tilts(self._record["rewards"][at])
        else:
            rows = trained(self.policies)
        return table_html(rows[0], rows[1:], self._verdict()) + paragraphs_html(self.remarks)

    def _all(self) -> tuple[ProxyAudit, ...]:
        return self.proxies

    def _documented(self) -> tuple[Callable[..., Any], ...]:
        from ._audit import audit

        return (audit,)

    def _first(self, recommended: str | None) -> ProxyAudit:
        if not self.proxies:
            raise _NoProxyError("no proxy was audited; trained policies are in policies")
        return super()._first(recommended)

    def _verdict(self) -> str:
        text = f"{len(self.policies)} trained policies"
        if self.proxies:
            text = tilt_verdict(self) + " " + best_of_n_verdict(self)
        return self._with_target(text)


def _column(values: list[Any], kind: type[Any]) -> NDArray[Any]:
    array: NDArray[Any] = frozen(np.array(values, dtype=kind))
    return array
