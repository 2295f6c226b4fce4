"""The whole two-stage system, simulated in any dimension."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._calls import call_of
from ._links import Link, link as as_link
from ._optional import needed
from ._results import ByContent, Reported, frozen
from ._saved import existing, of_bytes, to_bytes

if TYPE_CHECKING:
    import pandas

Progress = Callable[[str, int, int], object]


class SimulatedReward:
    """A reward model of a simulation: a first layer and the readouts fitted on it."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.RewardModel) -> None:
        self._core = core

    @property
    def heads(self) -> list[tuple[str, float | None]]:
        """Weights of each readout, and their temperature (None: equal weights)."""
        return self._core.heads

    def sample(
        self,
        beta: float,
        size: int,
        *,
        weights: str = "auto",
        weight_temperature: float | None = None,
        seed: int = 1,
        threads: int = 0,
        progress: Progress | None = None,
    ) -> NDArray[np.float64]:
        """Draws from the policy that the reward tilts.

        Parameters
        ----------
        beta : float
            Temperature of the policy.
        size : int
            Rows to draw.
        weights : str
            Which readout: "auto", "uniform", "label", "surrogate" or "oracle".
        weight_temperature : float, optional
            At which that readout was fitted; by default `beta`.
        seed : int
            Of all random numbers.
        threads : int
            0: all cores. Draws do not depend on it.
        progress : callable, optional
            Called as ``progress(stage, done, total)`` on this thread.

        Returns
        -------
        ndarray of shape (size, d)
            Hidden directions are the first coordinates.
        """
        parameters = {
            "beta": beta,
            "size": size,
            "weights": weights,
            "weight_temperature": weight_temperature,
            "seed": seed,
            "threads": threads,
        }
        return _core.sample(self._core, parameters, progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a .safetensors file, which ``esscher sample`` reads.

        Parameters
        ----------
        path : path-like
            It appears when it is whole.
        """
        self._core.save(os.fspath(path))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SimulatedReward):
            return NotImplemented
        return self._core is other._core or to_bytes(self._core) == to_bytes(other._core)

    def __hash__(self) -> int:
        return hash(tuple(self.heads))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_of_saved, (to_bytes(self._core),))


def _of_saved(saved: bytes) -> SimulatedReward:
    return SimulatedReward(of_bytes(saved, _core.RewardModel.load))


def load_simulated(path: str | os.PathLike[str]) -> SimulatedReward:
    """A reward model that ``esscher simulate`` or `SimulatedReward.save` wrote.

    Parameters
    ----------
    path : path-like
        A .safetensors file.

    Returns
    -------
    SimulatedReward

    Raises
    ------
    OSError
        Where the file cannot be read; `FileNotFoundError` where there is none.
    """
    return SimulatedReward(_core.RewardModel.load(existing(path)))


@dataclass(frozen=True, eq=False)
class Simulation(ByContent, Reported):
    """What became of a simulation. `to_dict` tells everything.

    Attributes
    ----------
    status : str
        "completed".
    engine : str
        How stage 1 was simulated.
    feature_temperature : float or None
        beta1 in use; None without weights.
    samples, overlap_quantiles : ndarrays of shape (t,) and (t, 7)
        The trajectory of stage 1: samples seen, and quantiles of ``|<w_j, theta*>|`` over the neurons
        at the levels 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.
    overlaps : ndarray of shape (width,)
        ``<w_j, theta*>`` of the layer that stage 2 gets.
    reward : SimulatedReward
        The trained model.
    remarks : tuple of str
    """

    status: str
    engine: str
    feature_temperature: float | None
    samples: NDArray[np.uint64]
    overlap_quantiles: NDArray[np.float64]
    overlaps: NDArray[np.float64]
    reward: SimulatedReward
    remarks: tuple[str, ...]

    @classmethod
    def _of(cls, text: str, reward: SimulatedReward) -> Simulation:
        record = json.loads(text)
        features = record["features"]
        trajectory = features["trajectory"]
        return cls(
            record["status"],
            features["engine"],
            record["plan"]["feature_temperature"],
            frozen(np.array([point["samples"] for point in trajectory], dtype=np.uint64)),
            frozen(np.array([point["quantiles"] for point in trajectory]).reshape(-1, 7)),
            frozen(np.array(features["overlaps"])),
            reward,
            tuple(record["remarks"]),
            _record=record,
            _json=text,
        )

    def to_frame(self) -> pandas.DataFrame:
        """One row a kind of weights and temperature; needs pandas.

        Returns
        -------
        pandas.DataFrame
        """
        pandas = needed("pandas", "to_frame() needs")
        rows = []
        for policy in self._record["policies"]:
            row = {"weights": policy["weights"], "beta": policy["beta"]}
            for name, value in (policy["policy"] or {}).items():
                if name == "temperatures":  # steps on the way of a method
                    continue
                if isinstance(value, dict):
                    row |= {name: value["value"], f"{name}_se": value["standard_error"]}
                else:
                    row[name] = value
            row["predicted_efficiency"] = (policy["predicted"] or {}).get("efficiency")
            rows.append(row)
        return pandas.DataFrame(rows)

    def admissible(self, weights: str) -> list[tuple[float, float]]:
        """Temperatures of the grid at which such weights' efficiency is at least 1 - tolerance.

        Parameters
        ----------
        weights : str
            A kind of weights of `simulate`.

        Returns
        -------
        list of (float, float)
            Runs of neighbouring temperatures, lowest and highest, ascending.
        """
        for summary in self._record["temperatures"]:
            if summary["weights"] == weights:
                return [(run["low"], run["high"]) for run in summary["measured"]["efficient"]]
        names = ", ".join(summary["weights"] for summary in self._record["temperatures"])
        raise KeyError(f"{weights}: there are {names}")

    def _documented(self) -> tuple[Callable[..., Any], ...]:
        return (simulate,)


def simulate(
    link: str | Link | Callable[[NDArray[np.float64]], Any],
    *,
    noise: str = "none",
    dim: int = 1000,
    width: int = 256,
    activation: str = "relu",
    weighting: str = "label_exp",
    feature_temperature: str | float = "auto",
    label_clip: tuple[float, float] | None = None,
    engine: str = "auto",
    schedule: str = "one_pass",
    epochs: int = 1,
    batch: str | int = "auto",
    step_scale: float = 0.3,
    step_size: str | float = "auto",
    cooldown: float = 0.5,
    feature_samples: str | int = "auto",
    start: str = "random",
    feature_biases: str = "normal",
    use_all_samples: bool = False,
    control: bool = False,
    refine: bool = True,
    refine_samples: str | int = "auto",
    readout_samples: int = 20000,
    readout_bias_range: str | float = 3.0,
    weights: str | Sequence[str] = ("auto", "uniform", "label", "surrogate", "oracle"),
    beta: float | ArrayLike | str = "0.1:2:log9",
    penalty: str | float = "shared",
    pilot_folds: int = 5,
    policy_method: str = "auto",
    policy_samples: int = 65536,
    tolerance: float = 0.2,
    seed: int = 1,
    threads: int = 0,
    progress: Progress | None = None,
) -> Simulation:
    """Features learned from exponentially weighted samples, readouts, policies, temperatures.

    Ctrl-C stops it within a second.

    Parameters
    ----------
    link : str, Link or callable
        The reward along its hidden directions, as `esscher.link` takes it.
    noise : str
        Of the label: "none", "gaussian:TAU", "uniform:TAU" or "rademacher:TAU".
    dim : int
        Input dimension d, 2 to 1e15.
    width : int
        Neurons of the first layer.
    activation : str
        "relu", "tanh", "erf", "softplus", "hermite:K", or "mixture:K": each neuron its own random
        polynomial of degree K.
    weighting : str
        How stage 1 weights the label y: "label_exp" y e^{y/beta1}, "exp" e^{y/beta1}, "centred"
        (y - c) e^{y/beta1}, or "none".
    feature_temperature : "auto", "none" or float
        beta1, in the unit of the reward; auto: that which keeps most of the signal; none: plain
        regression.
    label_clip : (float, float), optional
        Holds the labels of stage 1 within (low, high).
    engine : str
        How stage 1 is simulated: "direct" (explicit inputs), "order_parameter" (the exact law of
        all inner products, at a cost free of d), "marginal" (the exact law of each neuron on data
        of its own), or "auto".
    schedule : str
        "one_pass", "multi_pass" (epochs over the same samples; direct engine) or "reuse" (each
        batch twice in a row).
    epochs : int
        Passes over the samples, of multi_pass.
    batch : "auto" or int
        Samples a step; auto: d / 16 within 1 and 256.
    step_scale : float
        DELTA of the step size eta = DELTA B d^{-max(1, k/2)}; B: the batch, k: the exponent at
        work.
    step_size : "auto" or float
        eta itself.
    cooldown : float
        Last share of the steps, over which eta falls linearly to 0.
    feature_samples : "auto" or int
        Samples of stage 1; auto: 100 d^{max(1, k-1)}, as far as ten minutes go.
    start : str
        Rows at the start: "random", or "spectral" (halfway to the spectral estimate of theta*).
    feature_biases : str
        Biases of stage 1: "normal" or "uniform", of variance 1 both.
    use_all_samples : bool
        Does not stop stage 1 when overlaps have settled.
    control : bool
        Runs stage 1 also without weights, on the same samples.
    refine : bool
        Behind stage 1 both layers are trained jointly, and rows redrawn from the gradient
        directions of the trained reward.
    refine_samples : "auto" or int
        Samples of refinement; auto: 100 d, or those of multi_pass once more.
    readout_samples : int
        Samples of stage 2.
    readout_bias_range : "keep" or float
        Fresh biases uniform on [-B, B]; keep: those of stage 1.
    weights : str or sequence of str
        Of stage 2's readouts: "uniform", "label", "surrogate", "oracle", or "auto", which mixes
        them by held-out error and follows the reward as far as labels bear out its tilt.
    beta : float, sequence or str
        Deployment temperatures, in the unit of the reward; "0.1:2:log9" is a range.
    penalty : str or float
        Ridge penalty: "gcv" or "kfold:K" for each fit, a number, or "shared": that of the uniform
        fit by gcv, times sqrt(n / ESS) of the weights.
    pilot_folds : int
        Folds of the pilot behind surrogate and automatic weights.
    policy_method : str
        How policies are valued: "quadrature", "importance_sampling", "sequential", or "auto".
    policy_samples : int
        Draws of importance sampling.
    tolerance : float
        A temperature is admissible where the efficiency is at least 1 - tolerance.
    seed : int
        Of all random numbers.
    threads : int
        0: all cores. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` on this thread.

    Returns
    -------
    Simulation

    Raises
    ------
    ValueError, TypeError
        With the parameter, its value, what it must be, and the remedy.
    """
    given = dict(locals())
    del given["progress"]
    given["link"] = as_link(link)
    parameters = given | {"link": given["link"]._core}
    text, model = _core.simulate(parameters, call_of(simulate, given), progress)
    return Simulation._of(text, SimulatedReward(model))
