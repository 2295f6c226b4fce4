"""score() tells R2: as scikit-learn does or, with groups, that of differences within them."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest
import sklearn
from sklearn.base import RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from esscher import TiltedRewardRegressor


@pytest.fixture(scope="module")
def prompts(table):
    """Candidates of 60 prompts, whose levels are most of the variance, and a fit within prompts."""
    x, y = table
    group = np.arange(len(y)) // 5
    level = 5 * np.random.default_rng(2).standard_normal(60)[group]
    return x, y + level, group, fitted(x, y + level, group)


def fitted(x, y, group=None):
    return TiltedRewardRegressor(beta=0.5, rounds=2, threads=1).fit(x, y, groups=group)


def test_without_groups_it_has_the_bits_of_scikit_learn(table):
    x, y = table
    model = fitted(x, y)
    w = np.random.default_rng(3).random(len(y))
    assert model.score(x, y) == RegressorMixin.score(model, x, y) > 0.9
    assert model.score(x, y, w) == RegressorMixin.score(model, x, y, w)
    assert model.score(x, y, sample_weight=w) == model.score(x, y, w)


def test_with_groups_only_differences_within_them_count(prompts):
    x, y, group, model = prompts
    r = model.predict(x)
    w = np.random.default_rng(3).random(len(y))
    lost = there = 0.0
    for g in range(60):
        rows = group == g
        of_y = y[rows] - np.average(y[rows], weights=w[rows])
        of_r = r[rows] - np.average(r[rows], weights=w[rows])
        lost += np.sum(w[rows] * (of_y - of_r) ** 2)
        there += np.sum(w[rows] * of_y**2)
    told = model.score(x, y, w, groups=group)
    assert told == pytest.approx(1 - lost / there, rel=1e-12)
    assert told > 0.9 > 0.2 > model.score(x, y, w)
    shift = 100 * np.random.default_rng(4).standard_normal(60)[group]
    assert model.score(x, y + shift, w, groups=group) == pytest.approx(told, rel=1e-9)


def test_whole_weights_are_copies_and_rows_alone_tell_nothing(prompts):
    x, y, group, model = prompts
    w = np.random.default_rng(5).integers(0, 4, len(y))
    copies = np.repeat(np.arange(len(y)), w)
    assert model.score(x, y, w, groups=group) == pytest.approx(
        model.score(x[copies], y[copies], groups=group[copies]), rel=1e-12
    )
    alone = np.where(np.arange(len(y)) < 10, 100 + np.arange(len(y)), group)
    assert model.score(x, y, groups=alone) == model.score(x[10:], y[10:], groups=group[10:])


def test_where_groups_tell_nothing_it_says_so(prompts):
    x, y, group, model = prompts
    with pytest.warns(UndefinedMetricWarning, match="where no group has two rows"):
        assert np.isnan(model.score(x, y, groups=np.arange(len(y))))
    # Rewards that are one in each group, whatever their bits, are a constant: as scikit-learn has it.
    assert model.score(x, 0.1 * group, groups=group) == 0
    with pytest.raises(ValueError, match="^groups = 299 entries: must be as many as rows, 300$"):
        model.score(x, y, groups=group[1:])
    with pytest.raises(ValueError, match="^y = 299 entries: must be as many as rows, 300$"):
        model.score(x, y[1:], groups=group)


def test_labels_and_arrays_of_any_kind_serve(prompts):
    x, y, group, model = prompts
    told = model.score(x, y, groups=group)
    assert model.score(x, y, groups=[f"prompt {g}" for g in group]) == told

    def blocks(values):
        return dask.array.from_array(values, chunks=(64, *values.shape[1:]))

    assert model.score(blocks(x), blocks(y), groups=blocks(group)) == told


def test_searches_route_groups_to_it(prompts):
    x, y, group, _ = prompts
    with sklearn.config_context(enable_metadata_routing=True):
        model = TiltedRewardRegressor(beta=0.5, rounds=2, threads=1)
        model.set_fit_request(groups=True).set_score_request(groups=True)
        folds = GroupKFold(3)
        told = cross_val_score(model, x, y, cv=folds, params={"groups": group})
        grid = GridSearchCV(model, {"rounds": [0, 2]}, cv=folds, refit=False)
        grid.fit(x, y, groups=group)
    np.testing.assert_array_equal(told, [
        fitted(x[train], y[train], group[train]).score(x[test], y[test], groups=group[test])
        for train, test in folds.split(x, y, group)
    ])
    assert told.min() > 0.9
    assert grid.cv_results_["mean_test_score"][1] == np.mean(told)
