"""The learned reward as a scikit-learn regressor."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from . import _core
from ._arrays import features, labelled, matrix, numbers, plain, unmasked
from ._arrow_interface import as_column, of_arrow
from ._blocks import is_blocks, stored, vectors_in_memory
from ._calls import call_of_fit, described
from ._reference import column_names, refuse_twins
from ._refusals import explain, refuse_preferences_without, refuse_times
from ._saved import existing, of_bytes, to_bytes
from ._seeds import seed_of
from ._within_groups import r2_within_groups

_SAVED = "_reward"
_FEW_NUMBERS = 10_000
_PLAIN = {np.dtype(np.float64), np.dtype(np.float32)}


class TiltedRewardRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A reward learned from a table for the policies that it will tilt.

    Features first: kernels of infinitely wide two-layer networks in the metric in which the reward
    varies evenly, found by rounds of average gradient outer products (AGOP); then ridge readouts,
    by plain regression and with weights that look where the policy ``pi_0(x) exp(r(x) / beta)``
    goes. All that is open is chosen by the least error on rows left out.

    Parameters
    ----------
    beta : "auto", float or sequence of float
        Deployment temperatures; auto: 4, and from 2 down to 1/16 in steps of sqrt 2, standard
        deviations of the reward.
    beta_unit : {"reward", "sd"}
        Of `beta`, `weight_temperature` and `feature_temperature`: the unit of the reward, or its
        standard deviation (within groups).
    weights : {"auto", "uniform", "label", "surrogate"} or several
        Weights of the readout. auto: a mean of the others by held-out error where the policy goes,
        scaled to what labels bear out.
    weight_temperature : "beta" or float
        Of label and surrogate weights; beta: the deployment temperature itself.
    feature_transform : {"standardise", "whiten", "none"}
        Of the features.
    reward_transform : str
        Regress "log1p", "rank" or "clip:LO,HI" (quantiles) of the rewards, for heavy tails;
        predictions keep the unit of the reward.
    rounds : int
        Rounds of gradient products at most; folds choose.
    feature_temperature : "auto", "none" or float
        Gradient products are weighted with exp(r / beta1): auto is one standard deviation of the
        reward, none stands for equal weights.
    landmarks : "auto" or int
        Rows on which the features rest, at most; auto: 2048, from preferences 512.
    loss : {"squared", "preferences"}
        preferences: Bradley-Terry on pairs within groups, which it needs.
    penalty : "folds" or float
        Of the ridge: that of the least error on rows left out, or a number for all fits.
    folds : "auto" or int
        By which all is chosen; auto: 5, 3 beyond 2048 rows, 2 beyond 8192.
    ceiling : bool
        Cut predictions off at the largest and the least reward seen; a tilt seeks extrapolation.
    random_state : int, RandomState or None
        Seed of all random numbers.
    threads : int
        0: all cores. Results do not depend on it.
    progress : callable or None
        Called as ``progress(stage, done, total)`` while fitting.

    Attributes
    ----------
    n_features_in_ : int
        Columns of X, d.
    feature_names_in_ : ndarray of str
        Where X had column names.
    feature_importances_ : ndarray of shape (d,)
        Share of the mean squared gradient along each column, from the AGOP; of sum 1.
    directions_ : ndarray
        Shares of the AGOP's leading directions, descending.
    betas_ : ndarray
        Temperatures that readouts were fitted for, in the unit of the reward.
    reward_sd_ : float
        Standard deviation of the rewards (within groups).
    deployments_ : tuple of dict
        Each readout: weights, beta, scale, ess and the reason for its weights.
    remarks_ : tuple of str
        What the fit has to say, in plain sentences.

    Examples
    --------
    >>> import numpy as np
    >>> from esscher import TiltedRewardRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((300, 4))
    >>> y = np.tanh(2 * X[:, 0])
    >>> model = TiltedRewardRegressor(beta=0.5).fit(X, y)
    >>> int(np.argmax(model.feature_importances_))
    0
    """

    def __init__(
        self,
        *,
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
        random_state: int | np.random.RandomState | None = 1,
        threads: int = 0,
        progress: Callable[[str, int, int], object] | None = None,
    ) -> None:
        self.beta = beta
        self.beta_unit = beta_unit
        self.weights = weights
        self.weight_temperature = weight_temperature
        self.feature_transform = feature_transform
        self.reward_transform = reward_transform
        self.rounds = rounds
        self.feature_temperature = feature_temperature
        self.landmarks = landmarks
        self.loss = loss
        self.penalty = penalty
        self.folds = folds
        self.ceiling = ceiling
        self.random_state = random_state
        self.threads = threads
        self.progress = progress

    @vectors_in_memory
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> TiltedRewardRegressor:
        """Learns the reward.

        Parameters
        ----------
        X : array or data frame of shape (n, d)
            Features. NumPy arrays of float32 and float64, of any strides, are read where they lie.
            Those of Dask are computed block by block into a temporary file.
        y : array of shape (n,)
            Rewards.
        groups : array of shape (n,), optional
            Labels of any kind: candidates of one prompt share one. Readouts then regress rewards
            and features about their group's mean, and predictions compare within a group only.
        sample_weight : array of shape (n,), optional
            Prior importance of the rows; rows of weight 0 are left out.

        Returns
        -------
        self
        """
        refuse_preferences_without(groups, self.loss)
        x, target = self._seen(X, y)
        table = labelled(len(x), target, groups, sample_weight)
        named = hasattr(self, "feature_names_in_")
        names = [str(name) for name in self.feature_names_in_] if named else []
        parameters = self.get_params(deep=False)
        parameters.pop("progress")
        parameters["random_state"] = seed_of(parameters["random_state"])
        data = {"X": x, "y": y, "groups": groups, "sample_weight": sample_weight}
        call = call_of_fit(TiltedRewardRegressor, parameters, data)
        parameters["seed"] = parameters.pop("random_state")
        reward = _core.train(
            x,
            table.y,
            table.groups,
            table.log_weights,
            None,
            table.kept,
            names or [f"x{j}" for j in range(x.shape[1])],
            named,
            parameters,
            call,
            self.progress,
        )
        return self._adopt(reward)

    def predict(
        self, X: Any, *, beta: float | None = None, weights: str | None = None
    ) -> NDArray[np.float64]:
        """Rewards of new rows.

        Parameters
        ----------
        X : array or data frame of shape (n, d)
        beta : float, optional
            The deployment temperature whose readout predicts, in the unit of the reward, to 0.1 %.
            By default the one that was fitted for or, where there are several, plain regression,
            which is for no temperature.
        weights : str, optional
            "auto", "uniform", "label", "surrogate", or "linear", the baseline; by default the
            first kind that was fitted.

        Returns
        -------
        ndarray of shape (n,)
            In the unit of the reward; after a fit with groups, good for differences within one.

        Notes
        -----
        Few rows are predicted on the calling thread alone: with m landmarks and d columns up to
        some (160,000 - m d^2 / 128) / (m (1 + d / 32)), which takes at most milliseconds; none
        where that is below 1. More have a thread of their own, and `threads` behind it. The bits
        are the same.
        """
        if _SAVED not in self.__dict__:  # scikit-learn's look takes longer
            check_is_fitted(self, _SAVED)
        if self._takes_as_it_is(X):
            x = X
        elif is_blocks(X):
            x = self._from_blocks(X, reset=False)
        else:
            x = features(self._validated(of_arrow(X, "X"), reset=False))
        if weights is None:
            fitted = [d["weights"] for d in self.deployments_]
            weights = fitted[0]
            if beta is None and fitted.count(weights) > 1:
                weights = "uniform"
        r, _ = self._reward.predict(
            x, {"weights": weights, "beta": beta, "threads": self.threads}
        )
        return r

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the reward as the command does: ``esscher predict PATH new.csv`` takes it.

        Parameters
        ----------
        path : path-like
            A .safetensors file; it appears when it is whole.
        """
        check_is_fitted(self, _SAVED)
        self._reward.save(os.fspath(path))

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes a page to look at, the command's: one HTML file with charts, numbers and options.

        It opens from disk, without a network.

        Parameters
        ----------
        path : path-like
            It appears when it is whole.

        Raises
        ------
        OSError
            Where it cannot be written.
        """
        check_is_fitted(self, _SAVED)
        record = self._reward.record
        if record is None:
            raise ValueError("this reward holds no record of its fit; fit it again")
        words = described(TiltedRewardRegressor.fit) | described(TiltedRewardRegressor)
        # Rewards of the command have its names.
        words |= {name.replace("_", "-"): text for name, text in words.items()}
        _core.write_page(os.fspath(path), record, words)

    @vectors_in_memory
    def score(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> float:
        """R2 of the predictions: 1 at best, 0 for a constant.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        groups : array of shape (n,), optional
            R2 is that of differences within groups then: of predictions and rewards about their
            group's weighted mean. Groups of one row tell nothing.

        Returns
        -------
        float
            NaN, with a warning, where no group has two rows.

        Notes
        -----
        After a fit with groups levels between groups mean nothing, nor does R2 without `groups`: a
        search by it picks by noise. With ``set_fit_request(groups=True).set_score_request(groups=True)``
        and scikit-learn's ``enable_metadata_routing`` it gets them. Of rewards learned from
        preferences, which are log-odds, R2 says little.
        """
        if groups is None:
            return float(super().score(X, y, sample_weight))
        return r2_within_groups(y, self.predict(X), groups, sample_weight)

    def _seen(self, X: Any, y: ArrayLike) -> tuple[_core.Features, NDArray[np.float64]]:
        """A table and its rewards; learns how many columns there are, and their names."""
        if is_blocks(X):
            return self._from_blocks(X, reset=True), numbers(y, "y")
        x, target = self._validated(X, as_column(y), y_numeric=True, ensure_min_samples=2)
        return features(x), np.asarray(target, dtype=np.float64)

    def _takes_as_it_is(self, X: Any) -> bool:
        """Of few numbers, which scikit-learn would take ten times as long to look at as to predict
        from: whether `_validated` would give them back as they are."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _PLAIN
            and 0 < X.size <= _FEW_NUMBERS
            and X.shape[1] == self.n_features_in_
            and not hasattr(self, "feature_names_in_")
            and bool(np.isfinite(X).all())
        )

    def _validated(self, X: Any, *y: Any, **checks: Any) -> Any:
        """As scikit-learn validates it; what it refuses is told in one line, by name."""
        data = [plain(unmasked(X, "X"), "X"), *(plain(unmasked(part, "y"), "y") for part in y)]
        refuse_twins([str(name) for name in column_names(X) or ()])
        for values, name in zip(data, ("X", "y"), strict=False):
            refuse_times(values, name)
        try:
            return validate_data(self, *data, dtype=[np.float64, np.float32], **checks)
        except (TypeError, ValueError) as reason:
            for values, name in zip(data, ("X", "y"), strict=False):
                explain(values, name, reason)
            raise

    def _from_blocks(self, X: Any, *, reset: bool) -> _core.Features:
        table = stored(X, "X", matrix)
        validate_data(self, table.head, reset=reset, skip_check_array=True)
        return table.rows

    def _adopt(self, reward: _core.Reward) -> TiltedRewardRegressor:
        facts = reward.facts()
        self._reward = reward
        self.feature_importances_ = facts["feature_importances"]
        self.directions_ = facts["directions"]
        self.reward_sd_ = facts["reward_sd"]
        self.deployments_ = tuple(facts["deployments"])
        self.betas_ = np.array(sorted({d["beta"] for d in self.deployments_}, reverse=True))
        self.remarks_ = tuple(facts["remarks"])
        return self

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if _SAVED in state:
            state[_SAVED] = to_bytes(state[_SAVED])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if _SAVED in state:
            state[_SAVED] = of_bytes(state[_SAVED], _core.Reward.load)
        super().__setstate__(state)


def load_reward(path: str | os.PathLike[str]) -> TiltedRewardRegressor:
    """A reward that ``esscher fit`` or `TiltedRewardRegressor.save` wrote, ready to predict.

    Parameters
    ----------
    path : path-like
        A .safetensors file.

    Returns
    -------
    TiltedRewardRegressor
        Its parameters are the defaults; how the reward was fitted stands in the file.

    Raises
    ------
    OSError
        Where the file cannot be read; `FileNotFoundError` where there is none.
    """
    reward = _core.Reward.load(existing(path))
    model = TiltedRewardRegressor()
    model.n_features_in_ = len(reward.names)
    if reward.array_columns == 0:
        model.feature_names_in_ = np.array(reward.names, dtype=object)
    return model._adopt(reward)
