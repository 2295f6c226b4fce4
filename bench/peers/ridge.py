"""The readout's weighted ridge beside scikit-learn: one penalty, and the choice of one."""

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV

from esscher import _core
from measure import compare, require


def main():
    rng = np.random.default_rng(0)
    for n, m in ((2_000, 64), (10_000, 256), (20_000, 512)):
        x = rng.standard_normal((n, m))
        y = np.tanh(x @ rng.standard_normal(m) / np.sqrt(m)) + 0.3 * rng.standard_normal(n)
        log_w = y / y.std()
        w = np.exp(log_w)
        size = f"{n:,} x {m}"
        chosen = _core.ridge(x, y, log_w, None, 1)
        alphas = chosen["penalties"] * w.sum()
        penalty = chosen["penalties"][-13]  # a tenth of the mean eigenvalue

        def one():
            return Ridge(alpha=penalty * w.sum(), solver="cholesky").fit(x, y, sample_weight=w)

        ours, theirs = _core.ridge(x, y, log_w, penalty, 1)["coefficients"], one().coef_
        worst = np.abs(ours - theirs).max() / np.abs(theirs).max()
        require(worst < 1e-8, f"ridge {size}: coefficients {worst:g} apart")
        compare("ridge, one penalty", size, f"coefficients to {worst:.0e}",
                lambda: _core.ridge(x, y, log_w, penalty, 1), {"Ridge": one})

        def path():
            return RidgeCV(alphas).fit(x, y, sample_weight=w)

        # Ours chooses by generalised cross-validation, RidgeCV by leaving one out: not one number.
        found = path()
        ours, theirs = x @ chosen["coefficients"], x @ found.coef_
        apart = np.std(ours - theirs) / np.std(theirs)
        require(apart < 0.05, f"ridge path {size}: predictions {apart:g} of their deviation apart")
        compare("ridge, best of 49 penalties", size, f"predictions to {100 * apart:.2g} % of their sd",
                lambda: _core.ridge(x, y, log_w, None, 1),
                {"RidgeCV": path}, turns=3)
