"""Scores of any model, tilted: here scikit-learn's gradient boosting, cross-fitted."""

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import cross_val_predict

import esscher

rng = np.random.default_rng(0)
X = rng.standard_normal((500, 6))
y = np.maximum(X[:, 0], 0) - 0.5 * X[:, 1] ** 2 + 0.3 * rng.standard_normal(500)

# Only predictions of rows that a model has not seen tell what its tilt is worth.
r = cross_val_predict(GradientBoostingRegressor(random_state=0), X, y)
for beta in (2.0, 1.0, 0.5, 0.25):
    value = esscher.policy_value(r, y, beta)
    print(
        f"beta {beta:5.2f}: true value {value.gold.value:6.3f} +- {value.gold.standard_error:.3f}, "
        f"claimed {value.proxy.value:6.3f}, KL {value.kl.value:.2f}, {value.ess:.0f} effective rows"
    )
weights = esscher.tilt(r, beta=0.5)
smoothed = esscher.pareto_smooth(r / 0.5)
print(f"heaviest weight {weights.max():.4f}; Pareto k {smoothed.k:.2f}")
