"""Scores of any models, audited: here LightGBM's and a ridge's, cross-fitted."""

# %%
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

import esscher

try:
    from lightgbm import LGBMRegressor
except ImportError:
    raise SystemExit("the trees of this example are LightGBM's: pip install lightgbm") from None

rng = np.random.default_rng(0)
X = rng.standard_normal((800, 6))
y = np.maximum(X[:, 0], 0) - 0.5 * X[:, 1] ** 2 + 0.3 * rng.standard_normal(800)
known, pool = X[:500], X[500:]  # the pool has no rewards yet

# %% Only predictions of rows that a model has not seen tell what its tilt is worth.
trees = LGBMRegressor(n_estimators=100, learning_rate=0.05, num_leaves=15, verbose=-1, n_jobs=1)
models = {"trees": trees, "line": Ridge()}
folds = KFold(5, shuffle=True, random_state=0)
scores = {name: cross_val_predict(model, known, y[:500], cv=folds) for name, model in models.items()}
audit = esscher.audit(scores, y[:500])
print(audit.recommendation.verdict)
print(audit.best_of_n_recommendation.verdict)
audit

# %%
for proxy in audit.proxies:
    gain = proxy.recommendation.gain
    print(f"{proxy.name}: correlation {proxy.correlation:.3f}, gain "
          f"{'none that is sure' if gain is None else round(gain.value, 3)}")
for policy in audit["trees"].policies[::3]:
    print(f"beta {policy.beta:4.2f}: true {policy.gold.value:6.3f}, claimed {policy.proxy.value:6.3f}, "
          f"KL {policy.kl.value:.2f}, gain {policy.gain.value:6.3f}, {policy.ess:.0f} effective rows")

# %% Deploy: scores of the pool by the model fitted on all that is known.
beta = audit["trees"].recommendation.beta
if beta is None:
    raise SystemExit("no tilt by the trees is supported")
r = trees.fit(known, y[:500]).predict(pool)
picks = esscher.resample(r, beta, size=200)
print(f"true reward of the pool {y[500:].mean():.3f}, of 200 draws {y[500:][picks].mean():.3f}")

# %% Beside them a reward of esscher's own, on the same rows and held out likewise.
own = esscher.evaluate(known, y[:500], beta=[2, 1, 0.5, 0.25], rounds=2)
for policy in own["auto"].policies:
    print(f"beta {policy.beta:4.2f}: gain {policy.gain.value:.3f} by a reward of esscher's")
