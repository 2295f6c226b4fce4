"""Reward models for exponentially tilted policies.

A learned reward is not only predicted with, it is exponentiated: the deployed policy is
``pi(x) ~ pi_0(x) exp(r(x) / beta)``. This package learns rewards from arrays and data frames for
such policies, measures how low the temperature ``beta`` may go, reweights and draws candidates,
and computes the theory of it. Everything is done by one C++ library, with the same bits as the
command ``esscher``, which comes with the package.

Rewards from tables
    `TiltedRewardRegressor` (scikit-learn), `evaluate`, `load_reward`
Files and sequences
    `read`, `SequenceEncoder`
Given scores, held against true rewards
    `audit`
Given rewards
    `tilt`, `resample`, `best_of_n`, `soft_best_of_n`, `policy_value`, `best_of_n_value`,
    `admissible_temperatures`, `pareto_smooth`
Theory and simulation
    `link`, `links`, `theory`, `simulate`, `load_simulated`, `hermite`

Rewards and temperatures have the unit of the rewards given; KL divergences are in nats.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._audit import audit
from ._audit_results import Audit, Calibration, PolicyAudit, ProxyAudit
from ._evaluation import evaluate
from ._evaluation_results import Evaluation, RewardEvaluation
from ._links import Link, hermite, link, links
from ._policies import (
    admissible_temperatures,
    best_of_n,
    best_of_n_value,
    pareto_smooth,
    policy_value,
    resample,
    soft_best_of_n,
    tilt,
)
from ._policy_results import (
    AdmissibleTemperatures,
    BestOfNValue,
    Estimate,
    PolicyValue,
    SmoothedWeights,
)
from ._reading import Table, read
from ._recommendations import (
    BestOfNRecommendation,
    Forecast,
    ReachingPolicy,
    Recommendation,
    TargetAnswer,
)
from ._simulation import SimulatedReward, Simulation, load_simulated, simulate
from ._theory import Theory, theory
from ._version import __version__, build_info

if TYPE_CHECKING:
    from ._estimator import TiltedRewardRegressor, load_reward
    from ._sequences import SequenceEncoder

__all__ = [
    "AdmissibleTemperatures",
    "Audit",
    "BestOfNRecommendation",
    "BestOfNValue",
    "Calibration",
    "Estimate",
    "Evaluation",
    "Forecast",
    "Link",
    "PolicyAudit",
    "PolicyValue",
    "ProxyAudit",
    "ReachingPolicy",
    "Recommendation",
    "RewardEvaluation",
    "SequenceEncoder",
    "SimulatedReward",
    "Simulation",
    "SmoothedWeights",
    "Table",
    "TargetAnswer",
    "Theory",
    "TiltedRewardRegressor",
    "__version__",
    "admissible_temperatures",
    "audit",
    "best_of_n",
    "best_of_n_value",
    "build_info",
    "evaluate",
    "hermite",
    "link",
    "links",
    "load_reward",
    "load_simulated",
    "pareto_smooth",
    "policy_value",
    "read",
    "resample",
    "simulate",
    "soft_best_of_n",
    "theory",
    "tilt",
]


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import, which theory has no use for.
    if name in ("TiltedRewardRegressor", "load_reward"):
        return getattr(import_module("._estimator", __name__), name)
    if name == "SequenceEncoder":
        return import_module("._sequences", __name__).SequenceEncoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
