"""The estimator keeps scikit-learn's contract."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import esscher
from esscher import TiltedRewardRegressor


def test_it_passes_the_checks_of_scikit_learn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(TiltedRewardRegressor(threads=1))
    assert len(results) > 40
    assert {result["status"] for result in results} <= {"passed", "skipped"}


def test_whole_weights_are_replicates(table):
    x, y = table
    w = np.random.default_rng(3).integers(0, 4, len(y))
    weighted = TiltedRewardRegressor(beta=0.5).fit(x, y, sample_weight=w)
    repeated = TiltedRewardRegressor(beta=0.5).fit(np.repeat(x, w, axis=0), np.repeat(y, w))
    # Weights are summed one way and multiplied in the other.
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), rtol=0, atol=1e-6)


def test_it_learns_and_says_what_the_reward_turns_on(table):
    x, y = table
    model = TiltedRewardRegressor(beta=[1, 0.5]).fit(x, y)
    assert model.score(x, y) > 0.95
    assert model.feature_importances_.shape == (5,)
    assert np.argmax(model.feature_importances_) == 0
    assert model.feature_importances_.sum() == pytest.approx(1)
    assert np.all(np.diff(model.directions_) <= 0)
    np.testing.assert_array_equal(model.betas_, [1, 0.5])
    assert model.reward_sd_ == pytest.approx(np.std(y), rel=0.01)


def test_predictions_by_temperature_and_weights(table):
    x, y = table
    model = TiltedRewardRegressor(beta=[1, 0.5], weights=["label", "auto"]).fit(x, y)
    np.testing.assert_array_equal(model.predict(x), model.predict(x, weights="uniform"))
    assert not np.array_equal(
        model.predict(x, beta=0.5, weights="label"), model.predict(x, weights="uniform")
    )
    one = TiltedRewardRegressor(beta=0.5, weights="label").fit(x, y)
    np.testing.assert_array_equal(one.predict(x), one.predict(x, beta=0.5, weights="label"))
    with pytest.raises(ValueError, match=r"^beta = 0.7: no readout was fitted for it; the model"):
        model.predict(x, beta=0.7)


def test_it_is_cloned_pickled_and_saved_bit_for_bit(table, tmp_path):
    x, y = table
    model = TiltedRewardRegressor(beta=0.5, rounds=3).fit(x, y)
    assert clone(model).get_params() == model.get_params()
    read = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(read.predict(x), model.predict(x))
    model.save(tmp_path / "r.safetensors")
    loaded = esscher.load_reward(tmp_path / "r.safetensors")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    np.testing.assert_array_equal(loaded.feature_importances_, model.feature_importances_)
    with pytest.raises(NotFittedError):
        TiltedRewardRegressor().predict(x)


def test_it_works_in_pipelines_and_grids(table):
    x, y = table
    grid = GridSearchCV(
        make_pipeline(StandardScaler(), TiltedRewardRegressor(beta=0.5, threads=1)),
        {"tiltedrewardregressor__rounds": [0, 2]},
        cv=GroupKFold(3),
    )
    grid.fit(x, y, groups=np.arange(len(y)) // 10)
    assert grid.best_score_ > 0.9


def test_groups_of_any_label_count_by_who_shares_one(table):
    x, y = table
    number = np.arange(len(y)) // 5
    level = np.random.default_rng(2).standard_normal(60)[number]
    text = np.array([f"prompt {i}" for i in number])
    by_text = TiltedRewardRegressor(beta=0.5).fit(x, y + level, groups=text)
    by_number = TiltedRewardRegressor(beta=0.5).fit(x, y + level, groups=number)
    np.testing.assert_array_equal(by_text.predict(x), by_number.predict(x))
    r = by_text.predict(x)
    within = r - np.bincount(number, r)[number] / 5
    truth = y - np.bincount(number, y)[number] / 5
    assert np.corrcoef(within, truth)[0, 1] > 0.95


def test_random_state_is_as_everywhere(table):
    x, y = table
    a = TiltedRewardRegressor(beta=0.5, random_state=np.random.RandomState(5)).fit(x, y)
    b = TiltedRewardRegressor(beta=0.5, random_state=np.random.RandomState(5)).fit(x, y)
    np.testing.assert_array_equal(a.predict(x), b.predict(x))


def test_the_linear_baseline_is_the_ridge_of_scikit_learn(table):
    # Features are held in single precision, which these fit into exactly.
    x, y = table[0].astype(np.float32), table[1]
    model = TiltedRewardRegressor(
        beta=0.5, rounds=0, feature_transform="none", ceiling=False
    ).fit(x, y)
    penalty = model._reward.facts()["linear_penalty"]
    ridge = Ridge(alpha=len(y) * penalty).fit(x.astype(np.float64), y)
    np.testing.assert_allclose(
        model.predict(x, weights="linear"), ridge.predict(x.astype(np.float64)), rtol=1e-8
    )
