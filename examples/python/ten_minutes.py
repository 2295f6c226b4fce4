"""The way from a table to draws of a tilted policy, and back to what theory says of it."""

# %%
import tempfile
from pathlib import Path

import numpy as np

import esscher

# %% A table: 400 rows of 8 features, whose reward turns on two of them.
rng = np.random.default_rng(0)
X = rng.standard_normal((400, 8))
truth = np.tanh(2 * X[:, 0]) + 0.5 * X[:, 1]
y = truth + rng.standard_normal(400)
new = rng.standard_normal((20000, 8))

# %% How low may the temperature go?
evaluation = esscher.evaluate(X, y, beta=[2, 1, 0.5, 0.25, 0.12], rounds=2)
found = evaluation.recommendation
print(found.verdict)
evaluation

# %%
if evaluation.recommended is None or found.beta is None or found.gain is None:
    raise SystemExit("no tilt is supported")
print(f"{evaluation.recommended} at beta = {found.beta:.3g} gains {found.gain.value:.3f}")

# %% One reward at all its temperatures: what it claims, and what is true of rows not seen.
for policy in evaluation[evaluation.recommended].policies:
    gold, proxy = policy.gold.value, policy.proxy.value
    print(f"beta {policy.beta:4.2f}: true {gold:.3f}, claimed {proxy:.3f}, "
          f"KL {policy.kl.value:.2f}, {policy.ess:.0f} effective rows")

# %% The reward for that temperature.
reward = esscher.TiltedRewardRegressor(beta=found.beta, rounds=2).fit(X, y)
print("columns that carry it:", reward.feature_importances_.round(2))
r = reward.predict(new, weights=evaluation.recommended, beta=found.beta)

# %% Candidates drawn from the policy that it tilts, beside best-of-n.
weights = esscher.tilt(r, found.beta)
picks = esscher.resample(r, found.beta, size=200)
best = esscher.best_of_n(r, n=4, size=200)
level = np.tanh(2 * new[:, 0]) + 0.5 * new[:, 1]
print(f"true reward: all {level.mean():.3f}, tilted {level @ weights:.3f}, "
      f"200 draws {level[picks].mean():.3f}, best of 4 {level[best].mean():.3f}")

# %% The file is that of the command: esscher predict reward.safetensors new.csv
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "reward.safetensors"
    reward.save(path)
    loaded = esscher.load_reward(path)
same = loaded.predict(new, weights=evaluation.recommended, beta=found.beta)
assert np.array_equal(same, r)

# %% What theory says of rewards along one direction.
law = esscher.theory("damped_hermite:3", beta=[1, 0.5])
print(f"information exponent {law.information_exponent}, generative {law.generative_exponent}")
print(f"best feature temperature {law.best_beta1:.3f}")
law
