"""The whole two-stage system, simulated in any dimension."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._calls import call_of
from ._links import Link, link as as_link
from ._results import Reported, frozen

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
        seed, threads : int
        progress : callable, optional
            Called as ``progress(stage, done, total)``.

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


def load_simulated(path: str | os.PathLike[str]) -> SimulatedReward:
    """A reward model that ``esscher simulate`` or `SimulatedReward.save` wrote.

    Parameters
    ----------
    path : path-like
        A .safetensors file.

    Returns
    -------
    SimulatedReward
    """
    return SimulatedReward(_core.RewardModel.load(os.fspath(path)))


@dataclass(frozen=True)
class Simulation(Reported):
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

    def to_frame(self) -> pandas.DataFrame:
        """One row a kind of weights and temperature; needs pandas.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        rows = []
        for policy in self._record["policies"]:
            row = {"weights": policy["weights"], "beta": policy["beta"]}
            for name, value in (policy["policy"] or {}).items():
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
                return list(summary["admissible"])
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
    feature_temperature : "auto", "none" or float
        beta1, of stage 1's weights e^{y/beta1}.
    beta : float, sequence or str
        Deployment temperatures; "0.1:2:log9" is a range.
    weights : str or sequence of str
        Of stage 2's readouts.
    seed, threads : int
        Results depend on the seed, not on threads.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` on this thread.
    activation, weighting, label_clip, engine, schedule, epochs, batch, step_scale, step_size, \
cooldown, feature_samples, start, feature_biases, use_all_samples, control, refine, \
refine_samples, readout_samples, readout_bias_range, penalty, pilot_folds, policy_method, \
policy_samples, tolerance
        As the options of ``esscher simulate --help``.

    Returns
    -------
    Simulation
    """
    given = dict(locals())
    del given["progress"]
    given["link"] = as_link(link)
    parameters = given | {"link": given["link"]._core}
    record, text, model = _core.simulate(parameters, call_of(simulate, given), progress)
    frozen(record)
    trajectory = record["features"]["trajectory"]
    return Simulation(
        record["status"],
        record["plan"]["engine"],
        record["plan"]["feature_temperature"],
        trajectory["samples"],
        trajectory["quantiles"],
        record["overlaps"],
        SimulatedReward(model),
        tuple(record["remarks"]),
        _record=record,
        _json=text,
    )
