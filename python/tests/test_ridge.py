"""The readout's ridge regression, held against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from esscher import _core


@pytest.mark.parametrize(("n", "m"), [(500, 30), (40, 90)])
@pytest.mark.parametrize("beta", [np.inf, 1.0])
def test_it_agrees_with_scikit_learn_at_any_penalty_of_the_path(n, m, beta):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, m))
    y = x[:, 0] + 0.3 * rng.standard_normal(n)
    log_w = y / beta
    w = np.exp(log_w)
    best = _core.ridge(x, y, log_w, None, 2)
    assert best["penalty"] == best["penalties"][np.argmin(best["scores"])]
    # From a millionth of the mean eigenvalue on: both lose six of their 16 digits at most.
    for penalty in best["penalties"][16::4]:
        ours = _core.ridge(x, y, log_w, penalty, 2)
        theirs = Ridge(alpha=penalty * w.sum(), solver="cholesky").fit(x, y, sample_weight=w)
        size = np.abs(theirs.coef_).max()
        np.testing.assert_allclose(ours["coefficients"], theirs.coef_, rtol=0, atol=1e-8 * size)
        assert ours["intercept"] == pytest.approx(theirs.intercept_, abs=1e-8 * size)
