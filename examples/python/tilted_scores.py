"""Scores of any model, tilted: here LightGBM's, cross-fitted."""

import numpy as np
from lightgbm import LGBMRegressor
from sklearn.model_selection import KFold, cross_val_predict

import esscher

rng = np.random.default_rng(0)
X = rng.standard_normal((500, 6))
y = np.maximum(X[:, 0], 0) - 0.5 * X[:, 1] ** 2 + 0.3 * rng.standard_normal(500)

# Only predictions of rows that a model has not seen tell what its tilt is worth.
model = LGBMRegressor(n_estimators=100, learning_rate=0.05, num_leaves=15, verbose=-1, n_jobs=1)
r = cross_val_predict(model, X, y, cv=KFold(5, shuffle=True, random_state=0))
for beta in (2.0, 1.0, 0.5, 0.25):
    value = esscher.policy_value(r, y, beta)
    print(
        f"beta {beta:4.2f}: true value {value.gold.value:.3f} +- {value.gold.standard_error:.3f}, "
        f"claimed {value.proxy.value:.3f}, KL {value.kl.value:.2f}, {value.ess:.0f} effective rows, "
        f"gain {value.gain.value:.3f}"
    )
best = esscher.best_of_n_value(r, y, n=4)
print(f"best of 4: true value {best.gold.value:.3f} +- {best.gold.standard_error:.3f}")

# Beside them a reward of esscher's own, on the same rows and held out likewise.
own = esscher.evaluate(X, y, beta=[2, 1, 0.5, 0.25], rounds=2)
for policy in own["auto"].policies:
    print(f"beta {policy.beta:4.2f}: gain {policy.gain.value:.3f} by a reward of esscher's")

smoothed = esscher.pareto_smooth(r / 0.5)
print(f"heaviest weight at beta 0.50 {esscher.tilt(r, beta=0.5).max():.4f}; Pareto k "
      f"{smoothed.k:.2f}")
